/**
 * A page and a Node.js server exchange data over TLS 1.2 in a WebSocket, in real browsers.
 * Tests with the tag `@chromium-only` run only in Chromium. The other engines run a smaller matrix.
 */
import { legacySuites, nodeCredential, type TlsErrorCode } from "@handclasp/node";
import { type IssueOptions, type TestCa, testCa } from "@handclasp/testing";
import type { EnginePage } from "../support/engine.ts";
import type { EchoOptions, Failure, Outcome } from "../support/harness.ts";
import { type Served, type Service, startService } from "../support/service.ts";
import { test as base, expect } from "../support/test.ts";

const chromiumOnly = { tag: "@chromium-only" };
const mebibyte = 2 ** 20;

type Fixtures = {
  serve: Service["serve"];
  echo: (options: Omit<EchoOptions, "ca"> & { ca?: string }) => Promise<Outcome>;
};
type WorkerFixtures = { service: Service; ca: TestCa };

const test = base.extend<Fixtures, WorkerFixtures>({
  ca: [async ({ missing: _ }, use) => use(await testCa()), { scope: "worker" }],
  service: [
    async ({ missing: _ }, use) => {
      const service = await startService();
      await use(service);
      await service.close();
    },
    { scope: "worker" },
  ],
  serve: async ({ service }, use) => {
    const all: Served[] = [];
    await use(async (options) => {
      const served = await service.serve(options);
      all.push(served);
      return served;
    });
    await Promise.all(all.map((served) => served.close()));
  },
  echo: async ({ engine, service, ca }, use) => {
    const pages: EnginePage[] = [];
    await use(async (options) => {
      const page = await engine.open(service.url);
      pages.push(page);
      return page.evaluate((arg) => globalThis.handclasp(arg), { ca: ca.pem, ...options });
    });
    await Promise.all(pages.map((page) => page.close()));
  },
});

const certificates = { ECDSA: "ecdsa-p256", RSA: "rsa-2048" } as const;
/** The two of eight combinations that the other engines run: each certificate, group and cipher once. */
const smallerMatrix = ["ECDSA x25519 AES_128_GCM_SHA256", "RSA secp256r1 CHACHA20_POLY1305_SHA256"];

test.describe("1 MiB comes back intact", () => {
  for (const kind of ["ECDSA", "RSA"] as const) {
    for (const group of ["x25519", "secp256r1"]) {
      for (const cipher of ["AES_128_GCM_SHA256", "CHACHA20_POLY1305_SHA256"]) {
        const name = `${kind} ${group} ${cipher}`;
        test(name, smallerMatrix.includes(name) ? {} : chromiumOnly, async ({ echo, serve, ca }) => {
          const server = await serve(await serverOptions(ca, { algorithm: certificates[kind] }));
          const suite = `TLS_ECDHE_${kind}_WITH_${cipher}`;
          // The page always offers secp256r1, because an ECDSA server needs the curve of its certificate. The tested
          // group is first.
          const outcome = await echo({ url: server.url, suite, groups: [group, "secp256r1"], bytes: mebibyte });
          expect(outcome).toMatchObject({ ok: true, intact: true, session: { suite, group } });
          expect(server.sessions).toMatchObject([{ suite, group }]);
          expect(server.errors).toEqual([]);
        });
      }
    }
  }

  test("with RSA key exchange, AES_128_CBC_SHA", async ({ echo, serve, ca }) => {
    const credentials = await serverOptions(ca, { algorithm: "rsa-2048" });
    const server = await serve({ ...credentials, suites: legacySuites });
    const suite = "TLS_RSA_WITH_AES_128_CBC_SHA";
    const outcome = await echo({ url: server.url, suite, bytes: mebibyte });
    expect(outcome).toMatchObject({ ok: true, intact: true, session: { suite } });
    expect(outcome).not.toHaveProperty("session.group");
    expect(server.sessions).toMatchObject([{ suite }]);
  });

  for (const algorithm of Object.values(certificates)) {
    test(`with a client certificate, ${algorithm}`, async ({ echo, serve, ca }) => {
      const server = await serve({ ...(await serverOptions(ca)), clientAuth: "require", ca: ca.pem });
      const { cert, key } = await ca.issue({ client: true, algorithm, commonName: "a page" });
      const outcome = await echo({ url: server.url, credential: { cert, key }, bytes: mebibyte });
      expect(outcome).toMatchObject({ ok: true, intact: true });
      expect(server.sessions.map(({ peer }) => peer?.certificate.subject.text)).toEqual(["CN=a page"]);
    });
  }

  test("with noble instead of WebCrypto", chromiumOnly, async ({ echo, serve, ca }) => {
    const server = await serve(await serverOptions(ca));
    const outcome = await echo({ url: server.url, provider: "noble", bytes: mebibyte });
    expect(outcome).toMatchObject({ ok: true, intact: true });
  });
});

test("another page resumes a saved session, but not with another trust anchor", async ({ echo, serve, ca }) => {
  const server = await serve(await serverOptions(ca));
  const first = await echo({ url: server.url, bytes: 1000, session: "" });
  expect(first).toMatchObject({ ok: true, intact: true, session: { resumed: false } });
  const { savedSession = "" } = first as Extract<Outcome, { ok: true }>;
  expect(savedSession).not.toBe("");
  expect(await echo({ url: server.url, bytes: 1000, session: savedSession })).toMatchObject({
    ok: true,
    intact: true,
    session: { resumed: true },
  });
  expect(server.sessions.map(({ resumed }) => resumed)).toEqual([false, true]);
  const { pem } = await testCa({ commonName: "Another CA" });
  expect(await echo({ url: server.url, ca: pem, bytes: 0, session: savedSession })).toMatchObject(
    failure({ code: "unknown_issuer", alert: "unknown_ca" }),
  );
});

test.describe("the page gets an error, and the server receives or sends the alert,", () => {
  test("for a certificate from another CA", async ({ echo, serve, ca }) => {
    const server = await serve(await serverOptions(ca));
    const { pem } = await testCa({ commonName: "Another CA" });
    expect(await echo({ url: server.url, ca: pem, bytes: 0 })).toMatchObject(
      failure({ code: "unknown_issuer", alert: "unknown_ca" }),
    );
    await expectError(server, { alert: "unknown_ca", by: "peer" });
  });

  test("for a certificate for another host", async ({ echo, serve, ca }) => {
    const server = await serve(await serverOptions(ca, { names: ["elsewhere.test"] }));
    expect(await echo({ url: server.url, bytes: 0 })).toMatchObject(
      failure({ code: "name_mismatch", alert: "bad_certificate" }),
    );
    await expectError(server, { alert: "bad_certificate", by: "peer" });
  });

  test("for a certificate that does not contain the page's serverName", async ({ echo, serve, ca }) => {
    const server = await serve(await serverOptions(ca, { names: ["localhost"] }));
    expect(await echo({ url: server.url, serverName: "localhost", bytes: 1 })).toMatchObject({
      ok: true,
      session: { serverName: "localhost" },
    });
    expect(await echo({ url: server.url, serverName: "elsewhere.test", bytes: 0 })).toMatchObject(
      failure({ code: "name_mismatch", alert: "bad_certificate" }),
    );
    await expectError(server, { alert: "bad_certificate", by: "peer" });
  });

  test("for an expired certificate", async ({ echo, serve, ca }) => {
    const day = 24 * 60 * 60 * 1000;
    const dates = { notBefore: new Date(Date.now() - 2 * day), notAfter: new Date(Date.now() - day) };
    const server = await serve(await serverOptions(ca, dates));
    expect(await echo({ url: server.url, bytes: 0 })).toMatchObject(
      failure({ code: "expired", alert: "certificate_expired" }),
    );
    await expectError(server, { alert: "certificate_expired", by: "peer" });
  });

  test("if the page has no client certificate, which the server requires", async ({ echo, serve, ca }) => {
    const server = await serve({ ...(await serverOptions(ca)), clientAuth: "require", ca: ca.pem });
    expect(await echo({ url: server.url, bytes: 0 })).toMatchObject(
      failure({ alert: "handshake_failure", by: "peer" }),
    );
    await expectError(server, { alert: "handshake_failure", by: "us" });
  });

  for (const cipher of ["AES_128_GCM_SHA256", "CHACHA20_POLY1305_SHA256", "AES_128_CBC_SHA"]) {
    const details = cipher === "AES_128_GCM_SHA256" ? {} : chromiumOnly;
    const suite = `TLS_ECDHE_ECDSA_WITH_${cipher}`;

    test(`if a bit of the echo is flipped, ${cipher}`, details, async ({ echo, serve, ca }) => {
      const server = await serve({ ...(await serverOptions(ca)), suites: legacySuites });
      expect(await echo({ url: server.url, suite, bytes: 100, tamper: "received" })).toMatchObject(
        failure({ alert: "bad_record_mac", by: "us" }),
      );
      await expectError(server, { alert: "bad_record_mac", by: "peer" });
    });

    test(`if a bit of the page's record is flipped, ${cipher}`, details, async ({ echo, serve, ca }) => {
      const server = await serve({ ...(await serverOptions(ca)), suites: legacySuites });
      expect(await echo({ url: server.url, suite, bytes: 100, tamper: "sent" })).toMatchObject(
        failure({ alert: "bad_record_mac", by: "peer" }),
      );
      await expectError(server, { alert: "bad_record_mac", by: "us" });
    });
  }
});

test.describe("a WebSocket that does not open fails with a transport error,", () => {
  const message: unknown = expect.stringMatching(/^the WebSocket to ws:.* never opened/);
  const unopened = (code: TlsErrorCode) => ({ ok: false, error: { by: "us", fault: "transport", code, message } });

  test("if no server listens", async ({ echo }) => {
    expect(await echo({ url: "ws://127.0.0.1:1/", bytes: 0 })).toMatchObject(unopened("websocket_not_opened"));
  });

  test("if the web server has no WebSocket at the path", async ({ echo, service }) => {
    const url = service.url.replace("http:", "ws:");
    expect(await echo({ url, bytes: 0 })).toMatchObject(unopened("websocket_not_opened"));
  });

  test("if the page's Content-Security-Policy forbids it", async ({ engine, service, serve, ca }) => {
    const server = await serve(await serverOptions(ca));
    const page = await engine.open(service.url);
    await page.evaluate(() => {
      const policy = document.createElement("meta");
      policy.httpEquiv = "Content-Security-Policy";
      policy.content = "connect-src https:";
      document.head.append(policy);
    });
    const options = { url: server.url, ca: ca.pem, bytes: 0 };
    const outcome = await page.evaluate((arg) => globalThis.handclasp(arg), options);
    await page.close();
    expect(outcome).toMatchObject(unopened("websocket_blocked"));
  });
});

test("if the user leaves the page, the server reports peer_left, and not a truncation", async ({
  engine,
  service,
  serve,
  ca,
}) => {
  const server = await serve(await serverOptions(ca));
  const page = await engine.open(service.url);
  const options = { url: server.url, ca: ca.pem, bytes: 1, keepOpen: true };
  await page.evaluate((arg) => void globalThis.handclasp(arg), options);
  await expect.poll(() => server.sessions.length).toBe(1);
  await page.evaluate(() => location.assign("about:blank"));
  await expect.poll(() => server.errors).toMatchObject([{ code: "peer_left", fault: "transport" }]);
  await page.close();
});

const serverOptions = async (ca: TestCa, issue: IssueOptions = {}) => ({
  credentials: [nodeCredential(await ca.issue(issue))],
});

const failure = (error: Partial<Failure>) => ({ ok: false, error: { by: "us", fault: "peer", ...error } });

/** Waits for the server's error, because the alert may arrive after the page has its error. */
const expectError = (server: Served, error: Partial<Failure>): Promise<void> =>
  expect.poll(() => server.errors).toMatchObject([{ fault: "peer", ...error }]);
