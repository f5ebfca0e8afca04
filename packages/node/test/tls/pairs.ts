/**
 * Servers of `@handclasp/node/tls` and their clients, for tests.
 */
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import {
  type ConnectionOptions,
  connect,
  createServer,
  type Server,
  type TLSSocket,
  type TlsOptions,
} from "@handclasp/node/tls";
import { testCa } from "@handclasp/testing";
import { onTestFinished } from "vitest";

export const ca = await testCa();
export const otherCa = await testCa();
export const issued = await ca.issue({ names: ["localhost"] });
/** A server's own certificate and key. */
export const own = { cert: issued.cert, key: issued.key };

/** Starts a server on a free port, until the end of the test. */
export async function listening(
  options: TlsOptions,
  listener?: (socket: TLSSocket) => void,
): Promise<[Server, number]> {
  const server = createServer({ ...own, ...options }, listener);
  // A client that leaves is no failure of a test.
  server.on("secureConnection", (socket: TLSSocket) => socket.on("error", () => {}));
  server.listen(0, "localhost");
  await once(server, "listening");
  onTestFinished(() => void server.close());
  return [server, (server.address() as AddressInfo).port];
}

/** A client that trusts `ca`. It is destroyed at the end of the test. */
export function client(port: number, options: ConnectionOptions = {}): TLSSocket {
  const socket = connect({ port, host: "localhost", ca: ca.pem, ...options });
  onTestFinished(() => void socket.on("error", () => {}).destroy());
  return socket;
}

export interface Pair {
  readonly client: TLSSocket;
  readonly server: TLSSocket;
}

/** A client and its socket of the server, after both handshakes. */
export async function secured(serverOptions: TlsOptions = {}, clientOptions: ConnectionOptions = {}): Promise<Pair> {
  const [server, port] = await listening(serverOptions);
  const socket = client(port, clientOptions);
  const [[accepted]] = await Promise.all([once(server, "secureConnection"), once(socket, "secureConnect")]);
  onTestFinished(() => void (accepted as TLSSocket).on("error", () => {}).destroy());
  return { client: socket, server: accepted as TLSSocket };
}

/** The error with which a socket closes. */
export async function failureOf(socket: TLSSocket): Promise<NodeJS.ErrnoException> {
  const [error] = await once(socket, "error").catch((thrown: unknown) => [thrown]);
  return error as NodeJS.ErrnoException;
}

/** All bytes as text, until the clean end. */
export function textOf(socket: TLSSocket): Promise<string> {
  return new Promise((resolve, reject) => {
    const parts: Buffer[] = [];
    socket.on("data", (bytes: Buffer) => parts.push(bytes));
    socket.on("end", () => resolve(Buffer.concat(parts).toString()));
    socket.on("error", reject).on("close", () => reject(new Error("closed before the end")));
  });
}
