import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { authority, type Issued, purposes } from "../../conformance/test/ocsp/openssl.ts";
import { jsonLines, run, type Server, serve } from "./handclasp.ts";

const openssl = authority();
afterAll(() => openssl.remove());
if (!openssl.version) openssl.remove(); // afterAll does not run if all tests are skipped

function issueCertificates() {
  const ca = openssl.issue("p256", purposes.signing);
  const good = openssl.issue("p256", purposes.serving, ca);
  const revoked = openssl.issue("rsa", purposes.serving, ca);
  openssl.record(good, "valid");
  openssl.record(revoked, "revoked");
  const makeResponse = (of: Issued): string => openssl.file(`${of.file}.ocsp`, openssl.respond({ of, by: ca }));
  const certificate = ({ file }: Issued): string[] => {
    const key = openssl.file(`${file}.key`);
    return ["--cert", openssl.file(`${file}.pem`), "--key", key];
  };
  const trust = ["--ca", openssl.file(`${ca.file}.pem`), "--servername", "localhost"];
  return {
    good,
    revoked,
    goodResponse: makeResponse(good),
    revokedResponse: makeResponse(revoked),
    certificate,
    trust,
  };
}

describe.skipIf(!openssl.version)(`--ocsp, with ${openssl.version ?? "openssl, which is not installed"}`, () => {
  const files = openssl.version ? issueCertificates() : undefined!;
  let server: Server;
  beforeAll(async () => {
    const identities = [...files.certificate(files.good), ...files.certificate(files.revoked)];
    // The order of the --ocsp options differs from that of the --cert options: each response is for the certificate
    // that it names.
    server = await serve(...identities, "--ocsp", files.revokedResponse, "--ocsp", files.goodResponse);
  });
  afterAll(() => server.stop());
  const connect = async (...args: string[]) => {
    const { code, stderr } = await run(["connect", server.tcp, ...files.trust, "--json", ...args]);
    return { code, events: jsonLines(stderr) };
  };

  test("the client reports the status as good, or with --ocsp request as unchecked", async () => {
    for (const [how, ocsp] of Object.entries({ request: "unchecked", check: "good", require: "good" })) {
      const { code, events } = await connect("--ocsp", how);
      expect(code).toBe(0);
      expect(events[0]).toMatchObject({ event: "established", ocsp });
    }
    const { stderr } = await run(["connect", server.tcp, ...files.trust, "--ocsp", "check"]);
    expect(stderr).toMatch(/^established .* OCSP good$/m);
  });

  test("without --ocsp the client reports no status", async () => {
    expect((await connect()).events[0]).not.toHaveProperty("ocsp");
  });

  test("the client refuses a revoked certificate", async () => {
    const { code, events } = await connect("--ocsp", "check", "--suites", "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256");
    expect(code).toBe(1);
    expect(events[0]).toMatchObject({ event: "error", code: "revoked", alert: "certificate_revoked", by: "us" });
  });

  test("serve refuses a response for another certificate", async () => {
    const { code, stderr } = await run(["serve", ...files.certificate(files.good), "--ocsp", files.revokedResponse]);
    expect([code, stderr]).toEqual([
      1,
      `error: --ocsp ${files.revokedResponse}: the response names none of the certificates\n`,
    ]);
  });
});
