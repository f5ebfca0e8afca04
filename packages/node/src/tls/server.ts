/**
 * Accepts connections as a server.
 * @module
 */
import { captureRejectionSymbol } from "node:events";
import { Server as NetServer } from "node:net";
import type { Duplex } from "node:stream";
import { createServer as checkWithNode, type SecureContextOptions } from "node:tls";
import { memoryStore, type SessionStore, type Transport } from "@handclasp/core";
import { nodeError, wrongType } from "./errors.ts";
import { checkTypes, requireObject } from "./options.ts";
import { createSecureContext, SecureContext, withErrorsOfNode } from "./secureContext.ts";
import { ServerConfigs, TicketKeys } from "./serverSide.ts";
import { checkSocketOptions, defaultHandshakeTimeout, serverSettingsOf } from "./socketOptions.ts";
import { TLSSocket } from "./tlsSocket.ts";
import type { SniCallback, TlsOptions } from "./types.ts";

type Listener = (socket: TLSSocket) => void;

class TlsServer extends NetServer {
  readonly #options: TlsOptions;
  #context: SecureContext;
  #configs: ServerConfigs;
  readonly #ticketKeys: TicketKeys;
  readonly #contexts: { readonly pattern: RegExp; readonly context: SecureContext }[] = [];
  readonly #store: SessionStore;

  constructor(options?: TlsOptions | Listener, listener?: Listener) {
    const given = typeof options === "function" ? {} : (options ?? {});
    const context = withErrorsOfNode(
      () => checkedContext(given),
      () => checkWithNode(options as never),
    );
    super(netOptionsOf(given));
    this.#options = given;
    this.#context = context;
    this.#ticketKeys = new TicketKeys(context.settings.ticketKeys, context.settings.sessionTimeout);
    this.#store = this.#makeStore();
    this.#configs = this.#makeConfigs();
    const onSecure = typeof options === "function" ? options : listener;
    if (onSecure) this.on("secureConnection", onSecure);
    this.on("connection", (carrier: Duplex | Transport) => this.accept(carrier));
  }

  /** Accepts a connection over a stream, or over a transport such as that of `listenWebSocket`. */
  accept(carrier: Duplex | Transport): TLSSocket {
    const { pauseOnConnect, secureContext: _, ...options } = this.#options;
    const hasKeyLog = this.listenerCount("keylog") > 0;
    const hasOcsp = this.listenerCount("OCSPRequest") > 0;
    const socket = new TLSSocket(
      carrier,
      {
        ...options,
        isServer: true,
        secureContext: this.#context,
        handshakeTimeout: options.handshakeTimeout ?? defaultHandshakeTimeout,
        SNICallback: options.SNICallback ?? (this.#contexts.length ? this.#findContext : undefined),
      },
      {
        configs: this.#configs,
        ...(hasOcsp && { ocsp: (certificate, issuer) => this.#askForOcsp(certificate, issuer, socket) }),
        ...(hasKeyLog && { keyLog: (line) => void this.emit("keylog", line, socket) }),
      },
    );
    let isDone = false;
    socket.on("_tlsError", (error: Error) => {
      if (!isDone) this.emit("tlsClientError", error, socket);
      isDone = true;
    });
    socket.on("close", () => {
      // The peer has left, or a listener of another event has destroyed the socket.
      if (!isDone) this.emit("tlsClientError", nodeError("ECONNRESET", "socket hang up"), socket);
      isDone = true;
    });
    socket.once("secure", () => {
      isDone = true;
      socket.releaseControl();
      if (pauseOnConnect) socket.pause();
      this.emit("secureConnection", socket);
    });
    return socket;
  }

  /** Uses other certificates for clients that ask for a name. `*` stands for one label. The last match counts. */
  addContext(hostname: string, context: SecureContext | SecureContextOptions): void {
    if (!hostname || typeof hostname !== "string")
      throw nodeError("ERR_TLS_REQUIRED_SERVER_NAME", '"servername" is required parameter for Server.addContext');
    const pattern = new RegExp(`^${hostname.replace(/([.^$+?\-\\[\]{}])/g, "\\$1").replaceAll("*", "[^.]*")}$`, "i");
    this.#contexts.push({
      pattern,
      context: context instanceof SecureContext ? context : createSecureContext(context),
    });
  }

  readonly #findContext: SniCallback = (servername, callback) => {
    callback(null, [...this.#contexts].reverse().find(({ pattern }) => pattern.test(servername))?.context);
  };

  /** Uses other certificates, suites and keys for later connections. Open connections keep theirs. */
  setSecureContext(options: SecureContextOptions): void {
    const context = createSecureContext(options);
    this.#context = context;
    if (context.settings.ticketKeys) this.#ticketKeys.set(context.settings.ticketKeys);
    this.#configs = this.#makeConfigs();
  }

  /** The key that encrypts new tickets, 48 bytes. */
  getTicketKeys(): Buffer {
    return Buffer.from(this.#ticketKeys.current[0] as Buffer);
  }
  /** Sets the key of tickets, 48 bytes. Servers with the same key resume each other's sessions. */
  setTicketKeys(keys: Buffer): void {
    if (!ArrayBuffer.isView(keys)) throw wrongType("keys", "an instance of Buffer, TypedArray, or DataView", keys);
    if (keys.byteLength !== 48)
      throw nodeError("ERR_INVALID_ARG_VALUE", "Session ticket keys must be a 48-byte buffer", { type: TypeError });
    this.#ticketKeys.set(Buffer.from(new Uint8Array(keys.buffer, keys.byteOffset, keys.byteLength)));
  }

  /** A module `cluster` of Node.js calls these two, so that all workers have the same key of tickets. */
  _getServerData(): { readonly ticketKeys: string } {
    return { ticketKeys: this.getTicketKeys().toString("hex") };
  }
  _setServerData({ ticketKeys }: { readonly ticketKeys: string }): void {
    this.setTicketKeys(Buffer.from(ticketKeys, "hex"));
  }

  static {
    // With `captureRejections`, a listener that rejects destroys its socket.
    Object.defineProperty(TlsServer.prototype, captureRejectionSymbol, {
      value(this: TlsServer, error: Error, event: string | symbol, socket: unknown) {
        if (event === "secureConnection" && socket instanceof TLSSocket) socket.destroy(error);
        else this.emit("error", error);
      },
    });
  }

  #makeConfigs(): ServerConfigs {
    return new ServerConfigs({
      ...serverSettingsOf(this.#options),
      sessionStore: this.#store,
      ticketKeys: () => this.#ticketKeys.current,
    });
  }

  /** The cache of session IDs: the application's, if it listens to the events, otherwise one in memory. */
  #makeStore(): SessionStore {
    const memory = memoryStore();
    return {
      get: (id) => {
        if (!this.listenerCount("resumeSession")) return memory.get(id);
        return new Promise((resolve, reject) => {
          this.emit("resumeSession", Buffer.from(id, "hex"), (error: Error | null, session?: Uint8Array | null) =>
            error ? reject(error) : resolve(session ?? undefined),
          );
        });
      },
      set: (id, session, expires) => {
        if (!this.emit("newSession", Buffer.from(id, "hex"), Buffer.from(session), () => {}))
          return memory.set(id, session, expires);
      },
      delete: (id) => memory.delete(id),
    };
  }

  #askForOcsp(certificate: Buffer, issuer: Buffer | null, socket: TLSSocket): Promise<Uint8Array | undefined> {
    return new Promise((resolve) => {
      this.emit("OCSPRequest", certificate, issuer, (error: Error | null, response?: Uint8Array | null) => {
        if (error) socket.destroy(error);
        resolve(response?.length ? new Uint8Array(response) : undefined);
      });
    });
  }
}

/** A server of TLS over TCP, and over transports by `accept`. Its events are those of node:tls. */
export type Server = TlsServer;
/** The class, which may be called without `new`, as that of node:tls. */
export const Server: typeof TlsServer & ((options?: TlsOptions | Listener, listener?: Listener) => Server) = new Proxy(
  TlsServer,
  { apply: (target, _, args) => new target(...(args as ConstructorParameters<typeof TlsServer>)) },
) as never;

/**
 * Makes a server. It accepts TCP connections once you call `listen`.
 * @throws Error with the code of node:tls for an option that it refuses too; TlsError `configuration` for an option
 *   that only Handclasp refuses
 * @example
 * import { createServer } from "@handclasp/node/tls";
 * const options = { cert: readFileSync("server.pem"), key: readFileSync("server.key") };
 * const server = createServer(options, (socket) => socket.pipe(socket));
 * server.listen(8443);
 */
export function createServer(options?: TlsOptions, listener?: Listener): Server;
export function createServer(listener?: Listener): Server;
export function createServer(options?: TlsOptions | Listener, listener?: Listener): Server {
  return new Server(options, listener);
}

function checkedContext(options: TlsOptions): SecureContext {
  requireObject(options);
  checkTypes(options, { pskIdentityHint: "string", sessionTimeout: "number" });
  // Each connection has these options. One that is wrong must not wait for a client to throw.
  checkSocketOptions(options);
  const context = options.secureContext ?? createSecureContext(options);
  new ServerConfigs(serverSettingsOf(options)).of(context);
  return context;
}

const netOptionsOf = ({
  allowHalfOpen,
  pauseOnConnect,
  noDelay,
  keepAlive,
  keepAliveInitialDelay,
  highWaterMark,
}: TlsOptions) => ({
  ...(allowHalfOpen !== undefined && { allowHalfOpen }),
  ...(pauseOnConnect !== undefined && { pauseOnConnect }),
  ...(noDelay !== undefined && { noDelay }),
  ...(keepAlive !== undefined && { keepAlive }),
  ...(keepAliveInitialDelay !== undefined && { keepAliveInitialDelay }),
  ...(highWaterMark !== undefined && { highWaterMark }),
});
