/**
 * The socket of `@handclasp/node/tls`: what it says about a connection, and how it ends.
 */
import { once } from "node:events";
import { type AddressInfo, createServer as createNetServer, connect as netConnect } from "node:net";
import { Duplex } from "node:stream";
import { connect as nodeConnect, createServer as nodeServer } from "node:tls";
import { connectWebSocket, listenWebSocket, type TlsError } from "@handclasp/node";
import { createServer, TLSSocket } from "@handclasp/node/tls";
import { expect, onTestFinished, test } from "vitest";
import { ca, client, failureOf, listening, own, secured, textOf } from "./pairs.ts";

test("echoes over TCP, with the events in the order of node:tls", async () => {
  const [, port] = await listening({}, (socket) => socket.pipe(socket));
  const socket = client(port);
  const events: string[] = [];
  for (const event of ["lookup", "connect", "ready", "secure", "secureConnect", "session", "end", "close"])
    socket.once(event, () => events.push(event));
  expect([socket.connecting, socket.secureConnecting, socket.encrypted]).toEqual([true, true, true]);
  socket.end("hello");
  const [text] = await Promise.all([textOf(socket), once(socket, "close")]);
  expect(text).toBe("hello");
  expect(events).toEqual(["lookup", "connect", "ready", "secure", "secureConnect", "session", "end", "close"]);
  expect(socket.authorized).toBe(true);
  expect(socket.authorizationError).toBeNull();
});

test("both sides know the same Finished messages and keying material", async () => {
  const { client, server } = await secured({ ALPNProtocols: ["b", "a"] }, { ALPNProtocols: ["a", "b"] });
  expect(client.getFinished()).toEqual(server.getPeerFinished());
  expect(client.getPeerFinished()).toEqual(server.getFinished());
  expect(client.getFinished()).toHaveLength(12);
  expect(client.exportKeyingMaterial(32, "EXPERIMENTAL x")).toEqual(server.exportKeyingMaterial(32, "EXPERIMENTAL x"));
  expect([client.alpnProtocol, server.alpnProtocol]).toEqual(["b", "b"]);
  expect(client.getProtocol()).toBe("TLSv1.2");
  expect(client.getEphemeralKeyInfo()).toEqual({ type: "ECDH", name: "X25519", size: 253 });
  expect(server.getEphemeralKeyInfo()).toBeNull();
  expect(server.getSharedSigalgs()).toContain("ECDSA+SHA256");
  const issuer = client.getPeerCertificate(true).issuerCertificate;
  expect(issuer.issuerCertificate).toBe(issuer);
  expect(client.getPeerX509Certificate()?.issuerCertificate?.raw).toEqual(Buffer.from(ca.der));
  expect(server.getPeerCertificate()).toEqual({});
  expect(server.getX509Certificate()?.raw).toEqual(client.getPeerX509Certificate()?.raw);
});

test("setMaxSendFragment limits the records", async () => {
  const { client, server } = await secured();
  expect([client.setMaxSendFragment(511), client.setMaxSendFragment(16_385)]).toEqual([false, false]);
  expect(client.setMaxSendFragment(600)).toBe(true);
  expect(() => client.setMaxSendFragment("600" as never)).toThrow(
    expect.objectContaining({ code: "ERR_INVALID_ARG_TYPE" }),
  );
  const lengths: number[] = [];
  server.on("data", (bytes: Buffer) => lengths.push(bytes.length));
  client.end(Buffer.alloc(5_000));
  await once(server, "end");
  expect(Math.max(...lengths)).toBeLessThanOrEqual(600);
  expect(lengths.reduce((sum, length) => sum + length)).toBe(5_000);
});

test("onread gets the bytes in a buffer of its own, and can stop them", async () => {
  const [, port] = await listening({}, (socket) => socket.end(Buffer.alloc(1_000, "x")));
  const buffer = Buffer.alloc(300);
  const lengths: number[] = [];
  const socket = client(port, {
    onread: {
      buffer,
      callback(length, bytes) {
        expect(bytes).toBe(buffer);
        lengths.push(length);
        if (lengths.length === 1) setImmediate(() => socket.resume());
        return lengths.length > 1;
      },
    },
  });
  await once(socket, "end");
  expect(lengths).toEqual([300, 300, 300, 100]);
});

test("renegotiate is refused", async () => {
  const { client } = await secured();
  const error = await new Promise<NodeJS.ErrnoException | null>((resolve) => {
    expect(client.renegotiate({}, resolve)).toBe(false);
  });
  expect(error?.code).toBe("ERR_TLS_RENEGOTIATION_DISABLED");
});

test("a peer that destroys its socket closes this one without an error and without an end", async () => {
  const { client, server } = await secured();
  const events: string[] = [];
  for (const event of ["end", "error", "close"]) client.on(event, () => events.push(event));
  client.resume();
  server.destroy();
  await once(client, "close");
  expect(events).toEqual(["close"]);
});

test("a connection that is cut fails with ECONNRESET", async () => {
  const [, port] = await listening({});
  let cut = (): void => {};
  const relay = createNetServer((side) => {
    const other = netConnect(port, "localhost");
    side.pipe(other).pipe(side);
    cut = () => side.end();
    for (const one of [side, other]) one.on("error", () => {});
  }).listen(0, "localhost");
  await once(relay, "listening");
  onTestFinished(() => void relay.close());
  const socket = client((relay.address() as AddressInfo).port);
  await once(socket, "secureConnect");
  cut();
  const error = await failureOf(socket.resume());
  expect(error.code).toBe("ECONNRESET");
  expect((error.cause as TlsError).code).toBe("truncated");
});

test("a connection that never was has the error of Node.js", async () => {
  const server = createNetServer().listen(0, "localhost");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  const error = await failureOf(client(port));
  expect(error).toMatchObject({ code: "ECONNREFUSED", syscall: "connect", port });
});

test("a server that ends in the handshake resets the client, with the address", async () => {
  const server = createNetServer((socket) => socket.end()).listen(0, "localhost");
  await once(server, "listening");
  onTestFinished(() => void server.close());
  const { port } = server.address() as AddressInfo;
  const error = await failureOf(client(port));
  expect(error).toMatchObject({ code: "ECONNRESET", host: "localhost", port });
  expect(error.message).toMatch(/before secure TLS connection was established/);
});

test("works over any Duplex, also over another TLSSocket", async () => {
  const [, port] = await listening({}, (outer) => {
    new TLSSocket(outer, { isServer: true, ...own }).on("secure", function (this: TLSSocket) {
      this.pipe(this);
    });
  });
  const outer = client(port);
  await once(outer, "secureConnect");
  const inner = client(0, { socket: Duplex.from({ readable: outer, writable: outer }) });
  inner.end("twice");
  expect(await textOf(inner)).toBe("twice");
});

test("works over a WebSocket", async () => {
  const server = createServer(own, (socket) => socket.pipe(socket));
  const listener = await listenWebSocket({}, (transport) => server.accept(transport));
  onTestFinished(() => listener.close(0));
  const { port } = listener.address() as AddressInfo;
  const socket = client(port, { transport: await connectWebSocket(`ws://127.0.0.1:${port}`) });
  socket.end("carried");
  expect(await textOf(socket)).toBe("carried");
});

test("a client of node:tls and a server of node:tls understand it", async () => {
  const [, port] = await listening({}, (socket) => socket.pipe(socket));
  const theirs = nodeConnect({ port, host: "localhost", ca: ca.pem });
  theirs.end("from node:tls");
  expect(Buffer.concat(await theirs.toArray()).toString()).toBe("from node:tls");
  const server = nodeServer(own, (socket) => socket.pipe(socket)).listen(0, "localhost");
  await once(server, "listening");
  onTestFinished(() => void server.close());
  const ours = client((server.address() as AddressInfo).port);
  ours.end("to node:tls");
  expect(await textOf(ours)).toBe("to node:tls");
});

test("prints the messages of a handshake, but no secrets", async () => {
  const lines: string[] = [];
  const write = process.stderr.write;
  process.stderr.write = (line: string) => lines.push(line) > 0;
  try {
    await secured({}, { enableTrace: true });
  } finally {
    process.stderr.write = write;
  }
  expect(lines.join("")).toMatch(/^TLS: sent client_hello, \d+ bytes\nTLS: received server_hello/);
});
