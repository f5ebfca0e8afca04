import type { IncomingMessage } from "node:http";
import {
  type AcceptOptions,
  acceptWith,
  type Credential,
  serverConfig,
  type TlsConnection,
  TlsError,
  type Transport,
  withCredentials,
} from "@handclasp/core";
import { certificatesOf } from "./certificates.ts";
import { nodeCrypto } from "./crypto/nodeCrypto.ts";
import type { Listener, ListenTcpOptions } from "./transport/listener.ts";
import { listenTcp } from "./transport/listenTcp.ts";
import { type ListenWebSocketOptions, listenWebSocket } from "./transport/listenWebSocket.ts";

export interface ServerOptions extends AcceptOptions {
  /** Told of every connection that failed, its handshake or later. Default: nobody is. */
  readonly onError?: (error: TlsError, connection: TlsConnection) => void;
}

/** Called once for each channel whose handshake is done. */
export type ConnectionHandler = (
  connection: TlsConnection,
  request: IncomingMessage | undefined,
) => void | Promise<void>;

/** A server, over any number of listeners. */
export class TlsServer {
  readonly #options: ServerOptions;
  #config: ReturnType<typeof serverConfig>;
  readonly #handler: ConnectionHandler;
  readonly #connections = new Set<TlsConnection>();
  readonly #listeners: Listener[] = [];

  constructor(options: ServerOptions, handler: ConnectionHandler) {
    const { provider = nodeCrypto } = options;
    const { certificateCache = certificatesOf(provider) } = options;
    this.#options = { ...options, provider, certificateCache };
    this.#config = serverConfig(this.#options);
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
    connection.opened.then(() => this.#handle(connection, request)).catch(abort(connection));
    return connection;
  }

  #handle(connection: TlsConnection, request: IncomingMessage | undefined): void {
    const handled = this.#handler(connection, request);
    if (handled) connection.holdOpen(handled.then(undefined, abort(connection)));
  }

  /** Apart from `accept`: what waits for the end would keep the request until then, its headers and all. */
  #watch(connection: TlsConnection): void {
    const gone = (error?: unknown): void => {
      this.#failed(error, connection);
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

  #failed(error: unknown, connection: TlsConnection): void {
    try {
      if (TlsError.is(error)) this.#options.onError?.(error, connection);
    } catch (thrown) {
      console.error("handclasp: onError of the application threw:", thrown);
    }
  }
}

const abort =
  (connection: TlsConnection) =>
  (error: unknown): void =>
    connection.abort(error);

/**
 * A server of channels.
 * @throws TlsError `configuration`
 * @example
 * const server = createServer({ credentials: [nodeCredential({ cert, key })] }, (channel) => channel.readable.pipeTo(channel.writable));
 * await server.listenWebSocket({ port: 8443 });
 */
export const createServer = (options: ServerOptions, handler: ConnectionHandler): TlsServer =>
  new TlsServer(options, handler);
