/**
 * The server of `@handclasp/node/tls`: its callbacks and events.
 */
import { constants } from "node:crypto";
import { once } from "node:events";
import { connect as netConnect } from "node:net";
import {
  createSecureContext,
  createServer,
  getCiphers,
  Server,
  type TLSSocket,
  type TlsOptions,
} from "@handclasp/node/tls";
import { expect, test } from "vitest";
import { ca, client, failureOf, listening, own, secured } from "./pairs.ts";

const subjectOf = async (socket: TLSSocket): Promise<string> => {
  await once(socket, "secureConnect");
  return String(socket.getPeerCertificate().subject.CN);
};

test("addContext and SNICallback choose the certificate", async () => {
  const names = ["a.example", "wild.example"];
  const [a, wild] = await Promise.all(names.map((name) => ca.issue({ names: [name], commonName: name })));
  const lax = { rejectUnauthorized: false };
  const [server, port] = await listening({});
  server.addContext("a.example", a as never);
  server.addContext("*.wild.example", createSecureContext(wild));
  expect(await subjectOf(client(port, { servername: "a.example" }))).toBe("a.example");
  expect(await subjectOf(client(port, { servername: "b.wild.example", ...lax }))).toBe("wild.example");
  expect(await subjectOf(client(port, { servername: "x.b.wild.example", ...lax }))).toBe("localhost");

  const [other, otherPort] = await listening({
    SNICallback: (name, callback) =>
      name === "bad.example" ? callback(null, {} as never) : setImmediate(callback, null, createSecureContext(a)),
  });
  expect(await subjectOf(client(otherPort, { servername: "a.example" }))).toBe("a.example");
  const failed = client(otherPort, { servername: "bad.example" });
  const [[error], failure] = await Promise.all([once(other, "tlsClientError"), failureOf(failed)]);
  expect(error.code).toBe("ERR_TLS_INVALID_CONTEXT");
  expect(failure.code).toBe("ECONNRESET");

  const [empty, emptyPort] = await listening({ SNICallback: (_, callback) => callback(null, createSecureContext()) });
  const refused = client(emptyPort, { servername: "a.example" });
  const [[refusal]] = await Promise.all([once(empty, "tlsClientError"), failureOf(refused)]);
  expect(refusal.code).toBe("ERR_SSL_PASSED_A_NULL_PARAMETER");
});

test("ALPNCallback chooses from what the client offers, and nothing else", async () => {
  const { client: socket } = await secured(
    { ALPNCallback: ({ servername, protocols }) => (servername === "localhost" ? protocols[1] : undefined) },
    { ALPNProtocols: ["a", "b"], servername: "localhost" },
  );
  expect(socket.alpnProtocol).toBe("b");
  const [server, port] = await listening({ ALPNCallback: () => undefined });
  const refused = client(port, { ALPNProtocols: ["a"] });
  const [, failure] = await Promise.all([once(server, "tlsClientError"), failureOf(refused)]);
  expect(failure.code).toBe("ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL");
  const [lying, lyingPort] = await listening({ ALPNCallback: () => "z" });
  const deceived = client(lyingPort, { ALPNProtocols: ["a"] });
  const [[error]] = await Promise.all([once(lying, "tlsClientError"), failureOf(deceived)]);
  expect(error.code).toBe("ERR_TLS_ALPN_CALLBACK_INVALID_RESULT");
});

test("the application may keep the sessions of clients without tickets", async () => {
  const [server, port] = await listening({});
  const sessions = new Map<string, Buffer>();
  server.on("newSession", (id: Buffer, data: Buffer, done: () => void) => {
    sessions.set(id.toString("hex"), data);
    done();
  });
  server.on("resumeSession", (id: Buffer, done: (error: Error | null, data: Buffer | null) => void) =>
    setImmediate(done, null, sessions.get(id.toString("hex")) ?? null),
  );
  server.on("secureConnection", (socket) => socket.resume());
  const secureOptions = constants.SSL_OP_NO_TICKET;
  const first = client(port, { secureOptions });
  const [session] = (await once(first, "session")) as [Buffer];
  expect(sessions.size).toBe(1);
  const second = client(port, { secureOptions, session });
  await once(second, "secureConnect");
  expect(second.isSessionReused()).toBe(true);
  sessions.clear();
  const third = client(port, { secureOptions, session });
  await once(third, "secureConnect");
  expect(third.isSessionReused()).toBe(false);
});

test("servers with the same ticket keys resume each other's sessions, unless sessionIdContext differs", async () => {
  const [server, port] = await listening({ sessionIdContext: "one" });
  server.on("secureConnection", (socket) => socket.resume());
  const [session] = (await once(client(port), "session")) as [Buffer];
  for (const [sessionIdContext, isReused] of [
    ["one", true],
    ["two", false],
  ] as const) {
    const [other, otherPort] = await listening({ sessionIdContext, ticketKeys: server.getTicketKeys() });
    other.on("secureConnection", (socket) => socket.resume());
    const socket = client(otherPort, { session });
    await once(socket, "secureConnect");
    expect(socket.isSessionReused()).toBe(isReused);
  }
  server.setTicketKeys(Buffer.alloc(48, 7));
  const later = client(port, { session });
  await once(later, "secureConnect");
  expect(later.isSessionReused()).toBe(false);
});

test("OCSPRequest answers a client that asks", async () => {
  const [server, port] = await listening({ ca: ca.pem });
  server.on("secureConnection", (socket) => socket.resume());
  server.on("OCSPRequest", (certificate: Buffer, issuer: Buffer, done: (error: null, response: Buffer) => void) => {
    expect(issuer).toEqual(Buffer.from(ca.der));
    expect(certificate.length).toBeGreaterThan(100);
    setImmediate(done, null, Buffer.from("a response"));
  });
  const [response] = await once(client(port, { requestOCSP: true }), "OCSPResponse");
  expect(String(response)).toBe("a response");
  server.removeAllListeners("OCSPRequest");
  expect(await once(client(port, { requestOCSP: true }), "OCSPResponse")).toEqual([null]);
});

test("keylog has the line on both sides", async () => {
  const [server, port] = await listening({});
  const atServer = once(server, "keylog");
  const [line] = await once(client(port), "keylog");
  expect(String(line)).toMatch(/^CLIENT_RANDOM [0-9a-f]{64} [0-9a-f]{96}\n$/);
  expect((await atServer)[0]).toEqual(line);
});

test("a pre-shared key authenticates both sides", async () => {
  const key = Buffer.alloc(32, 1);
  const ciphers = "PSK+HIGH";
  const [server, port] = await listening({
    cert: undefined,
    key: undefined,
    ciphers,
    pskCallback: (_, identity) => (identity === "device" ? key : null),
  });
  server.on("secureConnection", (socket) => socket.resume());
  const options = { ciphers, ca: undefined, checkServerIdentity: () => undefined };
  const good = client(port, { ...options, pskCallback: () => ({ psk: key, identity: "device" }) });
  await once(good, "secureConnect");
  expect(good.getCipher().name).toMatch(/PSK/);
  const bad = client(port, { ...options, pskCallback: () => ({ psk: key, identity: "stranger" }) });
  expect((await failureOf(bad)).code).toMatch(/^ERR_SSL_/);
});

test("setSecureContext changes the certificate of later connections", async () => {
  const renewed = await ca.issue({ names: ["localhost"], commonName: "renewed" });
  const [server, port] = await listening({});
  expect(await subjectOf(client(port))).toBe("localhost");
  server.setSecureContext({ cert: renewed.cert, key: renewed.key });
  expect(await subjectOf(client(port))).toBe("renewed");
});

test("a client that does not speak TLS is reported, and the server goes on", async () => {
  const [server, port] = await listening({});
  const raw = netConnect(port, "localhost", () => raw.write("GET / HTTP/1.1\r\n\r\n")).on("error", () => {});
  const [error] = await once(server, "tlsClientError");
  expect(error.code).toBe("ERR_SSL_HTTP_REQUEST");
  await once(client(port), "secureConnect");
});

test("a handshake has a time limit", async () => {
  const [server, port] = await listening({ handshakeTimeout: 50 });
  const raw = netConnect(port, "localhost");
  raw.resume();
  const [error] = await once(server, "tlsClientError");
  expect(error.code).toBe("ERR_TLS_HANDSHAKE_TIMEOUT");
});

test("lists of suites have the syntax of OpenSSL", async () => {
  const { client: socket } = await secured({ ciphers: "HIGH:!AESGCM" }, { ciphers: "HIGH" });
  expect(socket.getCipher().name).toBe("ECDHE-ECDSA-CHACHA20-POLY1305");
  const { client: other } = await secured({}, { ciphers: "ECDHE+AES256:@STRENGTH" });
  expect(other.getCipher().name).toBe("ECDHE-ECDSA-AES256-GCM-SHA384");
  expect(getCiphers()).toContain("ecdhe-rsa-aes128-gcm-sha256");
});

test("Server may be called without new", () => {
  const server = (Server as unknown as (options: object) => Server)(own);
  expect(server).toBeInstanceOf(Server);
});

test("a wrong option throws when the server is made, and not when a client connects", () => {
  const secureContext = createSecureContext(own);
  for (const options of [
    { requestCerts: true },
    { ALPNProtocols: ["a"], ALPNCallback: () => "a" },
    { servername: 5 },
  ] as unknown as TlsOptions[])
    expect(() => createServer({ secureContext, ...options })).toThrow(/unknown|mutually exclusive|must be of type/);
});
