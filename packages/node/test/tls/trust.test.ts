/**
 * Which peers `@handclasp/node/tls` trusts: names as node:tls, paths by our verifier, and nothing before both.
 */
import { once } from "node:events";
import type { TlsError } from "@handclasp/node";
import { createSecureContext, TLSSocket } from "@handclasp/node/tls";
import { expect, test } from "vitest";
import { ca, client, failureOf, issued, listening, otherCa, own, secured } from "./pairs.ts";

test.each([
  ["an unknown CA", async () => issued, { ca: otherCa.pem }, "UNABLE_TO_VERIFY_LEAF_SIGNATURE", "unknown_issuer"],
  [
    "an unknown CA with an intermediate",
    async () => (await ca.intermediate()).issue(),
    { ca: otherCa.pem },
    "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
    "unknown_issuer",
  ],
  [
    "an expired certificate",
    () => ca.issue({ notAfter: new Date(Date.now() - 3_600_000) }),
    {},
    "CERT_HAS_EXPIRED",
    "expired",
  ],
  [
    "a certificate of a client",
    () => ca.issue({ client: true, names: ["localhost"] }),
    {},
    "INVALID_PURPOSE",
    "extended_key_usage",
  ],
])("a client refuses %s", async (_, issue, options, code, ourCode) => {
  // A server of Handclasp refuses most of these certificates itself.
  const { createServer } = await import("node:tls");
  const { cert, key } = await issue();
  const server = createServer({ cert, key, maxVersion: "TLSv1.2" }).listen(0, "localhost");
  await once(server, "listening");
  const received: unknown[] = [];
  server.on("secureConnection", (socket) => socket.on("error", () => {}).on("data", (bytes) => received.push(bytes)));
  const socket = client((server.address() as { port: number }).port, options);
  socket.write("a secret that only a verified server may have");
  const error = await failureOf(socket);
  expect(error.code).toBe(code);
  expect((error.cause as TlsError).code).toBe(ourCode);
  expect(socket.authorized).toBe(false);
  await new Promise((resolve) => server.close(resolve));
  expect(received).toEqual([]);
});

test("a name that differs has the code of node:tls", async () => {
  const [, port] = await listening({});
  const error = await failureOf(client(port, { servername: "other.example" }));
  expect(error.code).toBe("ERR_TLS_CERT_ALTNAME_INVALID");
  const { client: lax } = await secured({}, { servername: "other.example", rejectUnauthorized: false });
  expect(lax.authorized).toBe(false);
  expect(lax.authorizationError).toBe("ERR_TLS_CERT_ALTNAME_INVALID");
});

test("checkServerIdentity may be replaced, and accepts with undefined alone", async () => {
  const [, port] = await listening({});
  const names: string[] = [];
  const accepted = client(port, {
    servername: "other.example",
    checkServerIdentity: (name) => void names.push(name),
  });
  await once(accepted, "secureConnect");
  expect(names).toEqual(["other.example"]);
  for (const result of [null, false, true, Promise.resolve()]) {
    const refused = client(port, { checkServerIdentity: (() => result) as never });
    expect((await failureOf(refused)).code).toBe("ERR_TLS_CERT_ALTNAME_INVALID");
  }
});

test("a socket that is made without connect checks the path too, and the name if it has one", async () => {
  const [, port] = await listening({});
  const named = new TLSSocket(undefined, { ca: ca.pem, servername: "other.example" });
  named.connect(port, "localhost");
  expect((await failureOf(named)).code).toBe("ERR_TLS_CERT_ALTNAME_INVALID");
  const socket = new TLSSocket(undefined, { ca: otherCa.pem });
  socket.connect(port, "localhost");
  expect((await failureOf(socket)).code).toBe("UNABLE_TO_VERIFY_LEAF_SIGNATURE");
});

test("a server refuses a client of an unknown CA before its listener is called", async () => {
  const { cert, key } = await otherCa.issue({ client: true });
  const [server, port] = await listening({ requestCert: true, ca: ca.pem }, () => expect.unreachable());
  const socket = client(port, { cert, key });
  const [error] = await once(server, "tlsClientError");
  expect(error).toMatchObject({ code: "ECONNRESET", cause: { code: "UNABLE_TO_VERIFY_LEAF_SIGNATURE" } });
  expect((await failureOf(socket)).code).toBe("ERR_SSL_TLSV1_ALERT_UNKNOWN_CA");
});

test("a client without a certificate is refused, or not authorised", async () => {
  const [server, port] = await listening({ requestCert: true, ca: ca.pem });
  const refused = client(port);
  const [[error], failure] = await Promise.all([once(server, "tlsClientError"), failureOf(refused)]);
  expect(error.code).toBe("ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE");
  expect(failure.code).toBe("ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE");
  const { server: lax } = await secured({ requestCert: true, ca: ca.pem, rejectUnauthorized: false });
  expect([lax.authorized, lax.authorizationError]).toEqual([false, "UNABLE_TO_GET_ISSUER_CERT"]);
});

test("a resumed session is verified again, with the intermediates that the peer sent", async () => {
  const { cert, key } = await (await ca.intermediate()).issue({ names: ["localhost"] });
  const person = await (await ca.intermediate()).issue({ client: true });
  const [server, port] = await listening({ cert, key, requestCert: true, ca: ca.pem });
  server.on("secureConnection", (socket) => socket.resume().on("error", () => {}));
  const first = client(port, { cert: person.cert, key: person.key });
  const [session] = (await once(first, "session")) as [Buffer];
  expect(first.getSession()).toEqual(session);
  expect(first.getTLSTicket()?.length).toBeGreaterThan(100);

  const second = client(port, { cert: person.cert, key: person.key, session });
  const [[accepted]] = await Promise.all([once(server, "secureConnection"), once(second, "secureConnect")]);
  expect([second.isSessionReused(), accepted.isSessionReused()]).toEqual([true, true]);
  expect([second.authorized, accepted.authorized]).toEqual([true, true]);

  const distrusting = client(port, { cert: person.cert, key: person.key, session, ca: otherCa.pem });
  expect((await failureOf(distrusting)).code).toBe("UNABLE_TO_GET_ISSUER_CERT_LOCALLY");
  const elsewhere = client(port, {
    cert: person.cert,
    key: person.key,
    session,
    checkServerIdentity: () => new Error("another name"),
  });
  expect((await failureOf(elsewhere)).message).toBe("another name");
});

test.each([
  ["serverName", "a.example", "servername"],
  ["rejectUnauthorised", true, "rejectUnauthorized"],
  ["ALPNProtocol", ["h2"], "ALPNProtocols"],
])("the misspelt option %s is refused", (name, value, meant) => {
  expect(() => client(1, { [name]: value })).toThrow(`Did you mean ${meant}?`);
});

test("other unknown options are ignored, and wrong types have the errors of node:tls", () => {
  expect(() => createSecureContext({ ...own, maxSockets: 5 } as never)).not.toThrow();
  const code = (options: object): unknown => {
    try {
      return createSecureContext(options);
    } catch (error) {
      return (error as NodeJS.ErrnoException).code;
    }
  };
  expect(code({ ciphers: 1 })).toBe("ERR_INVALID_ARG_TYPE");
  expect(code({ ciphers: "NONE-SUCH" })).toBe("ERR_SSL_NO_CIPHER_MATCH");
  expect(code({ minVersion: "hokey" })).toBe("ERR_TLS_INVALID_PROTOCOL_VERSION");
  expect(code({ key: true })).toBe("ERR_INVALID_ARG_TYPE");
  expect(code({ minVersion: "TLSv1.3" })).toBe("configuration");
  expect(code({ maxVersion: "TLSv1.1" })).toBe("configuration");
  expect(code({ crl: "x" })).toBe("ERR_CRYPTO_OPERATION_FAILED");
});

test("after setSecureContext with another CA, a resumed client is no longer authorized", async () => {
  const { cert, key } = await ca.issue({ client: true });
  const [server, port] = await listening({ requestCert: true, ca: ca.pem });
  const accepted: TLSSocket[] = [];
  server.on("secureConnection", (socket: TLSSocket) => accepted.push(socket));
  const begin = (session?: Buffer): TLSSocket => client(port, { cert, key, ...(session && { session }) });
  const visit = async (session?: Buffer): Promise<TLSSocket> => {
    const socket = begin(session);
    await Promise.all([once(socket, "secureConnect"), once(server, "secureConnection")]);
    return socket;
  };
  const session = (await visit()).getSession() as Buffer;
  expect((await visit(session)).isSessionReused()).toBe(true);
  server.setSecureContext({ ...own, ca: otherCa.pem });
  // The server's own certificate is the same, so the session itself would do.
  expect((await failureOf(begin(session))).code).toBe("ERR_SSL_TLSV1_ALERT_UNKNOWN_CA");
  expect(accepted.map(({ authorized }) => authorized)).toEqual([true, true]);
});

test.each([
  ["rejectUnauthorized", false, { ca: otherCa.pem }, "UNABLE_TO_VERIFY_LEAF_SIGNATURE"],
  ["checkServerIdentity", () => undefined, { servername: "wrong.example" }, "ERR_TLS_CERT_ALTNAME_INVALID"],
])("a polluted Object.prototype does not change %s", async (name, value, options, code) => {
  const [, port] = await listening({});
  Object.defineProperty(Object.prototype, name, { value, configurable: true });
  try {
    const socket = client(port, options);
    const seen = await new Promise((resolve) => {
      socket.on("secureConnect", () => resolve("accepted"));
      socket.on("error", (error: NodeJS.ErrnoException) => resolve(error.code));
    });
    expect(seen).toBe(code);
  } finally {
    Reflect.deleteProperty(Object.prototype, name);
  }
});
