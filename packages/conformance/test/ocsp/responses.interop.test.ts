import { parseCertificate, TlsError } from "@handclasp/core";
import { verifyOcsp } from "@handclasp/core/ocsp";
import { noble, nodeCrypto } from "@handclasp/node";
import { afterAll, describe, expect, test } from "vitest";
import { authority, purposes, type ResponseRequest } from "./openssl.ts";

const openssl = authority();
const { version: found, issue, record, respond } = openssl;
const { signing, serving, responding } = purposes;
afterAll(() => openssl.remove());
if (!found) openssl.remove(); // if all tests are skipped, afterAll does not run

describe.skipIf(!found).each([noble, nodeCrypto])(
  `OCSP responses of ${found ?? "openssl, which is not installed"}, verified with $name`,
  (provider) => {
    async function verdict(response: Uint8Array, { of, by }: ResponseRequest, now = Date.now()): Promise<string> {
      try {
        const about = { certificate: parseCertificate(of.der), issuer: parseCertificate(by.der) };
        await verifyOcsp({ response, ...about, now, provider });
        return "good";
      } catch (error) {
        if (!TlsError.is(error)) throw error;
        return error.code;
      }
    }
    const judge = (asked: ResponseRequest, now?: number): Promise<string> => verdict(respond(asked), asked, now);

    test.each(["p256", "p384", "rsa", "ed25519"] as const)(
      "with a CA key of %s, the verdict is the status of the certificate: good, revoked or unknown",
      async (kind) => {
        const by = issue(kind, signing);
        const [good, revoked, unknown] = [
          issue("p256", serving, by),
          issue("p256", serving, by),
          issue("p256", serving, by),
        ];
        record(good, "valid");
        record(revoked, "revoked");
        for (const hash of ["sha1", "sha256"] as const)
          for (const options of [[], ["-resp_key_id"], ["-resp_no_certs"]]) {
            const more = { hash, options: ["-ndays", "7", ...options] };
            expect(await judge({ of: good, by, ...more })).toBe("good");
            expect(await judge({ of: revoked, by, ...more })).toBe("revoked");
            expect(await judge({ of: unknown, by, ...more })).toBe("ocsp_unknown");
          }
        expect(await verdict(respond({ of: good, by }), { of: revoked, by })).toBe("ocsp_unknown");
        const forged = respond({ of: good, by, options: ["-ndays", "7", "-resp_no_certs"] });
        forged[forged.length - 1]! ^= 1;
        expect(await verdict(forged, { of: good, by })).toBe("ocsp_signature");
      },
    );

    test("a delegated responder must be certified by this CA and for this purpose", async () => {
      const by = issue("p256", signing);
      const of = issue("p256", serving, by);
      record(of, "valid");
      for (const kind of ["p256", "rsa"] as const) {
        const signer = issue(kind, responding, by);
        for (const options of [[], ["-resp_key_id"]])
          expect(await judge({ of, by, signer, options: ["-ndays", "7", ...options] })).toBe("good");
        expect(await judge({ of, by, signer, options: ["-ndays", "7", "-resp_no_certs"] })).toBe("ocsp_signature");
      }
      expect(await judge({ of, by, signer: issue("p256", serving, by) })).toBe("ocsp_signature");
      expect(await judge({ of, by, signer: issue("p256", responding, issue("p256", signing)) })).toBe("ocsp_signature");
      expect(await judge({ of, by, signer: issue("p256", responding) })).toBe("ocsp_signature");
      // The response contains the responder's certificate and one more.
      const also = issue("p256", signing);
      const signer = issue("p256", responding, by);
      const chain = ["-ndays", "7", "-rother", `${also.file}.pem`];
      expect(await judge({ of, by, signer, options: chain })).toBe("good");
    });

    test("a response is valid until its nextUpdate, or for a week without one", async () => {
      const by = issue("p256", signing);
      const of = issue("p256", serving, by);
      record(of, "valid");
      const day = 86_400_000;
      const week = { of, by, options: ["-ndays", "7"] };
      expect(await judge(week, Date.now() + 6 * day)).toBe("good");
      expect(await judge(week, Date.now() + 8 * day)).toBe("ocsp_expired");
      expect(await judge(week, Date.now() - day)).toBe("ocsp_expired");
      const open = { of, by, options: [] };
      expect(await judge(open, Date.now() + 6 * day)).toBe("good");
      expect(await judge(open, Date.now() + 8 * day)).toBe("ocsp_expired");
    });

    test("a SHA-1 signature is refused", async () => {
      const by = issue("rsa", signing);
      const of = issue("p256", serving, by);
      record(of, "valid");
      expect(await judge({ of, by, options: ["-ndays", "7", "-rmd", "sha1"] })).toBe("ocsp_signature");
      expect(await judge({ of, by, options: ["-ndays", "7", "-rmd", "sha384"] })).toBe("good");
    });

    test("an error response of the responder is refused with ocsp_malformed", async () => {
      const by = issue("p256", signing);
      const of = issue("p256", serving, by);
      const unauthorized = Uint8Array.of(0x30, 3, 0x0a, 1, 6);
      expect(await verdict(unauthorized, { of, by })).toBe("ocsp_malformed");
    });
  },
);
