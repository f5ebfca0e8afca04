/**
 * A page and a Node.js server exchange data over TLS 1.2 in a WebSocket, in real browsers.
 * Tests with the tag `@chromium-only` run only in Chromium. The other engines run a smaller matrix.
 */
import { legacySuites, type TlsErrorCode } from "@handclasp/node";
import { testCa } from "@handclasp/testing";
import type { TestServer } from "@handclasp/testing/playwright";
import { expect, test } from "../support/test.ts";

const chromiumOnly = { tag: "@chromium-only" };
const mebibyte = 2 ** 20;

const certificates = { ECDSA: "ecdsa-p256", RSA: "rsa-2048" } as const;
/** The two of eight combinations that the other engines run: each certificate, group and cipher once. */
const smallerMatrix = ["ECDSA x25519 AES_128_GCM_SHA256", "RSA secp256r1 CHACHA20_POLY1305_SHA256"];

test.describe("1 MiB comes back intact", () => {
  for (const kind of ["ECDSA", "RSA"] as const) {
    for (const group of ["x25519", "secp256r1"]) {
      for (const cipher of ["AES_128_GCM_SHA256", "CHACHA20_POLY1305_SHA256"]) {
        const name = `${kind} ${group} ${cipher}`;
        test(name, smallerMatrix.includes(name) ? {} : chromiumOnly, async ({ startServer, channels }) => {
          const server = await startServer({ certificate: { algorithm: certificates[kind] } });
          const suite = `TLS_ECDHE_${kind}_WITH_${cipher}`;
          // The page always offers secp256r1, because an ECDSA server needs the curve of its certificate. The tested
          // group is first.
          const channel = await channels.connect(server.url, { suites: [suite], groups: [group, "secp256r1"] });
          for (const side of [channel, server]) await expect(side).toHaveNegotiated({ suite, group });
          expect(await channel.echoRandom(mebibyte)).toBe(true);
          await channel.close();
          for (const side of [channel, server]) await expect(side).toHaveClosedCleanly();
          expect(server.errors).toEqual([]);
        });
      }
    }
  }

  test("with RSA key exchange, AES_128_CBC_SHA", async ({ startServer, channels }) => {
    const server = await startServer({ certificate: { algorithm: "rsa-2048" }, options: { suites: legacySuites } });
    const suite = "TLS_RSA_WITH_AES_128_CBC_SHA";
    const channel = await channels.connect(server.url, { suites: [suite] });
    for (const side of [channel, server]) await expect(side).toHaveNegotiated({ suite });
    expect(channel.session).not.toHaveProperty("group");
    expect(await channel.echoRandom(mebibyte)).toBe(true);
  });

  for (const algorithm of Object.values(certificates)) {
    test(`with a client certificate, ${algorithm}`, async ({ startServer, channels, ca }) => {
      const server = await startServer({ options: { clientAuth: "require", ca: ca.pem } });
      const { cert, key } = await ca.issue({ client: true, algorithm, commonName: "a page" });
      const channel = await channels.connect(server.url, { credential: { cert, key } });
      expect(await channel.echoRandom(mebibyte)).toBe(true);
      expect(server.channels.map(({ session }) => session.peer?.certificate.subject.text)).toEqual(["CN=a page"]);
    });
  }

  test("with noble instead of WebCrypto", chromiumOnly, async ({ server, channels }) => {
    const channel = await channels.connect(server.url, { provider: "noble" });
    expect(await channel.echoRandom(mebibyte)).toBe(true);
  });
});

test("another page resumes a saved session, but not with another trust anchor", async ({
  engine,
  pageServer,
  server,
  ca,
}) => {
  /** Connects in a new page. The argument and the result have the saved session in base64. */
  const visit = async (pem: string, saved: string) => {
    const page = await engine.open(pageServer.url);
    const { url } = server;
    const result = await page.evaluate(
      async ({ url, pem, saved }) => {
        let session = saved ? Uint8Array.from(atob(saved), (character) => character.charCodeAt(0)) : undefined;
        const store = {
          get: () => session,
          set(_: string, bytes: Uint8Array) {
            session = new Uint8Array(bytes);
          },
          delete() {
            session = undefined;
          },
        };
        try {
          const channel = await handclasp.connect(url, { ca: pem, sessions: handclasp.keepSessions({ store }) });
          const { resumed } = channel.session;
          await channel.close();
          return { resumed, saved: btoa(String.fromCharCode(...(session ?? []))) };
        } catch (error) {
          const { code, alert } = error as InstanceType<typeof handclasp.TlsError>;
          return { code, alert };
        }
      },
      { url, pem, saved },
    );
    await page.close();
    return result;
  };
  const first = await visit(ca.pem, "");
  expect(first).toEqual({ resumed: false, saved: expect.stringMatching(/./) });
  const { saved = "" } = first;
  expect(await visit(ca.pem, saved)).toMatchObject({ resumed: true });
  expect(server.channels.map(({ session }) => session.resumed)).toEqual([false, true]);
  const other = await testCa({ commonName: "Another CA" });
  expect(await visit(other.pem, saved)).toEqual({ code: "unknown_issuer", alert: "unknown_ca" });
});

test.describe("the page gets an error, and the server receives or sends the alert,", () => {
  test("for a certificate from another CA", async ({ server, channels }) => {
    const { pem } = await testCa({ commonName: "Another CA" });
    await expect(channels.connect(server.url, { ca: pem })).rejects.toMatchObject(
      failure({ code: "unknown_issuer", alert: "unknown_ca" }),
    );
    await expect(server).toHaveReceivedAlert("unknown_ca");
  });

  test("for a certificate for another host", async ({ startServer, channels }) => {
    const server = await startServer({ certificate: { names: ["elsewhere.test"] } });
    await expect(channels.connect(server.url)).rejects.toMatchObject(
      failure({ code: "name_mismatch", alert: "bad_certificate" }),
    );
    await expect(server).toHaveReceivedAlert("bad_certificate");
  });

  test("for a certificate that does not contain the page's serverName", async ({ startServer, channels }) => {
    const server = await startServer({ certificate: { names: ["device.test"] } });
    const channel = await channels.connect(server.url, { serverName: "device.test" });
    await expect(channel).toHaveNegotiated({ serverName: "device.test" });
    await expect(channels.connect(server.url, { serverName: "elsewhere.test" })).rejects.toMatchObject(
      failure({ code: "name_mismatch", alert: "bad_certificate" }),
    );
    await expect(server).toHaveReceivedAlert("bad_certificate");
  });

  test("for an expired certificate", async ({ startServer, channels }) => {
    const server = await startServer({ certificate: { notAfter: new Date(Date.now() - 1000) } });
    await expect(channels.connect(server.url)).rejects.toMatchObject(
      failure({ code: "expired", alert: "certificate_expired" }),
    );
    await expect(server).toHaveReceivedAlert("certificate_expired");
  });

  test("if the page has no client certificate, which the server requires", async ({ startServer, channels, ca }) => {
    const server = await startServer({ options: { clientAuth: "require", ca: ca.pem } });
    await expect(channels.connect(server.url)).rejects.toMatchObject(
      failure({ alert: "handshake_failure", by: "peer" }),
    );
    await expectSent(server, "handshake_failure");
  });

  for (const cipher of ["AES_128_GCM_SHA256", "CHACHA20_POLY1305_SHA256", "AES_128_CBC_SHA"]) {
    const details = cipher === "AES_128_GCM_SHA256" ? {} : chromiumOnly;
    const suites = [`TLS_ECDHE_ECDSA_WITH_${cipher}`];

    test(`if a bit of the echo is flipped, ${cipher}`, details, async ({ startServer, startProxy, channels }) => {
      const server = await startServer({ options: { suites: legacySuites } });
      const proxy = await startProxy(undefined, server);
      const channel = await channels.connect(proxy.url, { suites });
      proxy.inject({ kind: "flip", from: "server", after: 20 });
      await expect(channel.echoRandom(100)).rejects.toMatchObject(failure({ alert: "bad_record_mac" }));
      await expect(server).toHaveReceivedAlert("bad_record_mac");
    });

    test(
      `if a bit of the page's record is flipped, ${cipher}`,
      details,
      async ({ startServer, startProxy, channels }) => {
        const server = await startServer({ options: { suites: legacySuites } });
        const proxy = await startProxy(undefined, server);
        const channel = await channels.connect(proxy.url, { suites });
        proxy.inject({ kind: "flip", from: "client", after: 20 });
        await expect(channel.echoRandom(100)).rejects.toMatchObject(failure({ alert: "bad_record_mac", by: "peer" }));
        await expect(channel).toHaveReceivedAlert("bad_record_mac");
        await expectSent(server, "bad_record_mac");
      },
    );
  }
});

test.describe("a WebSocket that does not open fails with a transport error,", () => {
  const message: unknown = expect.stringMatching(/^the WebSocket to ws:.* never opened/);
  const unopened = (code: TlsErrorCode) => ({ by: "us", fault: "transport", code, message });

  test("if no server listens", async ({ channels }) => {
    await expect(channels.connect("ws://127.0.0.1:1/")).rejects.toMatchObject(unopened("websocket_not_opened"));
  });

  test("if the web server has no WebSocket at the path", async ({ channels, pageServer }) => {
    const url = pageServer.url.replace("http:", "ws:");
    await expect(channels.connect(url)).rejects.toMatchObject(unopened("websocket_not_opened"));
  });

  test("if the page's Content-Security-Policy forbids it", async ({ enginePage, ownChannels, server }) => {
    await enginePage.evaluate(() => {
      const policy = document.createElement("meta");
      policy.httpEquiv = "Content-Security-Policy";
      policy.content = "connect-src https:";
      document.head.append(policy);
    });
    await expect(ownChannels.connect(server.url)).rejects.toMatchObject(unopened("websocket_blocked"));
  });
});

test("if the user leaves the page, the server reports peer_left, and not a truncation", async ({
  enginePage,
  ownChannels,
  server,
}) => {
  await ownChannels.connect(server.url);
  await enginePage.evaluate(() => location.assign("about:blank"));
  await expect.poll(() => server.errors).toMatchObject([{ code: "peer_left", fault: "transport" }]);
});

const failure = (error: Partial<Record<"code" | "alert" | "by", string>>) => ({ by: "us", fault: "peer", ...error });

/** Waits for the server's error, because the page may have its error earlier. */
const expectSent = (server: TestServer, alert: string): Promise<void> =>
  expect.poll(() => server.errors).toMatchObject([{ fault: "peer", by: "us", alert }]);
