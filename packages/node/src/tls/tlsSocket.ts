/**
 * The socket of this entry: a ChannelSocket that makes its own channel, with the events of node:tls.
 * @module
 */
import { X509Certificate } from "node:crypto";
import { type NetConnectOpts, connect as netConnect, type OnReadOpts, Socket } from "node:net";
import { addAbortSignal, type Duplex, getDefaultHighWaterMark } from "node:stream";
import {
  checkServerIdentity,
  type DetailedPeerCertificate,
  type EphemeralKeyInfo,
  type PeerCertificate,
} from "node:tls";
import {
  type AlertDescription,
  defaultSchemes,
  type Session,
  type TlsConnection,
  TlsError,
  type Transport,
} from "@handclasp/core";
import { readSessionState, type ServerConfig, startConnect, startServer } from "@handclasp/core/unstable/engine";
import type { StreamCallback } from "../socket/channelDuplex.ts";
import { ChannelSocket } from "../socket/channelSocket.ts";
import { isPeersAbort } from "../socket/errors.ts";
import { detailedCertificateOf } from "../socket/peer.ts";
import { streamTransport } from "../transport/tcp.ts";
import { namesOfScheme } from "./ciphers.ts";
import { clientOptionsOf } from "./clientSide.ts";
import { nodeError, tlsSocketError, wrongType } from "./errors.ts";
import { Handshake } from "./observer.ts";
import { alpnOf, checkTypes, refuseMisspelt, requireObject } from "./options.ts";
import { anchorsFor, createSecureContext, SecureContext } from "./secureContext.ts";
import { noSessions, ServerConfigs, withHooks } from "./serverSide.ts";
import type { PskNegotiation, TLSSocketOptions, TlsOptions } from "./types.ts";
import { type VerifiedPath, verifyPath } from "./verification.ts";

/** The functions and limits that `connect` and a `Server` give to their sockets. */
export interface SocketRole {
  /** Checks the name of a server, as `checkServerIdentity` of node:tls. */
  readonly checkIdentity?: (certificate: DetailedPeerCertificate) => unknown;
  /** The smallest group of a DHE key exchange, in bits. */
  readonly minDHSize?: number;
  readonly highWaterMark?: number | undefined;
  readonly onread?: OnReadOpts | undefined;
  /** The options of `connect`, for the error of a connection that ends early. */
  readonly target?: Readonly<Record<"path" | "host" | "port" | "localAddress", unknown>>;
  /** A server's configurations. */
  readonly configs?: ServerConfigs;
  readonly ocsp?: (certificate: Buffer, issuer: Buffer | null) => Promise<Uint8Array | undefined>;
  readonly keyLog?: ((line: Buffer, socket: TLSSocket) => void) | undefined;
}

/** The longest hint that OpenSSL reads, in bytes. */
const maxHintLength = 256;

/** How long a handshake may take, in milliseconds, as in node:tls. */
export const defaultHandshakeTimeout = 120_000;

interface Opening {
  readonly channel: Promise<TlsConnection>;
  resolve(channel: TlsConnection): void;
  reject(error: unknown): void;
}

/** A socket of TLS. docs/node-tls.md says in which points it differs from that of node:tls. */
export class TLSSocket extends ChannelSocket {
  readonly #opening: Opening;
  readonly #options: TLSSocketOptions;
  readonly #role: SocketRole;
  readonly #isServer: boolean;
  #context: SecureContext;
  #stream: Duplex | undefined;
  #transport: Transport | undefined;
  /** The channel, from the beginning of its handshake. */
  #handshaking: TlsConnection | undefined;
  readonly #handshake = new Handshake();
  #peer: VerifiedPath | undefined;
  #isStarted = false;
  #isSecure = false;
  #hadError = false;
  #servername: string | undefined;
  #offeredSession: Buffer | undefined;
  #session: Buffer | undefined;
  #sessionIsNew = false;
  #maxFragment: number | undefined;
  #unflushed = 0;
  /** The bytes that wait because `onread` has stopped them. */
  #unread: Buffer | undefined;
  /** The buffer of `onread` for the next bytes. */
  #readTarget: Uint8Array | undefined;
  #authorized = false;
  #authorizationError: string | null = null;

  /**
   * Makes a socket over a stream or a transport, and begins the handshake at the next tick. Without one, `connect`
   * begins it.
   */
  constructor(carrier?: Duplex | Transport | null, options: TLSSocketOptions = {}, role: SocketRole = {}) {
    requireObject(options);
    checkSocketOptions(options);
    const opening = makeOpening();
    const stream = carrier && !isTransport(carrier) ? checkedStream(carrier) : undefined;
    super(opening.channel, {
      allowHalfOpen: (stream ? stream.allowHalfOpen : options.allowHalfOpen) ?? false,
      highWaterMark: role.highWaterMark ?? getDefaultHighWaterMark(false),
    });
    this.#opening = opening;
    this.#options = options;
    this.#role = role;
    this.#isServer = options.isServer === true;
    this.#context = options.secureContext ?? createSecureContext(options);
    this.#servername = options.servername;
    this.#offeredSession = options.session ?? undefined;
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
    return !this.#isSecure && !this.destroyed;
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
      const channel = this.#isServer ? this.#startServer(transport) : this.#startClient(transport);
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
    const options = clientOptionsOf(this.#context, {
      alpn: alpnOf(this.#options.ALPNProtocols),
      servername: this.#servername,
      requestOcsp: requestOCSP,
      psk: pskCallback as ((hint: string | null) => PskNegotiation | null | undefined) | undefined,
      handshakeTimeout,
      keyLog: this.#keyLog,
      session: this.#offeredSession,
      onSession: (session) => {
        this.#session = Buffer.from(session);
        this.#sessionIsNew = true;
      },
    });
    return startConnect(transport, options, this.#handshake.observe);
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
    const config = withHooks(configs.of(this.#context), {
      configs,
      context: this.#context,
      sni: SNICallback,
      alpn: ALPNCallback,
      ocsp: this.#role.ocsp,
      onServerName: (name) => {
        this.#servername = name;
      },
      onContext: (context) => {
        this.#context = context;
      },
      // As in node:tls, the client sees that the connection ends, and not why.
      onError: (error) => void this.destroy(error),
    });
    return startServer(transport, this.#withOwnHooks(config), { handshakeTimeout }, this.#handshake.observe);
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
      keyLog?.(bytes, this);
    };
  }

  /** Verifies the peer before the socket gets the channel. Until then no byte of the application is sent or read. */
  async #verify(channel: TlsConnection): Promise<void> {
    const { session } = channel;
    const chain = this.#handshake.chain ?? session.peer?.path.map(({ raw }) => raw);
    if (chain) this.#peer = await verifyPath(chain, anchorsFor(this.#context), this.#isServer ? "client" : "server");
    // Only a pre-shared key stands for a certificate.
    else if (!this.#isServer && session.pskIdentity === undefined) throw noServerCertificate();
    if (this.destroyed) return;
    if (this.#isServer) this.#judgeClient();
    else this.#judgeServer(session);
  }

  #judgeServer(session: Session): void {
    const { minDHSize, checkIdentity = this.#checkServername } = this.#role;
    const bits = dheBits(session);
    if (minDHSize !== undefined && bits !== undefined && bits < minDHSize)
      throw nodeError("ERR_TLS_DH_PARAM_SIZE", `DH parameter size ${bits} is less than ${minDHSize}`);
    if (this.#options.requestOCSP)
      this.emit("OCSPResponse", session.ocspResponse ? Buffer.from(session.ocspResponse) : null);
    this.#accept(this.#peer?.error ?? identityError(() => checkIdentity?.(this.getPeerCertificate(true))));
  }

  /** A socket that was not made by `connect` knows no other name of its server. */
  get #checkServername(): SocketRole["checkIdentity"] {
    const { servername } = this.#options;
    return servername ? (certificate) => checkServerIdentity(servername, certificate) : undefined;
  }

  #judgeClient(): void {
    const { requestCert = false } = this.#options;
    if (!requestCert) return;
    if (this.#peer) this.#accept(this.#peer.error);
    else this.#accept(nodeError("UNABLE_TO_GET_ISSUER_CERT", "the client sent no certificate"));
  }

  #accept(error: Error | undefined): void {
    this.#authorized = error === undefined;
    this.#authorizationError = error ? ((error as NodeJS.ErrnoException).code ?? error.message) : null;
    if (error && this.#options.rejectUnauthorized !== false) throw error;
  }

  #failHandshake(error: unknown): void {
    // Bytes that are not TLS need no answer, and nothing of them is worth reading.
    if (this.#isServer && TlsError.is(error) && (error.code === "not_tls" || error.code === "plain_http"))
      this.#stream?.destroy();
    // A server learns no more of a client that does not trust it than in node:tls: an alert would be an error of a
    // connection that it has accepted.
    this.#handshaking?.abort(error, this.#isServer ? alertOf(error) : undefined);
    if (this.destroyed) return;
    const failure = tlsSocketError(hookError(error));
    // node:tls says of a client that a server refuses that the connection was reset.
    const isRefusal = this.#isServer && this.#authorizationError !== null;
    this.#opening.reject(isRefusal ? this.#resetError(error) : this.#described(failure));
  }

  #described(error: Error): Error {
    const isReset = (error as NodeJS.ErrnoException).code === "ECONNRESET" && TlsError.is(error.cause);
    return isReset ? this.#resetError(error.cause) : error;
  }

  /** The error of a connection that ends within its handshake, as in node:tls. */
  #resetError(cause: unknown): Error {
    if (this.#isServer) return nodeError("ECONNRESET", "socket hang up", { cause });
    const { path, host, port, localAddress } = this.#role.target ?? {};
    const text = "Client network socket disconnected before secure TLS connection was established";
    return Object.assign(nodeError("ECONNRESET", text, { cause }), { path, host, port, localAddress });
  }

  protected override opened(): void {
    if (this.destroyed) return;
    this.#isSecure = true;
    this.applySettings();
    this.emit("secure");
    if (this.destroyed) return;
    this.releaseControl();
    if (this.#isServer) return;
    if (this.#role.checkIdentity) this.emit("secureConnect");
    if (this.#sessionIsNew && !this.destroyed) this.emit("session", this.#session);
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

  override push(chunk: Buffer | null, encoding?: BufferEncoding): boolean {
    const { onread } = this.#role;
    return onread && chunk ? this.#deliver(chunk, onread) : super.push(chunk, encoding);
  }

  /** Copies the bytes into the application's buffer, until all are read or the application stops them. */
  #deliver(chunk: Buffer, { buffer, callback }: OnReadOpts): boolean {
    this.#unread = undefined;
    const nextTarget = (): Uint8Array => (typeof buffer === "function" ? buffer() : buffer);
    this.#readTarget ??= nextTarget();
    for (let at = 0; at < chunk.length; ) {
      const target: Uint8Array = this.#readTarget;
      const length = Math.min(target.length, chunk.length - at);
      target.set(chunk.subarray(at, at + length));
      at += length;
      if ((callback(length, target) as boolean | undefined) === false) this.pause();
      this.#readTarget = nextTarget();
      if (!this.isPaused()) continue;
      this.#unread = chunk.subarray(at);
      return false;
    }
    return true;
  }

  override _read(): void {
    if (!this.#unread) super._read();
  }

  override resume(): this {
    if (this.#unread) process.nextTick(() => this.#deliverUnread());
    return super.resume();
  }

  #deliverUnread(): void {
    const { onread } = this.#role;
    if (this.#unread && onread && !this.destroyed && this.#deliver(this.#unread, onread)) super._read();
  }

  /** The bytes that were written and that the operating system does not have yet. */
  override get bufferSize(): number {
    if (this.destroyed) return undefined as unknown as number;
    return this.writableFinished ? 0 : this.writableLength + this.#unflushed;
  }

  override get servername(): string | false {
    return super.servername || (this.#isServer && this.#servername) || false;
  }

  override _writev(chunks: { readonly chunk: Buffer }[], callback: StreamCallback): void {
    // The channel sends the writes of one turn together.
    if (!this.#unflushed) setImmediate(() => (this.#unflushed = 0));
    for (const { chunk } of chunks) this.#unflushed += chunk.length;
    const limit = this.#maxFragment;
    if (limit === undefined) return super._writev(chunks, callback);
    const parts: Buffer[] = [];
    for (const { chunk } of chunks)
      for (let at = 0; at < chunk.length; at += limit) parts.push(chunk.subarray(at, at + limit));
    this.#writeParts(parts, callback);
  }

  /** Writes each part in a turn of its own, because the writes of one turn share records. */
  #writeParts([part, ...rest]: readonly Buffer[], callback: StreamCallback): void {
    if (!part) return callback();
    super._writev([{ chunk: part }], (error) => {
      if (error) callback(error);
      else if (rest.length) setImmediate(() => this.#writeParts(rest, callback));
      else callback();
    });
  }

  /** True if the peer's certificate (of a server, also its name) is verified, or a pre-shared key authenticates it. */
  override get authorized(): boolean {
    return this.#isSecure && this.#authorized;
  }
  /** The code of the reason why the peer is not authorised, a text as in node:tls. */
  override get authorizationError(): Error | null {
    return this.#authorizationError as unknown as Error | null;
  }

  override getPeerCertificate(detailed: true): DetailedPeerCertificate;
  override getPeerCertificate(detailed?: boolean): PeerCertificate | DetailedPeerCertificate;
  override getPeerCertificate(detailed = false): PeerCertificate | DetailedPeerCertificate {
    const certificates = this.#peer?.path ?? [];
    return detailedCertificateOf(detailed ? certificates : certificates.slice(0, 1), detailed);
  }
  override getPeerX509Certificate(): X509Certificate | undefined {
    let issuer: X509Certificate | undefined;
    for (const { raw } of [...(this.#peer?.path ?? [])].reverse()) {
      const certificate = new X509Certificate(raw);
      if (issuer) Object.defineProperty(certificate, "issuerCertificate", { value: issuer, enumerable: true });
      issuer = certificate;
    }
    return issuer;
  }
  /** This side's own certificate. An empty object if it has none. */
  getCertificate(): PeerCertificate | object | null {
    return this.getX509Certificate()?.toLegacyObject() ?? {};
  }
  getX509Certificate(): X509Certificate | undefined {
    return this.#context.settings.identities[0]?.chain[0];
  }

  /** The session that a later connection may resume. `undefined` if the server gave none. */
  getSession(): Buffer | undefined {
    return this.#session ?? (this.isSessionReused() ? this.#offeredSession : undefined);
  }
  /** The ticket of the session (RFC 5077). */
  getTLSTicket(): Buffer | undefined {
    const session = this.getSession();
    const ticket = session && readSessionState(session)?.ticket;
    return ticket?.length ? Buffer.from(ticket) : undefined;
  }
  /** Offers a session of an earlier connection. */
  setSession(session: Buffer | string): void {
    this.#offeredSession = typeof session === "string" ? Buffer.from(session, "latin1") : session;
  }
  /** The name that the client sends in server_name. */
  setServername(name: string): void {
    if (typeof name !== "string") throw wrongType("name", "of type string", name);
    if (this.#isServer) throw nodeError("ERR_TLS_SNI_FROM_SERVER", "Cannot issue SNI from a TLS server-side socket");
    this.#servername = name;
  }

  /** verify_data of the Finished that this side sent. */
  getFinished(): Buffer | undefined {
    return this.#handshake.finished;
  }
  getPeerFinished(): Buffer | undefined {
    return this.#handshake.peerFinished;
  }
  /** The ephemeral key of the exchange. `null` on a server, and empty without an ephemeral key. */
  getEphemeralKeyInfo(): EphemeralKeyInfo | object | null {
    if (this.#isServer) return null;
    const group = this.session?.group;
    if (!group) return {};
    const bits = dheBits(this.session);
    if (bits !== undefined) return { type: "DH", size: bits };
    return { type: "ECDH", ...(curves[group] ?? { name: group, size: 0 }) };
  }
  /** Servers: the signature schemes that both sides accept, in the order of the client. */
  getSharedSigalgs(): string[] {
    const ours = this.#context.settings.schemes ?? defaultSchemes;
    const shared = this.#handshake.offeredSchemes.flatMap((id) => ours.find((scheme) => scheme.id === id) ?? []);
    return shared.map((scheme) => namesOfScheme(scheme)[0] as string);
  }

  override exportKeyingMaterial(length: number, label: string, context?: Uint8Array): Buffer {
    if (typeof length !== "number") throw wrongType("length", "of type number", length);
    if (typeof label !== "string") throw wrongType("label", "of type string", label);
    if (context !== undefined && !ArrayBuffer.isView(context))
      throw wrongType("context", "an instance of Buffer", context);
    if (!this.session || this.destroyed)
      throw nodeError("ERR_TLS_INVALID_STATE", "TLS socket connection must be securely established");
    return super.exportKeyingMaterial(length, label, context);
  }

  /**
   * Limits the fragments that this side sends from now on. Each then takes a turn of the event loop.
   * @param size 512 to 16,384 bytes
   * @returns false if the size is out of these limits, and is not set
   */
  setMaxSendFragment(size: number): boolean {
    if (typeof size !== "number") throw wrongType("size", "of type number", size);
    if (!Number.isInteger(size) || size < -(2 ** 31) || size >= 2 ** 31)
      throw nodeError("ERR_OUT_OF_RANGE", `The value of "size" is out of range. Received ${size}`, {
        type: RangeError,
      });
    if (size < 512 || size > 16_384) return false;
    this.#maxFragment = size;
    return true;
  }

  /** Refuses: Handclasp never renegotiates. Calls back with `ERR_TLS_RENEGOTIATION_DISABLED`, and returns false. */
  renegotiate(options: object, callback?: (error: Error | null) => void): boolean {
    requireObject(options);
    if (callback !== undefined && typeof callback !== "function")
      throw wrongType("callback", "of type function", callback);
    const error = nodeError("ERR_TLS_RENEGOTIATION_DISABLED", "TLS session renegotiation disabled for this socket");
    if (callback) process.nextTick(callback, error);
    return false;
  }
  /** Does nothing: Handclasp never renegotiates. */
  disableRenegotiation(): void {}

  /** Prints the names and lengths of the handshake's messages to stderr. */
  enableTrace(): void {
    this.#handshake.print = (line) => void process.stderr.write(`TLS: ${line}\n`);
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

const isTransport = (carrier: object): carrier is Transport =>
  typeof (carrier as Partial<Transport>).send === "function" &&
  typeof (carrier as Partial<Transport>).start === "function";

function checkedStream(stream: Duplex): Duplex {
  if (typeof stream.write !== "function" || typeof stream.on !== "function")
    throw wrongType("socket", "an instance of Duplex", stream);
  if (stream.readableObjectMode || stream.readableEncoding)
    throw nodeError("ERR_INVALID_ARG_VALUE", "The stream under TLS must give bytes, without setEncoding", {
      type: TypeError,
    });
  return stream;
}

function checkSocketOptions(options: TLSSocketOptions): void {
  refuseMisspelt(options);
  checkTypes(options, {
    SNICallback: "function",
    ALPNCallback: "function",
    pskCallback: "function",
    handshakeTimeout: "number",
    servername: "string",
  });
  if (
    options.secureContext !== undefined &&
    options.secureContext !== null &&
    !(options.secureContext instanceof SecureContext)
  )
    throw nodeError("ERR_TLS_INVALID_CONTEXT", "secureContext must be a SecureContext", { type: TypeError });
  if (options.ALPNProtocols && options.ALPNCallback)
    throw nodeError(
      "ERR_TLS_ALPN_CALLBACK_WITH_PROTOCOLS",
      "The ALPNCallback and ALPNProtocols TLS options are mutually exclusive",
      {
        type: TypeError,
      },
    );
  alpnOf(options.ALPNProtocols);
}

/** @internal */
export const serverSettingsOf = (
  options: Pick<TlsOptions, "requestCert" | "rejectUnauthorized" | "ALPNProtocols" | "pskIdentityHint"> & {
    readonly pskCallback?: unknown;
  },
): ConstructorParameters<typeof ServerConfigs>[0] => ({
  requestCert: options.requestCert === true,
  rejectUnauthorized: options.rejectUnauthorized !== false,
  alpn: alpnOf(options.ALPNProtocols),
  hasPsk: typeof options.pskCallback === "function",
  pskIdentityHint: options.pskIdentityHint,
  ...noSessions,
});

/** The result of a function that checks a name: only `undefined` accepts. */
function identityError(check: () => unknown): Error | undefined {
  const result = check();
  if (result === undefined) return undefined;
  if (result instanceof Error) return result;
  return nodeError("ERR_TLS_CERT_ALTNAME_INVALID", "checkServerIdentity returned neither undefined nor an Error");
}

/** The error that a hook of the application threw, or the error of node:tls that a hook of ours gave its own. */
const hookError = (error: unknown): unknown =>
  TlsError.is(error) &&
  (error.code === "hook_failed" || error.fault === "configuration") &&
  error.cause instanceof Error
    ? error.cause
    : error;

function alertOf(error: unknown): Exclude<AlertDescription, "close_notify" | `${string}_RESERVED`> {
  const cause = error instanceof Error && TlsError.is(error.cause) ? error.cause.alert : undefined;
  return (cause as ReturnType<typeof alertOf> | undefined) ?? "bad_certificate";
}

const noServerCertificate = (): Error => nodeError("UNABLE_TO_GET_ISSUER_CERT", "the server sent no certificate");

const dheBits = (session: Session | undefined): number | undefined => {
  const [, bits] = /^(?:ffdhe|modp)(\d+)$/.exec(session?.group ?? "") ?? [];
  return bits === undefined ? undefined : Number(bits);
};

/** The names and sizes of OpenSSL. */
const curves: Readonly<Record<string, { readonly name: string; readonly size: number }>> = {
  x25519: { name: "X25519", size: 253 },
  secp256r1: { name: "prime256v1", size: 256 },
  secp384r1: { name: "secp384r1", size: 384 },
  secp521r1: { name: "secp521r1", size: 521 },
};
