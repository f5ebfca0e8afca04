/**
 * A connection in plain text that becomes a channel later (STARTTLS).
 * @module
 */
import type { Bytes } from "../bytes/bytes.ts";
import { TlsError, usageError } from "../errors.ts";
import { markHandled } from "../flow.ts";
import { highWaterPlain, maxPlainLine, maxUnreadPlain, plainTimeout } from "../limits.ts";
import { optionsOf } from "../validation/options.ts";
import { callGuarded } from "./callGuarded.ts";
import type { TlsConnection } from "./connection.ts";
import { type Deferred, deferred } from "./deferred.ts";
import { asTransportError, goneError, localCloseError, transportError } from "./errors.ts";
import { PlainBuffer } from "./plainBuffer.ts";
import { checkedTransport, type Transport, type TransportEvents } from "./transport.ts";

export interface PlainOptions {
  /** How long one read or write may take, in milliseconds. Then the connection fails. Default 60,000. */
  readonly timeout?: number;
}

export interface StartTlsOptions {
  /**
   * The last bytes in plain text, such as a server's answer to STARTTLS. They are sent directly before TLS begins. The
   * peer's first record may arrive at once after them, so bytes that arrive earlier are not from TLS. If the options of
   * TLS are wrong, they are not sent.
   */
  readonly goAhead?: Uint8Array;
}

/** Starts TLS over a transport. */
export type StartTls<Options> = (transport: Transport, options: Options) => Promise<TlsConnection>;

/** A read that waits for bytes. `take` returns `undefined` while there are too few. */
interface Waiting {
  readonly take: () => unknown;
  readonly done: Deferred<unknown>;
}

/**
 * A connection in plain text over a transport, and the way from there to TLS. You may ignore every promise that it
 * returns.
 */
export class PlainConnection<Options> {
  readonly #transport: Transport;
  readonly #start: StartTls<Options>;
  readonly #timeout: number;
  readonly #unread = new PlainBuffer();
  #phase: "plain" | "starting" | "tls" | "ended" = "plain";
  /** The events of TLS, once it has begun. */
  #events: TransportEvents | undefined;
  #waiting: Waiting | undefined;
  #isPaused = false;
  #room: Deferred<void> | undefined;
  /** The end that a read sees after the last byte: the peer's, or an error. The first one counts. */
  #readEnd: { readonly error?: TlsError } | undefined;
  /** True once the application has read the peer's end. */
  #isEndRead = false;
  /** The reason why this connection has ended. */
  #error: TlsError | undefined;

  /** @param start starts TLS in the role of this side; `connect` and `accept` are such functions */
  constructor(transport: Transport, start: StartTls<Options>, options: PlainOptions = {}) {
    const { timeout = plainTimeout } = optionsOf(options, plainOptions);
    this.#transport = checkedTransport(transport);
    this.#start = start;
    this.#timeout = timeout;
    transport.start({
      data: (bytes) => (this.#events ? this.#events.data(bytes) : this.#receive(bytes)),
      drain: () => (this.#events ? this.#events.drain() : this.#drained()),
      end: () => (this.#events ? this.#events.end() : this.#peerEnded()),
      error: (error) => (this.#events ? this.#events.error(error) : this.#fail(asTransportError(error))),
    });
  }

  /** The address of the peer, or of a proxy in between. `undefined` if unknown. */
  get remoteAddress(): string | undefined {
    return this.#transport.remoteAddress;
  }

  /**
   * Returns exactly `length` bytes, or, without it, those that have arrived. Returns `undefined` after the peer's end,
   * and again if it is called again, as `TlsConnection.read` does. Rejects with the TlsError that ended the connection,
   * or with `closed_locally` after `close`. Only one read may be pending.
   *
   * Read the peer's go-ahead with a `length` or with `readLine`: the bytes after it then stay unread, and `startTls`
   * refuses them. A read without `length` may return such bytes together with the go-ahead.
   * @param length at most 65,536
   */
  read(length?: number): Promise<Bytes | undefined> {
    if (length !== undefined && !(Number.isInteger(length) && length >= 1 && length <= highWaterPlain))
      return markHandled(Promise.reject(usageError(`read takes a length from 1 to ${highWaterPlain}, or none`)));
    return this.#wait(() => this.#unread.take(length));
  }

  /**
   * Returns the next line without its CRLF, each byte as one character (ISO 8859-1). Returns `undefined` after the
   * peer's end, at each call, so a loop that waits for a certain line must also end at `undefined`. The connection
   * fails with `invalid_line` if a line is longer than `maxLength` bytes, 4,096 by default, or ends in LF without CR.
   */
  readLine(maxLength: number = maxPlainLine): Promise<string | undefined> {
    if (!(Number.isInteger(maxLength) && maxLength >= 1 && maxLength <= highWaterPlain - 2))
      return markHandled(Promise.reject(usageError(`readLine takes a limit from 1 to ${highWaterPlain - 2}`)));
    return this.#wait(() => this.#unread.takeLine(maxLength));
  }

  /** Sends bytes in plain text. Resolves when there is room for more. */
  write(bytes: Uint8Array): Promise<void> {
    return markHandled(this.#write(bytes));
  }

  async #write(bytes: Uint8Array): Promise<void> {
    if ((bytes as Partial<Uint8Array> | undefined)?.BYTES_PER_ELEMENT !== 1)
      throw usageError("write takes a Uint8Array: encode text with TextEncoder");
    this.#checkPlain();
    this.#send(bytes);
    if (this.#room) await this.#withTimeout(this.#room.promise, "the peer took no bytes");
  }

  /** Sends a copy, because the transport takes over the bytes. */
  #send(bytes: Uint8Array): void {
    let error: TlsError;
    try {
      const result = this.#transport.send(bytes.slice());
      if (result === "full") this.#room ??= deferred();
      if (result !== "gone") return;
      error = goneError();
    } catch (thrown) {
      error = asTransportError(thrown);
    }
    this.#fail(error);
    throw error;
  }

  /**
   * Begins TLS, and resolves once the handshake is done. The bytes of the peer that have arrived and were not read end
   * the connection with `unread_plaintext`: an attacker on the way could have put them there, to have them taken for
   * bytes of the channel. If the options are wrong, the connection stays in plain text.
   * @throws TlsError
   * @example
   * const smtp = plain(transport);
   * await smtp.readLine(); // 220 mail.example ready
   * await smtp.write(new TextEncoder().encode("STARTTLS\r\n"));
   * if (!(await smtp.readLine())?.startsWith("220 ")) throw new Error("the server does not start TLS");
   * const channel = await smtp.startTls({ ca: pem, serverName: "mail.example" });
   */
  startTls(options: Options, startOptions: StartTlsOptions = {}): Promise<TlsConnection> {
    return markHandled(this.#startTls(options, startOptions));
  }

  async #startTls(options: Options, startOptions: StartTlsOptions): Promise<TlsConnection> {
    const { goAhead } = optionsOf(startOptions, startTlsOptions);
    this.#checkPlain();
    if (this.#waiting) throw usageError("startTls while a read is pending");
    this.#refuseUnread();
    this.#phase = "starting";
    try {
      return await this.#start(this.#tlsTransport(goAhead), options);
    } catch (error) {
      if (this.#phase === "starting") this.#phase = "plain";
      throw error;
    }
  }

  /** The transport of TLS. It sends the go-ahead when TLS starts it, after TLS has checked its options. */
  #tlsTransport(goAhead: Uint8Array | undefined): Transport {
    const transport = this.#transport;
    const { memory, nextTurn } = transport;
    return {
      start: (events) => {
        if (this.#phase !== "starting") throw this.#error ?? usageError("TLS starts only once");
        this.#refuseUnread();
        if (goAhead?.length) this.#send(goAhead);
        this.#phase = "tls";
        this.#events = events;
        this.#drained();
      },
      send: (bytes) => transport.send(bytes),
      pause: () => transport.pause(),
      resume: () => transport.resume(),
      end: () => transport.end(),
      abort: (reason) => transport.abort(reason),
      established: () => transport.established?.(),
      ...(transport.closeWrite && { closeWrite: () => transport.closeWrite?.() }),
      ...(memory && { memory }),
      ...(nextTurn && { nextTurn }),
      get remoteAddress() {
        return transport.remoteAddress;
      },
      get socket() {
        return transport.socket;
      },
    };
  }

  #refuseUnread(): void {
    if (this.#readEnd) this.#fail(transportError("connection_lost", "the peer ended the connection before TLS"));
    else if (this.#unread.length)
      this.#fail(
        new TlsError(undefined, `the peer sent ${this.#unread.length} bytes in plain text that were not read`, {
          code: "unread_plaintext",
          advice: "if they are from TLS, give startTls the go-ahead, instead of writing it before",
        }),
      );
    if (this.#error) throw this.#error;
  }

  /**
   * Sends everything, then closes without TLS, and discards the bytes that were not read. Has no effect once TLS has
   * begun: then close the channel.
   */
  close(): void {
    if (this.#isEnded) return;
    const error = localCloseError();
    this.#stopReading(error);
    this.#end(error);
    callGuarded(() => this.#transport.end());
  }

  /** Ends the connection at once, and discards the bytes that were not read. Has no effect once TLS has begun. */
  abort(reason: string = "the application ended the connection"): void {
    if (this.#isEnded) return;
    const error = new TlsError(undefined, reason, { code: "aborted", fault: "application" });
    this.#stopReading(error);
    this.#fail(error);
  }

  /** Later reads fail, because discarded bytes must not look like the peer's end, unless it was read before. */
  #stopReading(error: TlsError): void {
    this.#unread.take(undefined);
    if (!this.#isEndRead) this.#readEnd = { error };
  }

  get #isEnded(): boolean {
    return this.#phase === "tls" || this.#phase === "ended";
  }

  #checkPlain(): void {
    if (this.#error) throw this.#error;
    if (this.#phase !== "plain") throw usageError("TLS has begun: use the channel");
  }

  #wait<T>(take: () => T | undefined): Promise<T | undefined> {
    return markHandled(this.#waitFor(take));
  }

  async #waitFor<T>(take: () => T | undefined): Promise<T | undefined> {
    if (this.#waiting) throw usageError("a read is already pending");
    if (this.#phase !== "plain" && !this.#error) this.#checkPlain();
    const done = deferred<unknown>();
    this.#waiting = { take, done };
    void markHandled(done.promise);
    this.#serve();
    return (await this.#withTimeout(done.promise, "the peer sent too little")) as T | undefined;
  }

  /** Answers the read that waits, if it can be answered. */
  #serve(): void {
    const { take, done } = this.#waiting ?? {};
    if (!take || !done) return;
    try {
      const taken = take();
      const end = this.#readEnd;
      if (taken === undefined && !end) return;
      this.#waiting = undefined;
      if (taken !== undefined) done.resolve(taken);
      else if (end?.error) done.reject(end.error);
      else if (this.#unread.length) done.reject(transportError("truncated", "the peer ended within plain text"));
      else {
        this.#isEndRead = true;
        done.resolve(undefined);
      }
    } catch (error) {
      this.#waiting = undefined;
      done.reject(error);
      this.#fail(error as TlsError);
    }
    this.#updatePause();
  }

  #receive(bytes: Uint8Array): void {
    if (this.#phase === "ended") return;
    this.#unread.push(bytes);
    this.#serve();
    this.#updatePause();
    if (this.#unread.length > maxUnreadPlain)
      this.#fail(
        new TlsError(undefined, `more than ${maxUnreadPlain} bytes wait to be read before TLS`, {
          code: "inbound_overflow",
          fault: "application",
        }),
      );
  }

  #updatePause(): void {
    const isFull = this.#unread.length > highWaterPlain;
    if (isFull === this.#isPaused || this.#phase === "ended") return;
    this.#isPaused = isFull && this.#transport.pause();
    if (!isFull) this.#transport.resume();
  }

  #peerEnded(): void {
    this.#readEnd ??= {};
    this.#serve();
  }

  #drained(): void {
    this.#room?.resolve();
    this.#room = undefined;
  }

  #fail(error: TlsError): void {
    if (this.#isEnded) return;
    this.#end(error);
    callGuarded(() => this.#transport.abort(error.code));
  }

  #end(error: TlsError): void {
    this.#phase = "ended";
    this.#error = error;
    this.#readEnd ??= { error };
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.done.reject(error);
    if (this.#room) void markHandled(this.#room.promise);
    this.#room?.reject(error);
  }

  async #withTimeout<T>(promise: Promise<T>, what: string): Promise<T> {
    const timer = setTimeout(
      () => this.#fail(new TlsError(undefined, `${what} within ${this.#timeout} ms`, { code: "plaintext_timeout" })),
      this.#timeout,
    );
    try {
      return await promise;
    } finally {
      clearTimeout(timer);
    }
  }
}

const plainOptions: readonly string[] = ["ms timeout"];
const startTlsOptions: readonly string[] = ["bytes goAhead"];
