import { execFileSync } from "node:child_process";
import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseCertificate, parsePemCertificates, TlsError } from "@handclasp/core";
import { verifyOcsp } from "@handclasp/core/ocsp";
import { noble, nodeCrypto } from "@handclasp/node";
import { afterAll, describe, expect, test } from "vitest";

const command = process.env.HANDCLASP_OPENSSL || "openssl";
const folder = mkdtempSync(join(tmpdir(), "handclasp-ocsp-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
// The machine's own configuration may add extensions of its own.
writeFileSync(join(folder, "config"), "[req]\ndistinguished_name = dn\n[dn]\n");
writeFileSync(join(folder, "index.txt"), "");

function openssl(...args: readonly string[]): string {
  return execFileSync(command, args, { cwd: folder, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
}
function version(): string | undefined {
  try {
    return openssl("version").trim();
  } catch {
    return undefined;
  }
}
const found = version();
if (!found) rmSync(folder, { recursive: true }); // where everything is skipped, so is afterAll

interface Issued {
  /** Of its files, without `.pem` and `.key`. */
  readonly file: string;
  readonly der: Uint8Array;
}

const keys = {
  p256: ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"],
  p384: ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-384"],
  rsa: ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"],
  ed25519: ["-algorithm", "ED25519"],
} satisfies Record<string, readonly string[]>;

let serial = 0x1000;
/** Issues a certificate; by itself where there is no issuer. */
function issue(kind: keyof typeof keys, extensions: readonly string[], issuer?: Issued): Issued {
  const file = `${kind}-${++serial}`;
  openssl("genpkey", ...keys[kind], "-out", `${file}.key`);
  const by = issuer ? ["-CA", `${issuer.file}.pem`, "-CAkey", `${issuer.file}.key`] : [];
  const number = ["-set_serial", `0x${serial.toString(16)}`];
  const about = ["-config", "config", "-subj", `/CN=${file}`, "-key", `${file}.key`, "-days", "30", ...number];
  openssl("req", "-x509", ...about, ...by, ...extensions.flatMap((one) => ["-addext", one]), "-out", `${file}.pem`);
  const [der] = parsePemCertificates(readFileSync(join(folder, `${file}.pem`), "utf8"));
  return { file, der: der! };
}
const signing = ["basicConstraints=critical,CA:TRUE", "keyUsage=critical,keyCertSign"];
const serving = ["subjectAltName=DNS:www.example.com"];
const responding = ["extendedKeyUsage=OCSPSigning", "noCheck=ignored", "keyUsage=digitalSignature"];

/** A line of the CA's own database, as `openssl ca` writes it: what became of a certificate. */
function record(one: Issued, status: "V" | "R"): void {
  const { serialNumber } = parseCertificate(one.der);
  const revoked = status === "R" ? "250601120000Z,keyCompromise" : "";
  appendFileSync(
    join(folder, "index.txt"),
    `${status}\t491231235959Z\t${revoked}\t${serialNumber.toUpperCase()}\tunknown\t/CN=${one.file}\n`,
  );
}

interface Asked {
  readonly of: Issued;
  readonly by: Issued;
  /** Default: the issuer. */
  readonly signer?: Issued;
  readonly options?: readonly string[];
  /** Of CertID. */
  readonly hash?: "sha1" | "sha256";
}

let count = 0;
/** A response that `openssl ocsp` makes, offline. */
function respond({ of, by, signer = by, options = ["-ndays", "7"], hash = "sha1" }: Asked): Uint8Array {
  const request = `request-${++count}.der`;
  const response = `response-${count}.der`;
  openssl("ocsp", "-issuer", `${by.file}.pem`, `-${hash}`, "-cert", `${of.file}.pem`, "-no_nonce", "-reqout", request);
  const asCa = ["-index", "index.txt", "-CA", `${by.file}.pem`, "-rsigner", `${signer.file}.pem`];
  openssl("ocsp", ...asCa, "-rkey", `${signer.file}.key`, "-reqin", request, "-respout", response, ...options);
  return new Uint8Array(readFileSync(join(folder, response)));
}

describe.skipIf(!found).each([noble, nodeCrypto])(
  `responses of ${found ?? "openssl, which is not here"}, through $name`,
  (provider) => {
    async function verdict(response: Uint8Array, { of, by }: Asked, now = Date.now()): Promise<string> {
      try {
        const about = { certificate: parseCertificate(of.der), issuer: parseCertificate(by.der) };
        await verifyOcsp({ response, ...about, now, provider });
        return "good";
      } catch (error) {
        if (!TlsError.is(error)) throw error;
        return error.code;
      }
    }
    const judge = (asked: Asked, now?: number): Promise<string> => verdict(respond(asked), asked, now);

    test.each(["p256", "p384", "rsa", "ed25519"] as const)(
      "a CA with a key of %s: good, revoked, unknown",
      async (kind) => {
        const by = issue(kind, signing);
        const [good, revoked, unknown] = [
          issue("p256", serving, by),
          issue("p256", serving, by),
          issue("p256", serving, by),
        ];
        record(good, "V");
        record(revoked, "R");
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

    test("a delegated responder: of this CA, and for this purpose", async () => {
      const by = issue("p256", signing);
      const of = issue("p256", serving, by);
      record(of, "V");
      for (const kind of ["p256", "rsa"] as const) {
        const signer = issue(kind, responding, by);
        for (const options of [[], ["-resp_key_id"]])
          expect(await judge({ of, by, signer, options: ["-ndays", "7", ...options] })).toBe("good");
        expect(await judge({ of, by, signer, options: ["-ndays", "7", "-resp_no_certs"] })).toBe("ocsp_signature");
      }
      expect(await judge({ of, by, signer: issue("p256", serving, by) })).toBe("ocsp_signature");
      expect(await judge({ of, by, signer: issue("p256", responding, issue("p256", signing)) })).toBe("ocsp_signature");
      expect(await judge({ of, by, signer: issue("p256", responding) })).toBe("ocsp_signature");
      // The CA's certificate and one more come with it.
      const also = issue("p256", signing);
      const signer = issue("p256", responding, by);
      const chain = ["-ndays", "7", "-rother", `${also.file}.pem`];
      expect(await judge({ of, by, signer, options: chain })).toBe("good");
    });

    test("time: nextUpdate, and none", async () => {
      const by = issue("p256", signing);
      const of = issue("p256", serving, by);
      record(of, "V");
      const day = 86_400_000;
      const week = { of, by, options: ["-ndays", "7"] };
      expect(await judge(week, Date.now() + 6 * day)).toBe("good");
      expect(await judge(week, Date.now() + 8 * day)).toBe("ocsp_expired");
      expect(await judge(week, Date.now() - day)).toBe("ocsp_expired");
      const open = { of, by, options: [] };
      expect(await judge(open, Date.now() + 6 * day)).toBe("good");
      expect(await judge(open, Date.now() + 8 * day)).toBe("ocsp_expired");
    });

    test("SHA-1 is refused as a signature", async () => {
      const by = issue("rsa", signing);
      const of = issue("p256", serving, by);
      record(of, "V");
      expect(await judge({ of, by, options: ["-ndays", "7", "-rmd", "sha1"] })).toBe("ocsp_signature");
      expect(await judge({ of, by, options: ["-ndays", "7", "-rmd", "sha384"] })).toBe("good");
    });

    test("an error of the responder is not a status", async () => {
      const by = issue("p256", signing);
      const of = issue("p256", serving, by);
      const unauthorized = Uint8Array.of(0x30, 3, 0x0a, 1, 6);
      expect(await verdict(unauthorized, { of, by })).toBe("ocsp_malformed");
    });
  },
);
