/**
 * A page and a Node.js service talk: TLS 1.2 inside a WebSocket, in real browsers.
 * What is tagged `@chromium-only` runs in Chromium alone; all else is the smaller matrix of the other engines too.
 */
import { legacySuites, nodeCredential, type TlsErrorCode } from "@handclasp/node";
import { type IssueOptions, type TestCa, testCa } from "@handclasp/testing";
import type { EnginePage } from "../support/engine.ts";
import type { Call, Failure, Outcome } from "../support/harness.ts";
import { type Served, type Service, startService } from "../support/service.ts";
import { test as base, expect } from "../support/test.ts";

const chromiumOnly = { tag: "@chromium-only" };
const mebibyte = 2 ** 20;

type Fixtures = {
  serve: Service["serve"];
  call: (call: Omit<Call, "ca"> & { ca?: string }) => Promise<Outcome>;
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
  call: async ({ engine, service, ca }, use) => {
    const pages: EnginePage[] = [];
    await use(async (call) => {
      const page = await engine.open(service.url);
      pages.push(page);
      return page.evaluate((arg) => globalThis.handclasp(arg), { ca: ca.pem, ...call });
    });
    await Promise.all(pages.map((page) => page.close()));
  },
});

const certificates = { ECDSA: "ecdsa-p256", RSA: "rsa-2048" } as const;
/** Each certificate, group and cipher once: all that the other engines are asked for of the eight. */
const smallerMatrix = ["ECDSA x25519 AES_128_GCM_SHA256", "RSA secp256r1 CHACHA20_POLY1305_SHA256"];

test.describe("1 MiB comes back intact", () => {
  for (const kind of ["ECDSA", "RSA"] as const) {
    for (const group of ["x25519", "secp256r1"]) {
      for (const cipher of ["AES_128_GCM_SHA256", "CHACHA20_POLY1305_SHA256"]) {
        const name = `${kind} ${group} ${cipher}`;
        test(name, smallerMatrix.includes(name) ? {} : chromiumOnly, async ({ call, serve, ca }) => {
          const server = await serve(await presenting(ca, { algorithm: certificates[kind] }));
          const suite = `TLS_ECDHE_${kind}_WITH_${cipher}`;
          // secp256r1 always: without the curve of its certificate, an ECDSA server has nothing to show. x25519 comes first.
          const outcome = await call({ url: server.url, suite, groups: [group, "secp256r1"], bytes: mebibyte });
          expect(outcome).toMatchObject({ ok: true, intact: true, session: { suite, group } });
          expect(server.sessions).toMatchObject([{ suite, group }]);
          expect(server.errors).toEqual([]);
        });
      }
    }
  }

  test("RSA key exchange, AES_128_CBC_SHA", async ({ call, serve, ca }) => {
    const credentials = await presenting(ca, { algorithm: "rsa-2048" });
    const server = await serve({ ...credentials, suites: legacySuites });
    const suite = "TLS_RSA_WITH_AES_128_CBC_SHA";
    const outcome = await call({ url: server.url, suite, bytes: mebibyte });
    expect(outcome).toMatchObject({ ok: true, intact: true, session: { suite } });
    expect(outcome).not.toHaveProperty("session.group");
    expect(server.sessions).toMatchObject([{ suite }]);
  });

  for (const algorithm of Object.values(certificates)) {
    test(`a client certificate, ${algorithm}`, async ({ call, serve, ca }) => {
      const server = await serve({ ...(await presenting(ca)), clientAuth: "require", ca: ca.pem });
      const { cert, key } = await ca.issue({ client: true, algorithm, commonName: "a page" });
      const outcome = await call({ url: server.url, credential: { cert, key }, bytes: mebibyte });
      expect(outcome).toMatchObject({ ok: true, intact: true });
      expect(server.sessions.map(({ peer }) => peer?.certificate.subject.text)).toEqual(["CN=a page"]);
    });
  }

  test("noble in place of WebCrypto", chromiumOnly, async ({ call, serve, ca }) => {
    const server = await serve(await presenting(ca));
    const outcome = await call({ url: server.url, provider: "noble", bytes: mebibyte });
    expect(outcome).toMatchObject({ ok: true, intact: true });
  });
});

test("a session is kept as bytes, and resumed from another page; another trust does not", async ({
  call,
  serve,
  ca,
}) => {
  const server = await serve(await presenting(ca));
  const first = await call({ url: server.url, bytes: 1000, session: "" });
  expect(first).toMatchObject({ ok: true, intact: true, session: { resumed: false } });
  const { kept = "" } = first as Extract<Outcome, { ok: true }>;
  expect(kept).not.toBe("");
  expect(await call({ url: server.url, bytes: 1000, session: kept })).toMatchObject({
    ok: true,
    intact: true,
    session: { resumed: true },
  });
  expect(server.sessions.map(({ resumed }) => resumed)).toEqual([false, true]);
  const { pem } = await testCa({ commonName: "Another CA" });
  expect(await call({ url: server.url, ca: pem, bytes: 0, session: kept })).toMatchObject(
    failure({ code: "unknown_issuer", alert: "unknown_ca" }),
  );
});

test.describe("the page gets a typed error, the server the alert", () => {
  test("of another CA", async ({ call, serve, ca }) => {
    const server = await serve(await presenting(ca));
    const { pem } = await testCa({ commonName: "Another CA" });
    expect(await call({ url: server.url, ca: pem, bytes: 0 })).toMatchObject(
      failure({ code: "unknown_issuer", alert: "unknown_ca" }),
    );
    await sees(server, { alert: "unknown_ca", by: "peer" });
  });

  test("for another host", async ({ call, serve, ca }) => {
    const server = await serve(await presenting(ca, { names: ["elsewhere.test"] }));
    expect(await call({ url: server.url, bytes: 0 })).toMatchObject(
      failure({ code: "name_mismatch", alert: "bad_certificate" }),
    );
    await sees(server, { alert: "bad_certificate", by: "peer" });
  });

  test("for a serverName that the certificate has not", async ({ call, serve, ca }) => {
    const server = await serve(await presenting(ca, { names: ["localhost"] }));
    expect(await call({ url: server.url, serverName: "localhost", bytes: 1 })).toMatchObject({
      ok: true,
      session: { serverName: "localhost" },
    });
    expect(await call({ url: server.url, serverName: "elsewhere.test", bytes: 0 })).toMatchObject(
      failure({ code: "name_mismatch", alert: "bad_certificate" }),
    );
    await sees(server, { alert: "bad_certificate", by: "peer" });
  });

  test("expired", async ({ call, serve, ca }) => {
    const day = 24 * 60 * 60 * 1000;
    const dates = { notBefore: new Date(Date.now() - 2 * day), notAfter: new Date(Date.now() - day) };
    const server = await serve(await presenting(ca, dates));
    expect(await call({ url: server.url, bytes: 0 })).toMatchObject(
      failure({ code: "expired", alert: "certificate_expired" }),
    );
    await sees(server, { alert: "certificate_expired", by: "peer" });
  });

  test("without the client certificate that the server requires", async ({ call, serve, ca }) => {
    const server = await serve({ ...(await presenting(ca)), clientAuth: "require", ca: ca.pem });
    expect(await call({ url: server.url, bytes: 0 })).toMatchObject(
      failure({ alert: "handshake_failure", by: "peer" }),
    );
    await sees(server, { alert: "handshake_failure", by: "us" });
  });

  for (const cipher of ["AES_128_GCM_SHA256", "CHACHA20_POLY1305_SHA256", "AES_128_CBC_SHA"]) {
    const only = cipher === "AES_128_GCM_SHA256" ? {} : chromiumOnly;
    const suite = `TLS_ECDHE_ECDSA_WITH_${cipher}`;

    test(`a bit of the echo flipped, ${cipher}`, only, async ({ call, serve, ca }) => {
      const server = await serve({ ...(await presenting(ca)), suites: legacySuites });
      expect(await call({ url: server.url, suite, bytes: 100, tamper: "received" })).toMatchObject(
        failure({ alert: "bad_record_mac", by: "us" }),
      );
      await sees(server, { alert: "bad_record_mac", by: "peer" });
    });

    test(`a bit of the page's own record flipped, ${cipher}`, only, async ({ call, serve, ca }) => {
      const server = await serve({ ...(await presenting(ca)), suites: legacySuites });
      expect(await call({ url: server.url, suite, bytes: 100, tamper: "sent" })).toMatchObject(
        failure({ alert: "bad_record_mac", by: "peer" }),
      );
      await sees(server, { alert: "bad_record_mac", by: "us" });
    });
  }
});

test.describe("a WebSocket that never opens is said as that", () => {
  const message: unknown = expect.stringMatching(/^the WebSocket to ws:.* never opened/);
  const unopened = (code: TlsErrorCode) => ({ ok: false, error: { by: "us", fault: "transport", code, message } });

  test("nobody listens there", async ({ call }) => {
    expect(await call({ url: "ws://127.0.0.1:1/", bytes: 0 })).toMatchObject(unopened("websocket_not_opened"));
  });

  test("a web server has no WebSocket there", async ({ call, service }) => {
    const url = service.url.replace("http:", "ws:");
    expect(await call({ url, bytes: 0 })).toMatchObject(unopened("websocket_not_opened"));
  });

  test("the page's policy forbids it", async ({ engine, service, serve, ca }) => {
    const server = await serve(await presenting(ca));
    const page = await engine.open(service.url);
    await page.evaluate(() => {
      const policy = document.createElement("meta");
      policy.httpEquiv = "Content-Security-Policy";
      policy.content = "connect-src https:";
      document.head.append(policy);
    });
    const call = { url: server.url, ca: ca.pem, bytes: 0 };
    const outcome = await page.evaluate((arg) => globalThis.handclasp(arg), call);
    await page.close();
    expect(outcome).toMatchObject(unopened("websocket_blocked"));
  });
});

test("a page that is left is no truncation to the server", async ({ engine, service, serve, ca }) => {
  const server = await serve(await presenting(ca));
  const page = await engine.open(service.url);
  const call = { url: server.url, ca: ca.pem, bytes: 1, stays: true };
  await page.evaluate((arg) => void globalThis.handclasp(arg), call);
  await expect.poll(() => server.sessions.length).toBe(1);
  await page.evaluate(() => location.assign("about:blank"));
  await expect.poll(() => server.errors).toMatchObject([{ code: "peer_left", fault: "transport" }]);
  await page.close();
});

const presenting = async (ca: TestCa, issue: IssueOptions = {}) => ({
  credentials: [nodeCredential(await ca.issue(issue))],
});

const failure = (error: Partial<Failure>) => ({ ok: false, error: { by: "us", fault: "peer", ...error } });

/** The alert is still on its way to the server when the page has its error. */
const sees = (server: Served, error: Partial<Failure>): Promise<void> =>
  expect.poll(() => server.errors).toMatchObject([{ fault: "peer", ...error }]);
