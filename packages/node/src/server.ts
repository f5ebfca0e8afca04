import type { IncomingMessage } from "node:http";
import {
  type ReloadOptions,
  type ServerConfiguration,
  type ServerCredentials,
  type Session,
  serverConfig,
  type TlsConnection,
  TlsError,
  type Transport,
} from "@handclasp/core";
import { configurationError, optionsOf, usageError } from "@handclasp/core/unstable";
import { startAccept, withExplanationSync } from "@handclasp/core/unstable/engine";

import { Admission, type AdmissionOptions } from "./admission/admission.ts";
import { Expiry } from "./admission/expiry.ts";
import { lifetimeGrace } from "./admission/limits.ts";
import type { Ticket } from "./admission/ticket.ts";
import { certificateCacheOf } from "./certificates.ts";
import { nodeCrypto } from "./crypto/nodeCrypto.ts";
import { fixedOptions, peerErrors, stopHooks } from "./handlerHooks.ts";
import { isPromise, notify } from "./notify.ts";
import type { ServerMeasures } from "./observe/events.ts";
import { Observation, type Observed } from "./observe/observation.ts";
import { checkOptions, type ServerOptions } from "./serverOptions.ts";
import type { Listener, ListenTcpOptions } from "./transport/listener.ts";
import { listenForSockets } from "./transport/listenTcp.ts";
import { type ListenWebSocketOptions, listenForWebSockets } from "./transport/listenWebSocket.ts";
import { tcpTransport } from "./transport/tcp.ts";

/**
 * Called once for each channel, after its handshake. Until the promise that the handler returns settles, the peer's
 * close does not close the server's side. The server ignores any other return value. An error that the handler throws
 * ends the connection with the alert internal_error and goes to `onError`, unless it is the error that had already
 * ended the connection.
 */
export type ConnectionHandler = (connection: TlsConnection, request: IncomingMessage | undefined) => unknown;

/** A server of channels, with any number of listeners. */
export class TlsServer {
  readonly #options: ServerOptions;
  readonly #config: ServerConfiguration;
  readonly #handler: ConnectionHandler;
  readonly #connections = new Set<TlsConnection>();
  readonly #handshaking = new Set<TlsConnection>();
  /**
   * Connections that the server aborted because their handler failed. The server reports the handler's error, not the
   * abort.
   */
  readonly #failedHandlers = new WeakSet<TlsConnection>();
  readonly #listeners: Listener[] = [];
  readonly #expiry: Expiry;
  readonly #admission: Admission;
  readonly #observation: Observation;

  constructor(options: ServerOptions, handler: ConnectionHandler) {
    const known = withExplanationSync(() => checkOptions(options, handler));
    const { onError, idleTimeout, writeTimeout, maxLifetime, admission, observe, log, ...acceptOptions } = known;
    this.#observation = new Observation(this, { ...(observe && { observe }), ...(log && { log }) });
    this.#admission = withExplanationSync(() => this.#makeAdmission(admission));
    this.#expiry = withExplanationSync(() => new Expiry(known, (connection) => void this.#closeOld(connection)));
    const { provider = nodeCrypto } = acceptOptions;
    const { certificateCache = certificateCacheOf(provider) } = acceptOptions;
    this.#config = serverConfig({ ...acceptOptions, provider, certificateCache });
    this.#options = { ...acceptOptions, ...(onError && { onError }) };
    this.#handler = handler;
  }

  #makeAdmission(options: AdmissionOptions | false | undefined): Admission {
    const onRefused = (error: TlsError): void => this.#report(error, undefined);
    return new Admission(options, onRefused, undefined, (refusal) => this.#observation.refused(refusal));
  }

  /** The handlers that have not settled, by connection. Their connections may have ended. */
  readonly #pendingHandlers = new Map<TlsConnection, PromiseLike<unknown>>();
  #closed: Promise<readonly TlsConnection[]> | undefined;
  #lastRefusal = Number.NEGATIVE_INFINITY;

  /** Connections that are open or in their handshake. */
  get connections(): ReadonlySet<TlsConnection> {
    return this.#connections;
  }

  /** Accepts channels over WebSockets: on a port of its own, or on one path of an HTTP server. */
  listenWebSocket(options: ListenWebSocketOptions = {}): Promise<Listener> {
    return this.#listen(
      listenForWebSockets(
        options,
        (transport, request, ticket) => this.#acceptOrAbort(transport, ticket, request),
        (error) => this.#report(error, undefined),
        this.#admission,
      ),
    );
  }

  /** Accepts channels over TCP. */
  listenTcp(options: ListenTcpOptions = {}): Promise<Listener> {
    return this.#listen(
      listenForSockets(options, (socket) => {
        const ticket = this.#admission.admit(socket.remoteAddress);
        if (typeof ticket === "string") socket.destroy();
        else this.#acceptOrAbort(tcpTransport(socket), ticket);
      }),
    );
  }

  /**
   * Accepts a channel over a transport of your own. It counts for the limits of `admission`, but is not refused. Throws
   * a usage error after `close` was called.
   */
  accept(transport: Transport, request?: IncomingMessage): TlsConnection {
    if (this.#closed) throw usageError("the server is closed");
    return this.#accept(transport, this.#admission.force(transport?.remoteAddress), request);
  }

  #acceptOrAbort(transport: Transport, ticket: Ticket | undefined, request?: IncomingMessage): void {
    if (!this.#closed) this.#accept(transport, ticket ?? this.#admission.force(transport.remoteAddress), request);
    else {
      if (ticket) this.#admission.release(ticket);
      transport.abort("the server is closed");
    }
  }

  #accept(transport: Transport, ticket: Ticket, request: IncomingMessage | undefined): TlsConnection {
    const observed = this.#observation.observe(request ? "websocket" : "tcp");
    const connection = this.#start(transport, ticket, observed);
    observed?.begin(connection);
    this.#connections.add(connection);
    this.#handshaking.add(connection);
    this.#watch(connection, transport, ticket, observed);
    const onOpened = (session: Session): void => {
      this.#handshaking.delete(connection);
      this.#admission.established(ticket);
      observed?.established(session);
      this.#runHandler(connection, request);
    };
    // `#watch` reports a handshake that fails.
    connection.opened.then(onOpened, ignore);
    return connection;
  }

  #start(transport: Transport, ticket: Ticket, observed: Observed | undefined): TlsConnection {
    try {
      return startAccept(transport, this.#config, this.#admission.gateOf(ticket), observed);
    } catch (error) {
      if (observed) this.#observation.forget(observed);
      this.#admission.release(ticket);
      throw error;
    }
  }

  #runHandler(connection: TlsConnection, request: IncomingMessage | undefined): void {
    const failed = (error: unknown): void => this.#handlerFailed(error, connection);
    try {
      const result = this.#handler(connection, request);
      if (!isPromise(result)) return;
      const forget = (): boolean => this.#pendingHandlers.delete(connection);
      const settled = Promise.resolve(result).then(forget, (error: unknown) => {
        forget();
        failed(error);
      });
      this.#pendingHandlers.set(connection, settled);
      connection.holdOpen(settled);
    } catch (error) {
      failed(error);
    }
  }

  #handlerFailed(error: unknown, connection: TlsConnection): void {
    // The handler rethrew the error that ended its connection. `#watch` reports it.
    if (connection.endedBy(error)) return;
    this.#failedHandlers.add(connection);
    connection.abort(error, "internal_error");
    if (this.#options.onError) this.#report(error, connection);
    else if (!peerErrors.has(error as object)) console.error("handclasp: the handler of a connection failed:", error);
  }

  /**
   * A separate method: a closure in `accept` would keep the request and its headers in memory until the connection
   * ends.
   */
  #watch(connection: TlsConnection, transport: Transport, ticket: Ticket, observed: Observed | undefined): void {
    const watched = this.#expiry.add(connection, transport);
    const onClosed = (error?: unknown): void => {
      this.#expiry.delete(watched);
      this.#admission.ended(ticket, connection.transportSocket);
      observed?.closed(error);
      if (TlsError.is(error) && !this.#failedHandlers.has(connection) && error.code !== "peer_gone")
        this.#report(error, connection);
      this.#handshaking.delete(connection);
      this.#connections.delete(connection);
    };
    connection.closed.then(onClosed, onClosed);
  }

  /**
   * Uses other credentials for new connections, such as renewed certificates. Open connections keep theirs.
   * @throws TlsError `configuration` if a server cannot use them. The server then keeps its present credentials
   */
  setCredentials(credentials: ServerCredentials): void {
    this.#config.setCredentials(credentials);
  }

  /**
   * Changes certificates, client trust, ticket keys, ALPN, suites and other options for new connections:
   * docs/reload.md. Connections that have begun keep the options with which they began, also in their handshake.
   * Sessions that clients got under other rules for client certificates are not resumed.
   * @throws TlsError `configuration` if an option is wrong. The server then keeps all its present options
   * @example
   * server.reload({ credentials: nodeCredential({ cert, key }), clientAuth: "require", ca });
   */
  reload(options: ReloadOptions): void {
    for (const option of fixedOptions.get(this) ?? [])
      if (options?.[option] !== undefined)
        throw configurationError(`${option}: the handler of this server needs its own`, "leave it out");
    this.#config.reload(options);
    this.#observation.reloaded(Object.keys(options));
  }

  /**
   * The connections by their state, the queues, and the traffic so far, for gauges (docs/observability.md). It counts
   * the connections that began while the server had `observe`, `log` or a subscriber of node:diagnostics_channel. It
   * looks at each of them, so do not call it more than once a second.
   */
  measure(): ServerMeasures {
    return this.#observation.measure(this.#admission.queues);
  }

  /**
   * Stops accepting connections and asks the handlers to finish: the signal `closing` of each connection aborts. A
   * connection is closed when its handler settles, or at the end of the grace period: the server sends the data that
   * was written, then close_notify, and the close timeout applies. A connection in its handshake may finish it in the
   * grace period: then its handler is called and asked to finish. A second call returns the promise of the first.
   * @param options.grace the time that handshakes and handlers have to finish, in milliseconds. Default 5,000. With 0,
   *   every connection is closed at once
   * @returns the connections whose handler had not settled at the end of the grace period
   * @example
   * const server = createServer({ credentials: credential }, (channel) => channel.close());
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
    // After its grace period, a listener destroys the sockets that are still open. The period is longer than the
    // connections take to close or to fail.
    const stopped = this.#listeners
      .splice(0)
      .map((listener) => listener.close(Math.min(grace + closeTimeout + 3_000, 2 ** 31 - 1)));
    const unfinished: TlsConnection[] = [];
    let timer: NodeJS.Timeout | undefined;
    const graceIsOver = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, grace);
    });
    const closeOne = async (connection: TlsConnection): Promise<void> => {
      // When this promise resolves, `accept` has called the handler: it can be asked to finish.
      if (grace > 0 && this.#handshaking.has(connection))
        await Promise.race([connection.opened.catch(ignore), graceIsOver]);
      // Without a grace period, a handler still has this turn of the event loop, in which it can send a goodbye.
      await this.#askToFinish(connection, "stop", grace > 0 ? graceIsOver : new Promise(setImmediate));
      if (this.#pendingHandlers.has(connection)) unfinished.push(connection);
      await connection.close().catch(ignore);
    };
    await Promise.all([...new Set([...this.#connections, ...this.#pendingHandlers.keys()])].map(closeOne));
    clearTimeout(timer);
    await Promise.all(stopped);
    this.#observation.stopped();
    return unfinished;
  }

  /** Resolves when the handler of the connection has settled, or with `graceIsOver`. */
  async #askToFinish(connection: TlsConnection, why: "stop" | "old", graceIsOver: Promise<unknown>): Promise<void> {
    const handler = this.#pendingHandlers.get(connection);
    connection.signalClosing();
    stopHooks.get(connection)?.(why);
    if (handler) await Promise.race([handler, graceIsOver]);
  }

  /** Closes a connection that has lived for `maxLifetime`. */
  async #closeOld(connection: TlsConnection): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const graceIsOver = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, lifetimeGrace);
    });
    await this.#askToFinish(connection, "old", graceIsOver);
    clearTimeout(timer);
    await connection.close().catch(ignore);
  }

  /** Calls `close` with the default grace period. The promise never rejects. */
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

  /** A page that is refused learns nothing of the reason, so its author needs a word on the server. */
  #printRefusal(error: unknown): void {
    const now = performance.now();
    if (now - this.#lastRefusal < refusalInterval) return;
    this.#lastRefusal = now;
    console.error("handclasp:", String(error));
  }

  #report(error: unknown, connection: TlsConnection | undefined): void {
    if (!connection && !this.#options.onError) this.#printRefusal(error);
    notify("onError", () => this.#options.onError?.(error, connection));
  }
}

/** Any client can cause a refusal, so only the first of a minute is printed. */
const refusalInterval = 60_000;

const ignore = (): void => {};

/**
 * Makes a server of channels. It accepts channels once you call `listenWebSocket`, `listenTcp` or `accept`.
 * @throws TlsError `configuration`
 * @example
 * const credentials = [nodeCredential({ cert, key })];
 * const server = createServer({ credentials }, (channel) => channel.readable.pipeTo(channel.writable));
 * await server.listenWebSocket({ port: 8443 });
 */
export const createServer = (options: ServerOptions, handler: ConnectionHandler): TlsServer =>
  new TlsServer(options, handler);
