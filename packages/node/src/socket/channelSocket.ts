/**
 * A stream over a channel with the methods and properties of a socket of node:net and node:tls.
 * @module
 */
import type { X509Certificate } from "node:crypto";
import { type AddressInfo, Socket, type SocketReadyState } from "node:net";
import type { CipherNameAndProtocol, DetailedPeerCertificate, PeerCertificate } from "node:tls";
import type { TlsConnection } from "@handclasp/core";
import { usageError, wrongOption } from "@handclasp/core/unstable";
import { writeQueueSize } from "../transport/sendProgress.ts";
import { ChannelDuplex, type DuplexOptions, guard, type StreamCallback } from "./channelDuplex.ts";
import { failResponse } from "./httpResponse.ts";
import { authorizationErrorOf, cipherOf, isAuthorized, peerCertificateOf, peerX509CertificateOf } from "./peer.ts";

/** A channel as a socket of node:net and node:tls. docs/sockets.md says in which points it differs. */
export class ChannelSocket extends ChannelDuplex {
  #timeout = 0;
  #timer: NodeJS.Timeout | undefined;
  /** The state of the unsent bytes when the timer last fired. */
  #unsent: string | undefined;
  /** Calls for the underlying socket that wait until the channel is open. */
  #settings: ((socket: Socket) => void)[] = [];

  constructor(channel: TlsConnection | PromiseLike<TlsConnection>, options: DuplexOptions) {
    super(options);
    if ("read" in channel) this.attach(channel);
    else
      channel.then(
        (attached) =>
          guard(() => {
            this.attach(attached);
            if (this.session) this.opened();
          }),
        (error: unknown) => this.attachFailed(error),
      );
  }

  protected override opened(): void {
    this.applySettings();
    for (const event of ["connect", "ready", "secureConnect"]) if (!this.destroyed) this.emit(event);
  }

  /** Makes the calls that waited for the socket under the transport. */
  protected applySettings(): void {
    for (const apply of this.#settings.splice(0)) this.#configure(apply);
  }

  protected override active(): void {
    this.#timer?.refresh();
  }

  /** The socket under the transport. Over a WebSocket, this is the socket of the WebSocket. */
  protected get underlying(): Socket | undefined {
    const socket = this.destroyed ? undefined : this.channel?.transportSocket;
    return socket instanceof Socket ? socket : undefined;
  }

  get connecting(): boolean {
    return !this.session && !this.destroyed;
  }
  get pending(): boolean {
    return !this.session || this.destroyed;
  }
  get readyState(): SocketReadyState {
    if (this.connecting) return "opening";
    if (this.readable && this.writable) return "open";
    if (this.readable) return "readOnly";
    return this.writable ? "writeOnly" : "closed";
  }
  /** The address of the peer or of a proxy in between. This and the next properties are `undefined` if unknown. */
  get remoteAddress(): string | undefined {
    return this.destroyed ? undefined : this.channel?.remoteAddress;
  }
  get remotePort(): number | undefined {
    return this.underlying?.remotePort;
  }
  get remoteFamily(): string | undefined {
    return this.underlying?.remoteFamily;
  }
  declare readonly localAddress?: string;
  declare readonly localPort?: number;
  declare readonly localFamily?: string;
  static {
    // In the types of node:net, these properties are optional, which a getter in a class cannot be.
    for (const name of ["localAddress", "localPort", "localFamily"] as const)
      Object.defineProperty(ChannelSocket.prototype, name, {
        get(this: ChannelSocket) {
          return this.underlying?.[name];
        },
      });
  }
  address(): AddressInfo | Record<string, never> {
    const { localAddress: address, localPort: port, localFamily: family } = this;
    return address === undefined || port === undefined || family === undefined ? {} : { address, port, family };
  }
  get autoSelectFamilyAttemptedAddresses(): string[] {
    return this.underlying?.autoSelectFamilyAttemptedAddresses ?? [];
  }
  get bufferSize(): number {
    return this.writableLength;
  }

  /**
   * Emits "connect" at the next tick, for libraries that call `connect` on every stream that they get. The address is
   * ignored, because the channel has its peer.
   */
  connect(...args: readonly unknown[]): this {
    const listener = args.at(-1);
    if (typeof listener === "function") this.once("connect", listener as () => void);
    // A socket that is connecting emits the event when it is connected.
    if (!this.connecting) process.nextTick(() => this.destroyed || this.emit("connect"));
    return this;
  }

  setNoDelay(noDelay?: boolean): this {
    return this.#configure((socket) => socket.setNoDelay(noDelay));
  }
  setKeepAlive(enable?: boolean, initialDelay?: number): this {
    return this.#configure((socket) => socket.setKeepAlive(enable, initialDelay));
  }
  ref(): this {
    return this.#configure((socket) => socket.ref());
  }
  unref(): this {
    return this.#configure((socket) => socket.unref());
  }

  #configure(apply: (socket: Socket) => void): this {
    const socket = this.underlying;
    if (socket) apply(socket);
    else if (this.connecting) this.#settings.push(apply);
    return this;
  }

  /** The time of `setTimeout` in milliseconds, or 0. */
  get timeout(): number {
    return this.#timeout;
  }

  /**
   * Emits "timeout" if no byte moves for this time, and leaves the socket open.
   * @param ms milliseconds; 0 for no limit
   */
  setTimeout(ms: number, callback?: () => void): this {
    if (!(typeof ms === "number" && ms >= 0 && ms < 2 ** 31))
      throw wrongOption("the timeout", ms, "milliseconds, from 0 to less than 2^31");
    if (callback !== undefined && typeof callback !== "function")
      throw wrongOption("the callback", callback, "a function");
    if (this.destroyed) return this;
    this.#timeout = ms;
    clearTimeout(this.#timer);
    this.#timer = ms > 0 ? setTimeout(() => this.#onTimeout(), ms).unref() : undefined;
    if (callback && ms > 0) this.once("timeout", callback);
    else if (callback) this.removeListener("timeout", callback);
    return this;
  }

  #onTimeout(): void {
    // A large write to a slow peer moves bytes without an event. As in node:net, it does not time out.
    const before = this.#unsent;
    this.#unsent = unsentOf(this.underlying);
    if (this.#unsent !== undefined && this.#unsent !== before) this.#timer?.refresh();
    else this.emit("timeout");
  }

  override _destroy(error: Error | null, callback: StreamCallback): void {
    clearTimeout(this.#timer);
    this.#settings = [];
    if (error) failResponse(this, error);
    super._destroy(error, callback);
  }

  /** Ends the writable side, and destroys the socket once everything written is sent. */
  destroySoon(): void {
    if (this.writable) this.end();
    if (this.writableFinished) this.destroy();
    else this.once("finish", () => this.destroy());
  }

  /** Destroys the socket, and resets the connection under it, without an alert to the peer. */
  resetAndDestroy(): this {
    const socket = this.underlying;
    this.destroy();
    socket?.resetAndDestroy();
    return this;
  }

  /** Always true, as for a TLSSocket. Express and others look at it. */
  get encrypted(): true {
    return true;
  }
  /** True if the peer has proved its identity, by a verified certificate or a pre-shared key. */
  get authorized(): boolean {
    return this.session !== undefined && isAuthorized(this.session);
  }
  /** The reason why a certificate of the peer is not verified. `null` if it is, or if the peer sent none. */
  get authorizationError(): Error | null {
    return this.session ? authorizationErrorOf(this.session) : null;
  }
  /** The protocol of ALPN. `false` if none was agreed on, and `null` before the handshake is done. */
  get alpnProtocol(): string | false | null {
    return this.session ? (this.session.alpn ?? false) : null;
  }
  /** The server's name. `false` if the client sent none. */
  get servername(): string | false {
    return this.session?.serverName ?? false;
  }
  getPeerCertificate(detailed: true): DetailedPeerCertificate;
  getPeerCertificate(detailed?: boolean): PeerCertificate | DetailedPeerCertificate;
  getPeerCertificate(detailed = false): PeerCertificate | DetailedPeerCertificate {
    return peerCertificateOf(this.#session, detailed);
  }
  getPeerX509Certificate(): X509Certificate | undefined {
    return peerX509CertificateOf(this.#session);
  }
  getCipher(): CipherNameAndProtocol {
    return cipherOf(this.#session);
  }
  /** `null` before the handshake is done. */
  getProtocol(): "TLSv1.2" | null {
    return this.session?.version ?? null;
  }
  isSessionReused(): boolean {
    return this.session?.resumed ?? false;
  }
  /** See `TlsConnection.exportKeyingMaterial`, which also says when it throws. */
  exportKeyingMaterial(length: number, label: string, context?: Uint8Array): Buffer {
    if (!this.channel) throw notOpenError();
    return Buffer.from(this.channel.exportKeyingMaterial(length, label, context));
  }

  get #session(): NonNullable<ChannelDuplex["session"]> {
    if (!this.session) throw notOpenError();
    return this.session;
  }
}

const notOpenError = (): Error => usageError("no session before the handshake is done");

/** A text that changes when unsent bytes are sent. `undefined` if all are sent. */
const unsentOf = (socket: Socket | undefined): string | undefined =>
  socket?.writableLength ? `${socket.writableLength} ${writeQueueSize(socket)}` : undefined;
