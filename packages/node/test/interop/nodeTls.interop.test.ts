import type { AddressInfo } from "node:net";
import { Readable } from "node:stream";
import { connect as connectTls, createServer as createTlsServer, type TlsOptions } from "node:tls";
import {
  ccmSuites,
  connect,
  createServer,
  dheSuites,
  ecdhePskSuites,
  modernSuites,
  nodeCredential,
  pskSuites,
  type Session,
  TLS_ECDHE_PSK_WITH_AES_128_GCM_SHA256,
  type TlsConnection,
} from "@handclasp/node";
import { testCa } from "@handclasp/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createWebSocketStream, WebSocket, WebSocketServer } from "ws";

const size = 2 ** 20;
const payload = crypto.getRandomValues(new Uint8Array(65_536));
const pieces = Array.from({ length: size / payload.length }, () => payload);
const sent = Buffer.concat(pieces);

const ca = await testCa();
const ecdsa = await ca.issue();
const rsa = await ca.issue({ algorithm: "rsa-2048" });
const client = await ca.issue({ client: true });

/** The name of a suite for node:tls, which uses OpenSSL's names. */
const opensslName = (suite: string): string =>
  suite
    .replace(/^TLS_|_SHA256$(?<=POLY1305_SHA256)/g, "")
    .replace("_WITH_", "_")
    .replace("CCM_8", "CCM8")
    .replace(/AES_(\d+)/, "AES$1")
    .replace(/(?<!PSK.*)_CBC/, "")
    .replaceAll("_", "-");
/** The cipher list for a suite. OpenSSL allows CCM_8, with its short tag, only at security level 0. */
const ciphersOf = (suite: string): string => `${opensslName(suite)}:@SECLEVEL=0`;

const testedSuites = [...modernSuites, ...dheSuites, ...ccmSuites];
const suites = testedSuites.map((suite) => [suite.name, suite] as const);

describe.each([
  ["without a client certificate", false],
  ["with a client certificate", true],
])("%s", (_, hasClientCertificate) => {
  describe("a node:tls client connects to our server over ws", () => {
    let session: Session | undefined;
    let closed: Promise<void> | undefined;
    const server = createServer(
      {
        suites: testedSuites,
        credentials: [nodeCredential(ecdsa), nodeCredential(rsa)],
        ...(hasClientCertificate && { clientAuth: "require", ca: ca.pem }),
      },
      async (channel: TlsConnection) => {
        ({ session, closed } = channel);
        await channel.readable.pipeTo(channel.writable);
      },
    );
    let url = "";
    beforeAll(async () => {
      const listener = await server.listenWebSocket();
      url = `ws://127.0.0.1:${(listener.address() as AddressInfo).port}/`;
    });
    afterAll(() => server.close());

    test.each(suites)("%s: all data comes back", async (name) => {
      const stream = createWebSocketStream(new WebSocket(url));
      const socket = connectTls({
        socket: stream,
        ca: ca.pem,
        servername: "localhost",
        maxVersion: "TLSv1.2",
        ciphers: ciphersOf(name),
        ...(hasClientCertificate && { cert: client.cert, key: client.key }),
      });
      // node:tls makes one WebSocket message of each write, and our limit is 1 MiB, so the client writes the data in
      // pieces. The client ends its side after all data came back.
      Readable.from(pieces).pipe(socket, { end: false });
      const received: Buffer[] = [];
      let length = 0;
      for await (const bytes of socket as AsyncIterable<Buffer>) {
        received.push(bytes);
        length += bytes.length;
        if (length >= size) socket.end();
      }
      expect(Buffer.concat(received).equals(sent)).toBe(true);
      expect(session).toMatchObject({ suite: name, serverName: "localhost" });
      expect(session?.peer?.certificate.subject.text).toBe(hasClientCertificate ? "CN=client" : undefined);
      await closed;
    });
  });

  describe("our client connects to a node:tls server over ws", () => {
    const options = (certificate: typeof ecdsa): TlsOptions => ({
      cert: certificate.cert,
      key: certificate.key,
      ciphers: "ALL:@SECLEVEL=0",
      dhparam: "auto",
      maxVersion: "TLSv1.2",
      ...(hasClientCertificate && { ca: ca.pem, requestCert: true, rejectUnauthorized: true }),
    });
    const servers = Object.entries({ ecdsa, rsa }).map(([kind, certificate]) => {
      const tls = createTlsServer(options(certificate), (socket) => {
        socket.on("error", () => socket.destroy());
        socket.pipe(socket);
      });
      const ws = new WebSocketServer({ port: 0, host: "127.0.0.1" });
      ws.on("connection", (peer) => tls.emit("connection", createWebSocketStream(peer)));
      return [kind, ws] as const;
    });
    afterAll(() => {
      for (const [, ws] of servers) {
        for (const peer of ws.clients) peer.terminate();
        ws.close();
      }
    });

    test.each(suites)("%s: all data comes back", async (name, suite) => {
      const [, server] = servers.find(([kind]) => kind === suite.authentication)!;
      const { port } = server.address() as AddressInfo;
      const channel = await connect(`ws://127.0.0.1:${port}/`, {
        ca: ca.pem,
        serverName: "localhost",
        suites: [suite],
        ...(hasClientCertificate && { credentials: nodeCredential(client) }),
      });
      expect(channel.session.suite).toBe(name);
      const writing = channel.write(sent).then(() => channel.closeWrite());
      const received: Uint8Array[] = [];
      for await (const bytes of channel) received.push(bytes);
      await writing;
      expect(Buffer.concat(received).equals(sent)).toBe(true);
      await channel.closed;
    });
  });
});

describe("with a pre-shared key, over ws", () => {
  const key = crypto.getRandomValues(new Uint8Array(32));
  const identity = "device 7";
  // OpenSSL lacks this suite.
  const pskTestSuites = [...ecdhePskSuites, ...pskSuites].filter(
    (suite) => suite !== TLS_ECDHE_PSK_WITH_AES_128_GCM_SHA256,
  );
  const cases = pskTestSuites.map((suite) => [suite.name, suite] as const);

  describe("a node:tls client connects to our server", () => {
    let session: Session | undefined;
    const psk = { lookup: (name: string) => (name === identity ? key : undefined) };
    const server = createServer({ suites: pskTestSuites, psk }, async (channel) => {
      ({ session } = channel);
      await channel.readable.pipeTo(channel.writable);
    });
    let url = "";
    beforeAll(async () => {
      const listener = await server.listenWebSocket();
      url = `ws://127.0.0.1:${(listener.address() as AddressInfo).port}/`;
    });
    afterAll(() => server.close());

    test.each(cases)("%s: all data comes back", async (name) => {
      const socket = connectTls({
        socket: createWebSocketStream(new WebSocket(url)),
        maxVersion: "TLSv1.2",
        ciphers: ciphersOf(name),
        pskCallback: () => ({ psk: key, identity }),
        checkServerIdentity: () => undefined, // there is no certificate
      });
      socket.end(payload);
      const received: Buffer[] = [];
      for await (const bytes of socket as AsyncIterable<Buffer>) received.push(bytes);
      expect(Buffer.concat(received).equals(payload)).toBe(true);
      expect(session).toMatchObject({ suite: name, pskIdentity: identity });
    });
  });

  describe("our client connects to a node:tls server", () => {
    const tls = createTlsServer(
      {
        ciphers: "PSK:@SECLEVEL=0",
        maxVersion: "TLSv1.2",
        pskIdentityHint: "hint",
        pskCallback: (_, name) => (name === identity ? key : null),
      },
      (socket) => {
        socket.on("error", () => socket.destroy());
        socket.pipe(socket);
      },
    );
    const server = new WebSocketServer({ port: 0, host: "127.0.0.1" });
    server.on("connection", (peer) => tls.emit("connection", createWebSocketStream(peer)));
    afterAll(() => {
      for (const peer of server.clients) peer.terminate();
      server.close();
    });

    test.each(cases)("%s: all data comes back", async (name, suite) => {
      const channel = await connect(`ws://127.0.0.1:${(server.address() as AddressInfo).port}/`, {
        suites: [suite],
        psk: (hint) => (hint === "hint" ? { identity, key } : undefined),
      });
      expect(channel.session).toMatchObject({ suite: name, pskIdentity: identity });
      const writing = channel.write(payload).then(() => channel.closeWrite());
      const received: Uint8Array[] = [];
      for await (const bytes of channel) received.push(bytes);
      await writing;
      expect(Buffer.concat(received).equals(payload)).toBe(true);
      await channel.closed;
    });
  });
});
