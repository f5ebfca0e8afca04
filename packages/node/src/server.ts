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
   * Called for each connection that failed, in its handshake or later, with the TlsError that ended it; and for each
   * handler that failed, with the error that it threw, whatever that is. Default: the failures of handlers go to
   * `console.error`, those of connections nowhere. A WebSocket that its Origin or Host kept out (`origin_refused`,
   * `host_refused`) has no connection; it is told at most once a minute for the same two headers.
   */
  readonly onError?: (error: unknown, connection: TlsConnection | undefined) => void;
}

/**
 * Called once for each channel whose handshake is done. Our side stays open until the promise that the handler returns
 * settles; anything else that it returns means nothing. An error that it throws ends the connection with the alert
 * internal_error and goes to `onError`, unless the error is the one that ended the connection.
 */
export type ConnectionHandler = (connection: TlsConnection, request: IncomingMessage | undefined) => unknown;

/** A server, over any number of listeners. */
export class TlsServer {
  readonly #options: ServerOptions;
  readonly #config: ServerConfiguration;
  readonly #handler: ConnectionHandler;
  readonly #connections = new Set<TlsConnection>();
  /** Connections whose handler failed, and that was told: that they were then aborted is no news. */
  readonly #failedHandlers = new WeakSet<TlsConnection>();
  readonly #listeners: Listener[] = [];

  constructor(options: ServerOptions, handler: ConnectionHandler) {
    const { onError, ...given } = withExplanationSync(() => checked(options, handler));
    const { provider = nodeCrypto } = given;
    const { certificateCache = certificatesOf(provider) } = given;
    this.#config = serverConfig({ ...given, provider, certificateCache });
    this.#options = { ...given, ...(onError && { onError }) };
    this.#handler = handler;
  }

  /** Handlers that have not settled, whose connection may be over. */
  readonly #handling = new Map<TlsConnection, PromiseLike<unknown>>();
  #closed: Promise<readonly TlsConnection[]> | undefined;

  /** Connections that are open or shaking hands. */
  get connections(): ReadonlySet<TlsConnection> {
    return this.#connections;
  }

  /** Accepts channels over WebSockets: on a port of its own, or attached to an HTTP server and a path. */
  listenWebSocket(options: ListenWebSocketOptions = {}): Promise<Listener> {
    return this.#listen(
      listenWebSocket(
        options,
        (transport, request) => this.#take(transport, request),
        (error) => this.#tell(error, undefined),
      ),
    );
  }

  /** Accepts channels over TCP. */
  listenTcp(options: ListenTcpOptions = {}): Promise<Listener> {
    return this.#listen(listenTcp(options, (transport) => this.#take(transport)));
  }

  /** Accepts a channel over a transport of your own. Throws a usage error once `close` was called. */
  accept(transport: Transport, request?: IncomingMessage): TlsConnection {
    if (this.#closed) throw usageError("the server is closed");
    const connection = accepted(transport, this.#config);
    this.#connections.add(connection);
    this.#watch(connection);
    // `#watch` tells of a handshake that fails.
    connection.opened.then(() => this.#handle(connection, request), ignore);
    return connection;
  }

  #take(transport: Transport, request?: IncomingMessage): void {
    if (this.#closed) transport.abort("the server is closed");
    else this.accept(transport, request);
  }

  #handle(connection: TlsConnection, request: IncomingMessage | undefined): void {
    const failed = (error: unknown): void => this.#handlerFailed(error, connection);
    try {
      const handled = this.#handler(connection, request);
      if (!isPromise(handled)) return;
      const done = (): boolean => this.#handling.delete(connection);
      const settled = Promise.resolve(handled).then(done, (error: unknown) => {
        done();
        failed(error);
      });
      this.#handling.set(connection, settled);
      connection.holdOpen(settled);
    } catch (error) {
      failed(error);
    }
  }

  #handlerFailed(error: unknown, connection: TlsConnection): void {
    // The handler passed on how its connection ended, and `#watch` tells that.
    if (connection.endedBy(error)) return;
    this.#failedHandlers.add(connection);
    connection.abort(error, "internal_error");
    if (this.#options.onError) this.#tell(error, connection);
    else console.error("handclasp: the handler of a connection failed:", error);
  }

  /**
   * Apart from `accept`: a function that waits for the end there would keep the request, headers and all, until then.
   */
  #watch(connection: TlsConnection): void {
    const gone = (error?: unknown): void => {
      if (TlsError.is(error) && !this.#failedHandlers.has(connection) && error.code !== "peer_gone")
        this.#tell(error, connection);
      this.#connections.delete(connection);
    };
    connection.closed.then(gone, gone);
  }

  /**
   * Serves other certificates from now on, such as renewed ones; connections that are open keep theirs.
   * @throws TlsError `configuration` where they cannot serve; the server then goes on with those it has.
   */
  setCredentials(credentials: ServerCredentials): void {
    this.#config.setCredentials(credentials);
  }

  /**
   * Accepts no more, and asks the handlers to finish: each connection's `closing` aborts. A connection is closed when
   * its handler settles, or when the grace is over: close_notify behind what was written, then the close timeout
   * applies. Connections that are shaking hands are closed at once. Called again, it resolves with the same.
   * @param options.grace milliseconds that handlers have, 5,000 unless told otherwise; 0 closes all at once
   * @returns the connections whose handler had not settled when the grace was over
   * @example
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
    // A listener cuts what is left: that is never sooner than the connections have closed or failed.
    const stopped = this.#listeners
      .splice(0)
      .map((listener) => listener.close(Math.min(grace + closeTimeout + 3_000, 2 ** 31 - 1)));
    const late: TlsConnection[] = [];
    let over: NodeJS.Timeout | undefined;
    const graceIsOver = new Promise<void>((resolve) => {
      over = setTimeout(resolve, grace);
    });
    const closeOne = async (connection: TlsConnection): Promise<void> => {
      const handled = this.#handling.get(connection);
      connection.askToClose();
      if (handled) await (grace > 0 ? Promise.race([handled, graceIsOver]) : undefined);
      if (this.#handling.has(connection)) late.push(connection);
      await connection.close().catch(ignore);
    };
    await Promise.all([...new Set([...this.#connections, ...this.#handling.keys()])].map(closeOne));
    clearTimeout(over);
    await Promise.all(stopped);
    return late;
  }

  /** As `close`; it never rejects. */
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

  #tell(error: unknown, connection: TlsConnection | undefined): void {
    const failed = (thrown: unknown): void => console.error("handclasp: onError of the application threw:", thrown);
    try {
      const told: unknown = this.#options.onError?.(error, connection);
      // Any peer can bring an error about: one that is told to an async function must not end the process either.
      if (isPromise(told)) Promise.resolve(told).catch(failed);
    } catch (thrown) {
      failed(thrown);
    }
  }
}

function checked(options: ServerOptions, handler: unknown): ServerOptions {
  const given = optionsOf(options, [...serverOptions(), "function onError"]);
  if (typeof handler === "function") return given;
  throw wrongOption("the handler of connections", handler, "a function behind the options: (channel, request) => …");
}

const ignore = (): void => {};

const isPromise = (value: unknown): value is PromiseLike<unknown> =>
  typeof (value as PromiseLike<unknown> | null | undefined)?.then === "function";

/**
 * A server of channels.
 * @throws TlsError `configuration`
 * @example
 * const credentials = [nodeCredential({ cert, key })];
 * const server = createServer({ credentials }, (channel) => channel.readable.pipeTo(channel.writable));
 * await server.listenWebSocket({ port: 8443 });
 */
export const createServer = (options: ServerOptions, handler: ConnectionHandler): TlsServer =>
  new TlsServer(options, handler);
