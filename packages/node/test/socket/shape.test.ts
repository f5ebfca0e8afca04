/**
 * The methods and properties of a socket of node:net and node:tls, compared with those of Node.js for the same
 * connection.
 */
import { once } from "node:events";
import type { Socket } from "node:net";
import { type DetailedPeerCertificate, connect as tlsConnect } from "node:tls";
import {
  ccmSuites,
  connect,
  connectTcp,
  createServer,
  dheSuites,
  ecdhePskSuites,
  legacySuites,
  modernSuites,
  nodeCredential,
  pskSuites,
} from "@handclasp/node";
import { type ChannelSocket, toSocket } from "@handclasp/node/socket";
import { describe, expect, test, vi } from "vitest";
import { cipherOf } from "../../src/socket/peer.ts";
import { ca, closed, discard, issued, memorySockets, tcpSockets } from "./sockets.ts";

describe("a socket over TCP", () => {
  test("has the addresses of the connection until it is destroyed", async () => {
    const { client, server, net } = await tcpSockets();
    const [netClient] = net;
    expect(netClient.remotePort).toBeGreaterThan(0);
    const names = ["remoteAddress", "remotePort", "remoteFamily", "localAddress", "localPort", "localFamily"] as const;
    for (const name of names) expect(client[name]).toBe(netClient[name]);
    expect(client.address()).toEqual(netClient.address());
    expect([server.remotePort, server.localPort]).toEqual([client.localPort, client.remotePort]);
    discard(client, server);
    for (const name of names) expect(client[name]).toBeUndefined();
    expect(client.address()).toEqual({});
  });

  test("passes options on to the socket under it", async () => {
    const { client, server, net } = await tcpSockets();
    const calls: unknown[] = [];
    const [under] = net;
    for (const name of ["setNoDelay", "setKeepAlive", "ref", "unref"] as const)
      under[name] = (...args: unknown[]) => {
        calls.push([name, ...args]);
        return under;
      };
    expect(client.setNoDelay(true).setKeepAlive(true, 5000).unref().ref()).toBe(client);
    expect(calls).toEqual([["setNoDelay", true], ["setKeepAlive", true, 5000], ["unref"], ["ref"]]);
    discard(client, server);
    client.setNoDelay(false).ref();
    expect(calls).toHaveLength(4);
  });

  test("may be used in place of a socket of node:net", async () => {
    const { client, server } = await tcpSockets();
    const socket: Socket = client;
    expect([socket.connecting, socket.pending, socket.readyState]).toEqual([false, false, "open"]);
    expect([socket.bufferSize, socket.timeout, socket.autoSelectFamilyAttemptedAddresses]).toEqual([0, 0, []]);
    discard(client, server);
    expect([socket.connecting, socket.pending, socket.readyState]).toEqual([false, true, "closed"]);
    expect(await closed(client)).toBeUndefined();
  });
});

test("a socket over a WebSocket has the addresses of the WebSocket", async () => {
  const sockets: ChannelSocket[] = [];
  const server = createServer({ credentials: nodeCredential(issued) }, (channel) => sockets.push(toSocket(channel)));
  const { port } = (await server.listenWebSocket()).address() as { port: number };
  const client = toSocket(await connect(`ws://127.0.0.1:${port}/`, { ca: ca.pem, serverName: "localhost" }));
  expect([client.remoteAddress, client.remotePort, client.remoteFamily]).toEqual(["127.0.0.1", port, "IPv4"]);
  await vi.waitFor(() => expect(sockets).toHaveLength(1));
  expect([sockets[0]?.remotePort, sockets[0]?.localPort]).toEqual([client.localPort, port]);
  discard(client, ...sockets);
  await server.close({ grace: 0 });
});

test("a socket over memory has no addresses, and ignores options of sockets", async () => {
  const { client, server } = await memorySockets();
  expect([client.remoteAddress, client.remotePort, client.localFamily]).toEqual([undefined, undefined, undefined]);
  expect(client.address()).toEqual({});
  expect(client.setNoDelay().setKeepAlive(true).ref().unref()).toBe(client);
  discard(client, server);
});

/** Removes what differs between two connections or has no place in a comparison. */
function comparable(certificate: DetailedPeerCertificate): unknown {
  const { issuerCertificate, ...rest } = certificate;
  const isOwnIssuer = issuerCertificate === certificate;
  return { ...rest, issuer: isOwnIssuer ? "itself" : issuerCertificate && comparable(issuerCertificate), isOwnIssuer };
}

describe("what a socket says about TLS", () => {
  test("is what node:tls says about a connection to the same server", async () => {
    const server = createServer({ credentials: nodeCredential(issued), alpn: ["test"] }, () => {});
    const listener = await server.listenTcp();
    const { port } = listener.address() as { port: number };
    const theirs = tlsConnect({ port, ca: ca.pem, servername: "localhost", ALPNProtocols: ["test"] });
    await once(theirs, "secureConnect");
    const options = { ca: ca.pem, serverName: "localhost", alpn: ["test"] };
    const ours = toSocket(await connect(`tcp://127.0.0.1:${port}`, options));
    const detailed = ours.getPeerCertificate(true);
    expect(comparable(detailed)).toEqual(comparable(theirs.getPeerCertificate(true)));
    expect(detailed.issuerCertificate.issuerCertificate).toBe(detailed.issuerCertificate);
    expect(ours.getPeerCertificate()).toEqual(theirs.getPeerCertificate());
    expect(ours.getPeerX509Certificate()?.raw).toEqual(theirs.getPeerX509Certificate()?.raw);
    expect(ours.getCipher()).toEqual(theirs.getCipher());
    expect(ours.getProtocol()).toBe(theirs.getProtocol());
    for (const name of ["encrypted", "authorized", "authorizationError", "alpnProtocol"] as const)
      expect(ours[name]).toEqual(theirs[name]);
    expect([ours.servername, ours.isSessionReused()]).toEqual(["localhost", false]);
    theirs.destroy();
    ours.end();
    await Promise.all([closed(ours.resume()), server.close({ grace: 0 })]);
  });

  test("is authorized only if the peer has proved its identity", async () => {
    const verified = await memorySockets();
    expect([verified.client.authorized, verified.client.authorizationError]).toEqual([true, null]);
    // The client sent no certificate.
    expect([verified.server.authorized, verified.server.authorizationError]).toEqual([false, null]);
    expect(verified.server.getPeerCertificate()).toEqual({});
    expect(verified.server.getPeerX509Certificate()).toBeUndefined();
    expect(verified.server.servername).toBe("localhost");

    const server = createServer({ credentials: nodeCredential(issued) }, () => {});
    const listener = await server.listenTcp();
    const transport = connectTcp({ host: "127.0.0.1", port: (listener.address() as { port: number }).port });
    const unverified = toSocket(await connect(transport, { insecure: true }));
    expect(unverified.authorized).toBe(false);
    expect(unverified.authorizationError?.message).toContain("insecure");
    expect(unverified.getPeerCertificate().subject).toBeDefined();
    expect([unverified.servername, unverified.alpnProtocol]).toEqual([false, false]);
    discard(verified.client, verified.server, unverified);
    await server.close({ grace: 0 });
  });

  test("exports the same keying material on both sides", async () => {
    const { client, server } = await memorySockets();
    const key = (socket: ChannelSocket) => socket.exportKeyingMaterial(32, "EXPERIMENTAL test", Buffer.from("context"));
    expect(key(client)).toEqual(key(server));
    expect(Buffer.isBuffer(key(client))).toBe(true);
    discard(client, server);
  });
});

const suites = new Set([...modernSuites, ...legacySuites, ...dheSuites, ...ccmSuites, ...ecdhePskSuites, ...pskSuites]);

test("each suite has a name in the style of OpenSSL, and names only a version that has the suite", () => {
  const names = [...suites].map(({ name }) => cipherOf({ suite: name }));
  expect(new Set(names.map(({ name }) => name)).size).toBe(suites.size);
  for (const { name, version } of names) {
    expect(name).toMatch(/^[A-Z0-9]+(-[A-Z0-9]+)+$/);
    expect(["SSLv3", "TLSv1", "TLSv1.2"]).toContain(version);
  }
});
