/** A server of sockets over transports in memory. A test file that uses it installs the virtual clock. */
import { connect } from "@handclasp/core";
import {
  type MessageConnection,
  messageProtocols,
  type OpenMessagesOptions,
  openMessages,
} from "@handclasp/core/messages";
import { nodeCredential, nodeCrypto } from "@handclasp/node";
import {
  createWebSocketServer,
  type ServerSocket,
  type SocketHandler,
  type WebSocketServerOptions,
} from "@handclasp/node/websocket";
import { memoryPair, testCa } from "@handclasp/testing";
import { type Mock, vi } from "vitest";
import { pass } from "../ends/virtualTime.ts";

const ca = await testCa();
export const credentials = nodeCredential(await ca.issue({ names: ["localhost"] }));
export const clientOptions = {
  provider: nodeCrypto,
  ca: ca.pem,
  serverName: "localhost",
  alpn: messageProtocols,
} as const;

/** Opens the client's side, with the framing of core. */
export async function openClient(
  server: ReturnType<typeof createWebSocketServer>,
  options: OpenMessagesOptions = {},
): Promise<{ readonly pair: ReturnType<typeof memoryPair>; readonly client: MessageConnection }> {
  const pair = memoryPair();
  server.accept(pair.b);
  const opening = connect(pair.a, clientOptions).then((channel) => openMessages(channel, options));
  opening.catch(() => {});
  await pass(20);
  return { pair, client: await opening };
}

export interface Serving {
  readonly server: ReturnType<typeof createWebSocketServer>;
  readonly pair: ReturnType<typeof memoryPair>;
  readonly client: MessageConnection;
  readonly socket: ServerSocket;
  /** The `onError` of the server. */
  readonly onError: Mock<(error: unknown) => void>;
}

/** A server and one client, whose handler has begun. */
export async function serving(handler: SocketHandler, options: Partial<WebSocketServerOptions> = {}): Promise<Serving> {
  const onError = vi.fn<(error: unknown) => void>();
  let socket: ServerSocket | undefined;
  const server = createWebSocketServer({ credentials, onError, ...options }, (one, request) => {
    socket = one;
    return handler(one, request);
  });
  const { pair, client } = await openClient(server);
  if (!socket) throw new Error("the handler has not begun");
  return { server, pair, client, socket, onError };
}

/** The events of a socket, as texts. It listens to all but the given ones. */
export function eventsOf(socket: ServerSocket, ...except: readonly string[]): string[] {
  const events: string[] = [];
  const listen = (type: string, listener: (...values: never[]) => void): void => {
    if (!except.includes(type)) (socket as { on(type: string, listener: unknown): unknown }).on(type, listener);
  };
  listen("message", (data: Buffer, isBinary: boolean) =>
    events.push(`${isBinary ? "binary" : "text"} ${data.toString()}`),
  );
  listen("close", (code: number, reason: Buffer) => events.push(`close ${code} ${reason.toString()}`.trim()));
  listen("error", (error: { code: string }) => events.push(`error ${error.code}`));
  listen("ping", (data: Buffer) => events.push(`ping ${data.toString()}`));
  listen("pong", (data: Buffer) => events.push(`pong ${data.toString()}`));
  return events;
}

/** The outcome of a promise: "pending", its value, or the code of its error. */
export function outcome(promise: PromiseLike<unknown>): () => unknown {
  let state: unknown = "pending";
  promise.then(
    (value) => (state = value),
    (error: unknown) => (state = (error as { code?: unknown }).code ?? error),
  );
  return () => state;
}
