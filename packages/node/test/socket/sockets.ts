/**
 * Pairs of sockets over channels, for tests.
 */
import { connect as connectNet, createServer as createNetServer, type Socket } from "node:net";
import {
  accept,
  type ConnectOptions,
  connect,
  nodeCredential,
  nodeCrypto,
  type TlsConnection,
  type Transport,
  tcpTransport,
} from "@handclasp/node";
import { type ToSocketOptions, toSocket } from "@handclasp/node/socket";
import { type MemoryPair, type MemoryPairOptions, memoryPair, testCa } from "@handclasp/testing";
import type { ChannelSocket } from "../../src/socket/channelSocket.ts";

export const ca = await testCa();
export const issued = await ca.issue({ names: ["localhost"] });
const credentials = nodeCredential(issued);

export interface Channels {
  readonly client: TlsConnection;
  readonly server: TlsConnection;
}

/** Opens a channel over two transports. */
export async function openChannels(a: Transport, b: Transport, options: ConnectOptions = {}): Promise<Channels> {
  const serverOptions = { credentials, provider: nodeCrypto, alpn: ["test"] };
  const [client, server] = await Promise.all([
    connect(a, { ca: ca.pem, serverName: "localhost", alpn: ["test"], ...options }),
    accept(b, serverOptions),
  ]);
  return { client, server };
}

export interface Sockets {
  readonly client: ChannelSocket;
  readonly server: ChannelSocket;
  readonly channels: Channels;
  readonly pair: MemoryPair;
}

/** Two sockets over a channel in memory. */
export async function memorySockets(options: ToSocketOptions = {}, pairOptions?: MemoryPairOptions): Promise<Sockets> {
  const pair = memoryPair(pairOptions);
  const channels = await openChannels(pair.a, pair.b);
  return { client: toSocket(channels.client, options), server: toSocket(channels.server, options), channels, pair };
}

/** Two sockets of node:net that are connected by TCP. */
export function netSockets(): Promise<readonly [client: Socket, server: Socket]> {
  return new Promise((resolve) => {
    const server = createNetServer({ allowHalfOpen: true }, (accepted) => {
      server.close();
      resolve([client, accepted]);
    });
    let client: Socket;
    server.listen(0, "127.0.0.1", () => {
      client = connectNet({ ...(server.address() as { port: number }), host: "127.0.0.1", allowHalfOpen: true });
    });
  });
}

/** Two sockets over a channel over TCP. */
export async function tcpSockets(
  options: ToSocketOptions = {},
  connectOptions: ConnectOptions = {},
): Promise<Omit<Sockets, "pair"> & { readonly net: readonly [client: Socket, server: Socket] }> {
  const net = await netSockets();
  const channels = await openChannels(tcpTransport(net[0]), tcpTransport(net[1]), connectOptions);
  return { client: toSocket(channels.client, options), server: toSocket(channels.server, options), channels, net };
}

/** The names of the events that a socket emits, in order. */
export function eventsOf(socket: ChannelSocket): string[] {
  const seen: string[] = [];
  const names = ["connect", "ready", "secureConnect", "end", "finish", "timeout", "close"];
  for (const name of names) socket.on(name, () => seen.push(name));
  socket.on("error", ({ code }: NodeJS.ErrnoException) => seen.push(`error ${code}`));
  return seen;
}

/** Resolves after the event "close", also if the socket has closed before. */
export const closed = (socket: ChannelSocket): Promise<void> =>
  new Promise((resolve) => {
    if (socket.closed) setImmediate(resolve);
    else socket.on("close", () => resolve());
  });

/** Destroys sockets, each of which may see that the other one is destroyed. */
export function discard(...sockets: readonly ChannelSocket[]): void {
  for (const socket of sockets) socket.on("error", () => {});
  for (const socket of sockets) socket.destroy();
}

/**
 * All text until the clean end. Rejects if the socket fails or closes before. It listens to events, because a loop over
 * a stream destroys the stream at its end.
 */
export function textOf(socket: ChannelSocket): Promise<string> {
  return new Promise((resolve, reject) => {
    const parts: Buffer[] = [];
    socket.on("data", (bytes: Buffer) => parts.push(bytes));
    socket.on("end", () => resolve(Buffer.concat(parts).toString()));
    socket.on("error", reject).on("close", () => reject(new Error("closed before the end")));
  });
}
