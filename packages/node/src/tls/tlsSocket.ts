/**
 * The socket of this entry: a ChannelSocket that makes its own channel, with the events of node:tls.
 * @module
 */
import { type NetConnectOpts, connect as netConnect, Socket } from "node:net";
import { addAbortSignal, type Duplex, getDefaultHighWaterMark } from "node:stream";
import { checkServerIdentity } from "node:tls";
import { type Session, type TlsConnection, TlsError, type Transport } from "@handclasp/core";
import { type ServerConfig, startConnect, startServer } from "@handclasp/core/unstable/engine";
import type { StreamCallback } from "../socket/channelDuplex.ts";
import { isPeersAbort } from "../socket/errors.ts";
import { streamTransport } from "../transport/tcp.ts";
import { clientOptionsOf } from "./clientSide.ts";
import { DescribedSocket, dheBits, Facts } from "./describedSocket.ts";
import { alertOf, hookError, nodeError, resetError, tlsSocketError, wrongType } from "./errors.ts";
import { alpnOf, requireObject } from "./options.ts";
import { anchorsFor, createSecureContext } from "./secureContext.ts";
import { ServerConfigs, withHooks } from "./serverSide.ts";
import {
  checkedStream,
  checkSocketOptions,
  defaultHandshakeTimeout,
  isTransport,
  type SocketRole,
  serverSettingsOf,
} from "./socketOptions.ts";
import type { PskNegotiation, TLSSocketOptions, TlsOptions } from "./types.ts";
import { identityError, noServerCertificate, verifyPath } from "./verification.ts";

/** The longest hint that OpenSSL reads, in bytes. */
const maxHintLength = 256;

interface Opening {
  readonly channel: Promise<TlsConnection>;
  resolve(channel: TlsConnection): void;
  reject(error: unknown): void;
}

/** A socket of TLS. docs/node-tls.md says in which points it differs from that of node:tls. */
export class TLSSocket extends DescribedSocket {
  readonly #opening: Opening;
  readonly #options: TLSSocketOptions;
  readonly #role: SocketRole;
  readonly #facts: Facts;
  #stream: Duplex | undefined;
  #transport: Transport | undefined;
  /** The channel, from the beginning of its handshake. */
  #handshaking: TlsConnection | undefined;
  #isStarted = false;
  #hadError = false;
  #sessionIsNew = false;

  /**
   * Makes a socket over a stream or a transport, and begins the handshake at the next tick. Without one, `connect`
   * begins it.
   */
  constructor(carrier?: Duplex | Transport | null, options: TLSSocketOptions = {}, role: SocketRole = {}) {
    requireObject(options);
    checkSocketOptions(options);
    const opening = makeOpening();
    const stream = carrier && !isTransport(carrier) ? checkedStream(carrier) : undefined;
    const facts = new Facts(options.isServer === true, options.secureContext ?? createSecureContext(options));
    const duplexOptions = {
      allowHalfOpen: (stream ? stream.allowHalfOpen : options.allowHalfOpen) ?? false,
      highWaterMark: role.highWaterMark ?? getDefaultHighWaterMark(false),
    };
    super(opening.channel, duplexOptions, role.onread, facts);
    this.#opening = opening;
    this.#options = options;
    this.#role = role;
    this.#facts = facts;
    facts.servername = options.servername;
    facts.offeredSession = options.session ?? undefined;
    this.on("error", this.#onControlledError);
    if (options.enableTrace) this.enableTrace();
    if (options.signal) addAbortSignal(options.signal, this);
    if (stream) this.#useStream(stream);
    else if (carrier) this.#transport = carrier as Transport;
    if (carrier) this.#startWhenConnected();
  }

  /** Until the handshake is done, or the application has the socket, an error does not need a listener. */
  readonly #onControlledError = (error: Error): void => void this.emit("_tlsError", error);

  /** @internal From now on, the socket belongs to the application, which must listen to its errors. */
  releaseControl(): void {
    this.off("error", this.#onControlledError);
  }

  #useStream(stream: Duplex): void {
    this.#stream = stream;
    // Runs before the listeners of the transport: a stream that this side has destroyed is no failure of the peer.
    stream.on("close", () => {
      if (!stream.errored && !stream.readableEnded && !this.destroyed) this.destroy();
    });
    if (!(stream instanceof Socket) || !stream.connecting) return;
    stream.on("lookup", (...results) => this.emit("lookup", ...results));
    stream.once("connect", () => this.destroyed || this.emit("connect"));
    stream.once("ready", () => this.destroyed || this.emit("ready"));
    // Later, the transport reports errors.
    stream.on("error", (error) => void (this.#isStarted || this.destroy(error)));
  }

  /** Connects by TCP or to a path, and begins the handshake. */
  override connect(...args: readonly unknown[]): this {
    if (this.#stream || this.#transport) return super.connect(...args);
    const listener = args.at(-1);
    if (typeof listener === "function") this.once("connect", listener as () => void);
    const [first, host] = args;
    const options = typeof first === "object" ? first : { port: first, ...(typeof host === "string" && { host }) };
    // The signal destroys this socket, and this socket the one under it.
    this.#useStream(
      netConnect({ ...(options as NetConnectOpts), allowHalfOpen: true, signal: undefined, onread: undefined }),
    );
    this.#startWhenConnected();
    return this;
  }

  /** Starts at the next tick at the earliest, so that the caller can set the session and the name. */
  #startWhenConnected(): void {
    const stream = this.#stream;
    if (stream instanceof Socket && stream.connecting) stream.once("connect", () => this.#start());
    else process.nextTick(() => this.#start());
  }

  /** The stream under the channel, before the channel has it too. */
  protected override get underlying(): Socket | undefined {
    if (this.destroyed) return undefined;
    return this.#stream instanceof Socket ? this.#stream : super.underlying;
  }
  /** Whether the stream under the channel is connecting. `secureConnecting` says it of the handshake. */
  override get connecting(): boolean {
    return !this.destroyed && this.#stream instanceof Socket && this.#stream.connecting;
  }
  override get pending(): boolean {
    return this.destroyed || !(this.#stream || this.#transport) || this.connecting;
  }
  /** Whether the handshake is not done. */
  get secureConnecting(): boolean {
    return !this.#facts.isSecure && !this.destroyed;
  }
  override get remoteAddress(): string | undefined {
    return this.underlying?.remoteAddress ?? this.#transport?.remoteAddress ?? super.remoteAddress;
  }

  #start(): void {
    if (this.#isStarted || this.destroyed) return;
    this.#isStarted = true;
    // Whether a transport is connected is a matter of the caller.
    if (this.#transport) for (const event of ["connect", "ready"]) if (!this.destroyed) this.emit(event);
    if (this.destroyed) return;
    try {
      const transport = this.#transport ?? streamTransport(this.#stream as Duplex);
      const channel = this.#facts.isServer ? this.#startServer(transport) : this.#startClient(transport);
      this.#handshaking = channel;
      channel.opened
        .then(() => this.#verify(channel))
        .then(
          () => this.#opening.resolve(channel),
          (error: unknown) => this.#failHandshake(error),
        );
    } catch (error) {
      this.destroy(tlsSocketError(error));
    }
  }

  #startClient(transport: Transport): TlsConnection {
    const { requestOCSP = false, pskCallback, handshakeTimeout = defaultHandshakeTimeout } = this.#options;
    const options = clientOptionsOf(this.#facts.context, {
      alpn: alpnOf(this.#options.ALPNProtocols),
      servername: this.#facts.servername,
      requestOcsp: requestOCSP,
      psk: pskCallback as ((hint: string | null) => PskNegotiation | null | undefined) | undefined,
      handshakeTimeout,
      keyLog: this.#keyLog,
      session: this.#facts.offeredSession,
      onSession: (session) => {
        this.#facts.session = Buffer.from(session);
        this.#sessionIsNew = true;
      },
    });
    return startConnect(transport, options, this.#facts.handshake.observe);
  }

  #startServer(transport: Transport): TlsConnection {
    const {
      handshakeTimeout = defaultHandshakeTimeout,
      SNICallback,
      ALPNCallback,
      pskIdentityHint = "",
    } = this.#options;
    if (Buffer.byteLength(pskIdentityHint) > maxHintLength)
      throw nodeError("ERR_TLS_PSK_SET_IDENTIY_HINT_FAILED", "Failed to set PSK identity hint: it is too long");
    const configs = this.#role.configs ?? new ServerConfigs(serverSettingsOf(this.#options));
    const config = withHooks(configs.of(this.#facts.context), {
      configs,
      context: this.#facts.context,
      sni: SNICallback,
      alpn: ALPNCallback,
      ocsp: this.#role.ocsp,
      onServerName: (name) => {
        this.#facts.servername = name;
      },
      onContext: (context) => {
        this.#facts.context = context;
      },
      // As in node:tls, the client sees that the connection ends, and not why.
      onError: (error) => void this.destroy(error),
    });
    return startServer(transport, this.#withOwnHooks(config), { handshakeTimeout }, this.#facts.handshake.observe);
  }

  #withOwnHooks(config: ServerConfig): ServerConfig {
    const callback = this.#options.pskCallback as TlsOptions["pskCallback"];
    const { psk } = config;
    const lookup = (identity: string): Uint8Array | undefined => {
      const key = callback?.(this, identity);
      return key ? new Uint8Array(key.buffer, key.byteOffset, key.byteLength) : undefined;
    };
    const keyLog = this.#keyLog;
    return { ...config, ...(psk && { psk: { ...psk, lookup } }), ...(keyLog && { keyLog }) };
  }

  get #keyLog(): ((line: string) => void) | undefined {
    const { keyLog } = this.#role;
    if (!keyLog && !this.listenerCount("keylog")) return undefined;
    return (line) => {
      const bytes = Buffer.from(`${line}\n`);
      this.emit("keylog", bytes);
      keyLog?.(bytes);
    };
  }

  /** Verifies the peer before the socket gets the channel. Until then no byte of the application is sent or read. */
  async #verify(channel: TlsConnection): Promise<void> {
    const { session } = channel;
    const chain = this.#facts.handshake.chain ?? session.peer?.path.map(({ raw }) => raw);
    if (chain)
      this.#facts.peer = await verifyPath(
        chain,
        anchorsFor(this.#facts.context),
        this.#facts.isServer ? "client" : "server",
      );
    // Only a pre-shared key stands for a certificate.
    else if (!this.#facts.isServer && session.pskIdentity === undefined) throw noServerCertificate();
    if (this.destroyed) return;
    if (this.#facts.isServer) this.#judgeClient();
    else this.#judgeServer(session);
  }

  #judgeServer(session: Session): void {
    const { minDHSize, checkIdentity = this.#checkServername } = this.#role;
    const bits = dheBits(session);
    if (minDHSize !== undefined && bits !== undefined && bits < minDHSize)
      throw nodeError("ERR_TLS_DH_PARAM_SIZE", `DH parameter size ${bits} is less than ${minDHSize}`);
    if (this.#options.requestOCSP)
      this.emit("OCSPResponse", session.ocspResponse ? Buffer.from(session.ocspResponse) : null);
    this.#accept(this.#facts.peer?.error ?? identityError(() => checkIdentity?.(this.getPeerCertificate(true))));
  }

  /** A socket that was not made by `connect` knows no other name of its server. */
  get #checkServername(): SocketRole["checkIdentity"] {
    const { servername } = this.#options;
    return servername ? (certificate) => checkServerIdentity(servername, certificate) : undefined;
  }

  #judgeClient(): void {
    const { requestCert = false } = this.#options;
    if (!requestCert) return;
    if (this.#facts.peer) this.#accept(this.#facts.peer.error);
    else this.#accept(nodeError("UNABLE_TO_GET_ISSUER_CERT", "the client sent no certificate"));
  }

  #accept(error: Error | undefined): void {
    this.#facts.authorized = error === undefined;
    this.#facts.authorizationError = error ? ((error as NodeJS.ErrnoException).code ?? error.message) : null;
    if (error && this.#options.rejectUnauthorized !== false) throw error;
  }

  #failHandshake(error: unknown): void {
    // Bytes that are not TLS need no answer, and nothing of them is worth reading.
    if (this.#facts.isServer && TlsError.is(error) && (error.code === "not_tls" || error.code === "plain_http"))
      this.#stream?.destroy();
    // A server learns no more of a client that does not trust it than in node:tls: an alert would be an error of a
    // connection that it has accepted.
    this.#handshaking?.abort(error, this.#facts.isServer ? alertOf(error) : undefined);
    if (this.destroyed) return;
    const failure = tlsSocketError(hookError(error));
    // node:tls says of a client that a server refuses that the connection was reset.
    const isRefusal = this.#facts.isServer && this.#facts.authorizationError !== null;
    const isReset = (failure as NodeJS.ErrnoException).code === "ECONNRESET" && TlsError.is(failure.cause);
    const target = this.#facts.isServer ? undefined : (this.#role.target ?? {});
    if (isRefusal) this.#opening.reject(resetError(error, target));
    else this.#opening.reject(isReset ? resetError(failure.cause, target) : failure);
  }

  protected override opened(): void {
    if (this.destroyed) return;
    this.#facts.isSecure = true;
    this.applySettings();
    this.emit("secure");
    if (this.destroyed) return;
    this.releaseControl();
    if (this.#facts.isServer) return;
    if (this.#role.checkIdentity) this.emit("secureConnect");
    if (this.#sessionIsNew && !this.destroyed) this.emit("session", this.#facts.session);
  }

  /** As in node:tls, the socket closes without an error when the peer's application destroys its socket. */
  protected override endsQuietly(error: unknown): boolean {
    return super.endsQuietly(error) || (TlsError.is(error) && isPeersAbort(error));
  }
  protected override errorOf(error: unknown): Error {
    return tlsSocketError(error);
  }

  override destroy(error?: Error): this {
    if (error) this.#hadError = true;
    return super.destroy(error);
  }

  override _destroy(error: Error | null, callback: StreamCallback): void {
    if (!this.channel) {
      if (this.#handshaking) this.#handshaking.abort(error ?? undefined);
      else {
        this.#stream?.destroy();
        this.#transport?.abort("the socket was destroyed");
      }
    }
    super._destroy(error, callback);
  }

  /** As in node:net, the event "close" says whether an error closed the socket. */
  override emit(event: string | symbol, ...args: unknown[]): boolean {
    return event === "close" && !args.length ? super.emit(event, this.#hadError) : super.emit(event, ...args);
  }

  /** Offers a session of an earlier connection. */
  setSession(session: Buffer | string): void {
    this.#facts.offeredSession = typeof session === "string" ? Buffer.from(session, "latin1") : session;
  }
  /** The name that the client sends in server_name. */
  setServername(name: string): void {
    if (typeof name !== "string") throw wrongType("name", "of type string", name);
    if (this.#facts.isServer)
      throw nodeError("ERR_TLS_SNI_FROM_SERVER", "Cannot issue SNI from a TLS server-side socket");
    this.#facts.servername = name;
  }
}

function makeOpening(): Opening {
  let resolve: Opening["resolve"] = () => {};
  let reject: Opening["reject"] = () => {};
  const channel = new Promise<TlsConnection>((onResolve, onReject) => {
    resolve = onResolve;
    reject = onReject;
  });
  return { channel, resolve, reject };
}
