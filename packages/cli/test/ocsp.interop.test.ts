import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { authority, type Issued, purposes } from "../../conformance/test/ocsp/openssl.ts";
import { jsonLines, run, type Server, serve } from "./handclasp.ts";

const openssl = authority();
afterAll(() => openssl.remove());
if (!openssl.version) openssl.remove(); // where everything is skipped, so is afterAll

function cast() {
  const ca = openssl.issue("p256", purposes.signing);
  const good = openssl.issue("p256", purposes.serving, ca);
  const revoked = openssl.issue("rsa", purposes.serving, ca);
  openssl.record(good, "valid");
  openssl.record(revoked, "revoked");
  const status = (of: Issued): string => openssl.file(`${of.file}.ocsp`, openssl.respond({ of, by: ca }));
  const certificate = ({ file }: Issued): string[] => {
    const key = openssl.file(`${file}.key`);
    return ["--cert", openssl.file(`${file}.pem`), "--key", key];
  };
  const trust = ["--ca", openssl.file(`${ca.file}.pem`), "--servername", "localhost"];
  return { good, revoked, ofGood: status(good), ofRevoked: status(revoked), certificate, trust };
}

describe.skipIf(!openssl.version)(`--ocsp, with ${openssl.version ?? "openssl, which is not here"}`, () => {
  const made = openssl.version ? cast() : undefined!;
  let server: Server;
  beforeAll(async () => {
    const identities = [...made.certificate(made.good), ...made.certificate(made.revoked)];
    // In another order: each goes with the certificate that it is about.
    server = await serve(...identities, "--ocsp", made.ofRevoked, "--ocsp", made.ofGood);
  });
  afterAll(() => server.stop());
  const connect = async (...args: string[]) => {
    const { code, stderr } = await run(["connect", server.tcp, ...made.trust, "--json", ...args]);
    return { code, events: jsonLines(stderr) };
  };

  test("a status that is good is told as such", async () => {
    for (const [how, ocsp] of Object.entries({ request: "unchecked", check: "good", require: "good" })) {
      const { code, events } = await connect("--ocsp", how);
      expect(code).toBe(0);
      expect(events[0]).toMatchObject({ event: "established", ocsp });
    }
    const { stderr } = await run(["connect", server.tcp, ...made.trust, "--ocsp", "check"]);
    expect(stderr).toMatch(/^established .* OCSP good$/m);
  });

  test("nobody asks: nothing is told", async () => {
    expect((await connect()).events[0]).not.toHaveProperty("ocsp");
  });

  test("revoked", async () => {
    const { code, events } = await connect("--ocsp", "check", "--suites", "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256");
    expect(code).toBe(1);
    expect(events[0]).toMatchObject({ event: "error", code: "revoked", alert: "certificate_revoked", by: "us" });
  });

  test("a response about none of the certificates", async () => {
    const { code, stderr } = await run(["serve", ...made.certificate(made.good), "--ocsp", made.ofRevoked]);
    expect([code, stderr]).toEqual([1, `error: --ocsp ${made.ofRevoked}: it is about none of the certificates\n`]);
  });
});
