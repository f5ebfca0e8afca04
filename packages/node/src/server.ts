import type { IncomingMessage } from "node:http";
import {
  type AcceptOptions,
  type ServerConfiguration,
  type ServerCredentials,
  serverConfig,
  type TlsConnection,
  TlsError,
  type Transport,
} from "@handclasp/core";
import { optionsOf, usageError, wrongOption } from "@handclasp/core/unstable";
import { accepted, serverOptions, withExplanationSync } from "@handclasp/core/unstable/engine";

import { certificatesOf } from "./certificates.ts";
import { nodeCrypto } from "./crypto/nodeCrypto.ts";
import type { Listener, ListenTcpOptions } from "./transport/listener.ts";
import { listenTcp } from "./transport/listenTcp.ts";
import { type ListenWebSocketOptions, listenWebSocket } from "./transport/listenWebSocket.ts";

export interface ServerOptions extends AcceptOptions {
  /**
   * Called for each connection that fails, during its handshake or later, with the TlsError that ended it, and for each
   * handler that fails, with the value that it threw. Default: failures of handlers go to `console.error`, those of
   * connections are not reported. A WebSocket that is refused for its Origin or Host (`origin_refused`, `host_refused`)
   * has no connection; it is reported at most once a minute for the same two headers.
   */
  readonly onError?: (error: unknown, connection: TlsConnection | undefined) => void;
}

/**
 * Called once for each channel, after its handshake. Our side stays open until the promise that the handler returns
 * settles; any other return value is ignored. An error that it throws ends the connection with the alert
 * internal_error and goes to `onError`, unless the error is the one that ended the connection.
 */
export type ConnectionHandler = (connection: TlsConnection, request: IncomingMessage | undefined) => unknown;

/** A server with any number of listeners. */
export class TlsServer {
  readonly #options: ServerOptions;
  readonly #config: ServerConfiguration;
  readonly #handler: ConnectionHandler;
  readonly #connections = new Set<TlsConnection>();
  /** Connections whose handler failed. That is reported already, so the abort that follows is not reported again. */
  readonly #failedHandlers = new WeakSet<TlsConnection>();
  readonly #listeners: Listener[] = [];

  constructor(options: ServerOptions, handler: ConnectionHandler) {
    const { onError, ...checkedOptions } = withExplanationSync(() => checked(options, handler));
    const { provider = nodeCrypto } = checkedOptions;
    const { certificateCache = certificatesOf(provider) } = checkedOptions;
    this.#config = serverConfig({ ...checkedOptions, provider, certificateCache });
    this.#options = { ...checkedOptions, ...(onError && { onError }) };
    this.#handler = handler;
  }

  /** The handlers that have not settled yet. Their connections may have ended. */
  readonly #handling = new Map<TlsConnection, PromiseLike<unknown>>();
  #closed: Promise<readonly TlsConnection[]> | undefined;

  /** The connections that are open or in their handshake. */
  get connections(): ReadonlySet<TlsConnection> {
    return this.#connections;
  }

  /** Accepts channels over WebSockets: on a port of its own, or attached to an HTTP server and a path. */
  listenWebSocket(options: ListenWebSocketOptions = {}): Promise<Listener> {
    return this.#listen(
      listenWebSocket(
        options,
        (transport, request) => this.#onTransport(transport, request),
        (error) => this.#report(error, undefined),
      ),
    );
  }

  /** Accepts channels over TCP. */
  listenTcp(options: ListenTcpOptions = {}): Promise<Listener> {
    return this.#listen(listenTcp(options, (transport) => this.#onTransport(transport)));
  }

  /** Accepts a channel over a transport of your own. Throws a usage error after `close()`. */
  accept(transport: Transport, request?: IncomingMessage): TlsConnection {
    if (this.#closed) throw usageError("the server is closed");
    const connection = accepted(transport, this.#config);
    this.#connections.add(connection);
    this.#watch(connection);
    // `#watch` reports a handshake that fails.
    connection.opened.then(() => this.#handle(connection, request), ignore);
    return connection;
  }

  #onTransport(transport: Transport, request?: IncomingMessage): void {
    if (this.#closed) transport.abort("the server is closed");
    else this.accept(transport, request);
  }

  #handle(connection: TlsConnection, request: IncomingMessage | undefined): void {
    const onFailure = (error: unknown): void => this.#handlerFailed(error, connection);
    try {
      const handled = this.#handler(connection, request);
      if (!isPromise(handled)) return;
      const done = (): boolean => this.#handling.delete(connection);
      const settled = Promise.resolve(handled).then(done, (error: unknown) => {
        done();
        onFailure(error);
      });
      this.#handling.set(connection, settled);
      connection.holdOpen(settled);
    } catch (error) {
      onFailure(error);
    }
  }

  #handlerFailed(error: unknown, connection: TlsConnection): void {
    // The handler threw the error that ended its connection, which `#watch` reports.
    if (connection.endedBy(error)) return;
    this.#failedHandlers.add(connection);
    connection.abort(error, "internal_error");
    if (this.#options.onError) this.#report(error, connection);
    else console.error("handclasp: the handler of a connection failed:", error);
  }

  /**
   * Separate from `accept`, because a closure there would keep the request with its headers until the connection ends.
   */
  #watch(connection: TlsConnection): void {
    const onEnd = (error?: unknown): void => {
      if (TlsError.is(error) && !this.#failedHandlers.has(connection) && error.code !== "peer_gone")
        this.#report(error, connection);
      this.#connections.delete(connection);
    };
    connection.closed.then(onEnd, onEnd);
  }

  /**
   * Uses other certificates for new connections, such as renewed ones. Open connections keep theirs.
   * @throws TlsError `configuration` if they cannot be used; the server then keeps those that it has
   */
  setCredentials(credentials: ServerCredentials): void {
    this.#config.setCredentials(credentials);
  }

  /**
   * Stops accepting, and asks the handlers to finish: each connection's `closing` aborts. A connection is closed when
   * its handler settles, or when the grace is over: close_notify is sent after the written data, then the close timeout
   * applies. Connections in their handshake are closed immediately. A second call returns the same promise.
   * @param options.grace the time that handlers have, ms; default 5,000; 0 closes all connections immediately
   * @returns the connections whose handler had not settled when the grace was over
   * @example
   * const server = createServer({ credentials: [credential] }, (channel) => channel.readable.pipeTo(channel.writable));
   * process.once("SIGTERM", () => server.close({ grace: 10_000 }));
   */
  close(options: { readonly grace?: number } = {}): Promise<readonly TlsConnection[]> {
    const { grace = 5_000 } = withExplanationSync(() => optionsOf(options, ["ms|0~0 grace"]));
    this.#closed ??= this.#close(grace);
    this.#closed.catch(ignore);
    return this.#closed;
  }

  async #close(grace: number): Promise<readonly TlsConnection[]> {
    const { closeTimeout = 5_000 } = this.#options;
    // A listener cuts the remaining sockets, so its grace is longer than connections take to close or fail.
    const stopped = this.#listeners
      .splice(0)
      .map((listener) => listener.close(Math.min(grace + closeTimeout + 3_000, 2 ** 31 - 1)));
    const late: TlsConnection[] = [];
    let graceTimer: NodeJS.Timeout | undefined;
    const graceIsOver = new Promise<void>((resolve) => {
      graceTimer = setTimeout(resolve, grace);
    });
    const closeOne = async (connection: TlsConnection): Promise<void> => {
      const handled = this.#handling.get(connection);
      connection.askToClose();
      if (handled) await (grace > 0 ? Promise.race([handled, graceIsOver]) : undefined);
      if (this.#handling.has(connection)) late.push(connection);
      await connection.close().catch(ignore);
    };
    await Promise.all([...new Set([...this.#connections, ...this.#handling.keys()])].map(closeOne));
    clearTimeout(graceTimer);
    await Promise.all(stopped);
    return late;
  }

  /** Calls `close()`, and never rejects. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #listen(starting: Promise<Listener>): Promise<Listener> {
    const listener = await starting;
    if (this.#closed) {
      await listener.close(0);
      throw usageError("the server is closed");
    }
    this.#listeners.push(listener);
    return listener;
  }

  #report(error: unknown, connection: TlsConnection | undefined): void {
    const onFailure = (thrown: unknown): void => console.error("handclasp: onError of the application threw:", thrown);
    try {
      const returned: unknown = this.#options.onError?.(error, connection);
      // Any peer can cause an error, so a rejection of an async `onError` must not end the process either.
      if (isPromise(returned)) Promise.resolve(returned).catch(onFailure);
    } catch (thrown) {
      onFailure(thrown);
    }
  }
}

function checked(options: ServerOptions, handler: unknown): ServerOptions {
  const checkedOptions = optionsOf(options, [...serverOptions(), "function onError"]);
  if (typeof handler === "function") return checkedOptions;
  throw wrongOption("the handler of connections", handler, "a function after the options: (channel, request) => …");
}

const ignore = (): void => {};

const isPromise = (value: unknown): value is PromiseLike<unknown> =>
  typeof (value as PromiseLike<unknown> | null | undefined)?.then === "function";

/**
 * Creates a server, which calls `handler` for each channel.
 * @throws TlsError `configuration`
 * @example
 * const credentials = [nodeCredential({ cert, key })];
 * const server = createServer({ credentials }, (channel) => channel.readable.pipeTo(channel.writable));
 * await server.listenWebSocket({ port: 8443 });
 */
export const createServer = (options: ServerOptions, handler: ConnectionHandler): TlsServer =>
  new TlsServer(options, handler);
