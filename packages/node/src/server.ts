import type { IncomingMessage } from "node:http";
import {
  type AcceptOptions,
  acceptWith,
  type Credential,
  serverConfig,
  type TlsConnection,
  type Transport,
  withCredentials,
} from "@handclasp/core";
import { certificatesOf } from "./certificates.ts";
import { nodeCrypto } from "./crypto/nodeCrypto.ts";
import { hook } from "./given.ts";
import type { Listener, ListenTcpOptions } from "./transport/listener.ts";
import { listenTcp } from "./transport/listenTcp.ts";
import { type ListenWebSocketOptions, listenWebSocket } from "./transport/listenWebSocket.ts";

export interface ServerOptions extends AcceptOptions {
  /**
   * Called for each connection that failed, in its handshake or later, with the TlsError that ended it; and for each handler that failed, with the
   * error that it threw, whatever that is. Default: the failures of handlers go to `console.error`, those of connections nowhere.
   */
  readonly onError?: (error: unknown, connection: TlsConnection) => void;
}

/**
 * Called once for each channel whose handshake is done. Our side stays open until the promise that the handler returns settles; anything else that it
 * returns means nothing. An error that it throws ends the connection with the alert internal_error and goes to `onError`, unless the error is the one
 * that ended the connection.
 */
export type ConnectionHandler = (connection: TlsConnection, request: IncomingMessage | undefined) => unknown;

/** A server, over any number of listeners. */
export class TlsServer {
  readonly #options: ServerOptions;
  #config: ReturnType<typeof serverConfig>;
  readonly #handler: ConnectionHandler;
  readonly #connections = new Set<TlsConnection>();
  /** Their errors were told: that the connection was then aborted is no news. */
  readonly #failedHandlers = new WeakSet<TlsConnection>();
  readonly #listeners: Listener[] = [];

  constructor(options: ServerOptions, handler: ConnectionHandler) {
    const { provider = nodeCrypto } = options;
    const { certificateCache = certificatesOf(provider) } = options;
    this.#options = { ...options, provider, certificateCache };
    this.#config = serverConfig(this.#options);
    hook("onError", options.onError);
    hook("the handler of connections", handler ?? null);
    this.#handler = handler;
  }

  /** Connections that are open or shaking hands. */
  get connections(): ReadonlySet<TlsConnection> {
    return this.#connections;
  }

  /** Accepts channels over WebSockets: on a port of its own, or attached to an HTTP server and a path. */
  listenWebSocket(options: ListenWebSocketOptions = {}): Promise<Listener> {
    return this.#listen(listenWebSocket(options, (transport, request) => this.accept(transport, request)));
  }

  /** Accepts channels over TCP. */
  listenTcp(options: ListenTcpOptions = {}): Promise<Listener> {
    return this.#listen(listenTcp(options, (transport) => this.accept(transport)));
  }

  /** Accepts a channel over a transport of your own. */
  accept(transport: Transport, request?: IncomingMessage): TlsConnection {
    const connection = acceptWith(this.#config, transport, this.#options);
    this.#connections.add(connection);
    this.#watch(connection);
    // A handshake that fails is what `#watch` tells of.
    connection.opened.then(() => this.#handle(connection, request), ignore);
    return connection;
  }

  #handle(connection: TlsConnection, request: IncomingMessage | undefined): void {
    const failed = (error: unknown): void => this.#handlerFailed(error, connection);
    try {
      const handled = this.#handler(connection, request);
      if (isPromise(handled)) connection.holdOpen(handled.then(undefined, failed));
    } catch (error) {
      failed(error);
    }
  }

  #handlerFailed(error: unknown, connection: TlsConnection): void {
    // The handler passed on how its connection ended, which `#watch` tells.
    if (connection.endedBy(error)) return;
    this.#failedHandlers.add(connection);
    connection.abort(error, "internal_error");
    if (this.#options.onError) this.#tell(error, connection);
    else console.error("handclasp: the handler of a connection failed:", error);
  }

  /** Apart from `accept`: what waits for the end would keep the request until then, its headers and all. */
  #watch(connection: TlsConnection): void {
    const gone = (error?: unknown): void => {
      if (error && !this.#failedHandlers.has(connection)) this.#tell(error, connection);
      this.#connections.delete(connection);
    };
    connection.closed.then(gone, gone);
  }

  /**
   * Serves other certificates from now on, such as renewed ones; connections that are open keep theirs.
   * @throws TlsError `configuration` where they cannot serve; the server then goes on with those it has.
   */
  setCredentials(credentials: readonly Credential[]): void {
    this.#config = withCredentials(this.#config, credentials);
  }

  /** Accepts no more, says close_notify to all, and is done when all are gone: 5 s at most. */
  async close(): Promise<void> {
    const closing = this.#listeners.splice(0).map((listener) => listener.close());
    for (const connection of this.#connections) connection.close().catch(() => {});
    await Promise.all(closing);
  }

  async #listen(starting: Promise<Listener>): Promise<Listener> {
    const listener = await starting;
    this.#listeners.push(listener);
    return listener;
  }

  #tell(error: unknown, connection: TlsConnection): void {
    try {
      this.#options.onError?.(error, connection);
    } catch (thrown) {
      console.error("handclasp: onError of the application threw:", thrown);
    }
  }
}

const ignore = (): void => {};

const isPromise = (value: unknown): value is PromiseLike<unknown> =>
  typeof (value as PromiseLike<unknown> | null | undefined)?.then === "function";

/**
 * A server of channels.
 * @throws TlsError `configuration`
 * @example
 * const server = createServer({ credentials: [nodeCredential({ cert, key })] }, (channel) => channel.readable.pipeTo(channel.writable));
 * await server.listenWebSocket({ port: 8443 });
 */
export const createServer = (options: ServerOptions, handler: ConnectionHandler): TlsServer =>
  new TlsServer(options, handler);
