/**
 * A message connection: whole messages, pings and a closing handshake over a channel (docs/message-framing.md).
 * @module
 */
import type { Bytes } from "../bytes/bytes.ts";
import type { TlsConnection } from "../connection/connection.ts";
import { type Deferred, deferred } from "../connection/deferred.ts";
import { closedError, localCloseError } from "../connection/errors.ts";
import { TlsError, usageError } from "../errors.ts";
import { markHandled } from "../flow.ts";
import { closeTimeout, maxPings } from "../limits.ts";
import { type CloseInfo, cutReason, encodeClose, noCode } from "./close.ts";
import { FrameError } from "./frameError.ts";
import { FrameReader, opcodes, type Received } from "./frames.ts";
import { Inbox } from "./inbox.ts";
import { type Closed, type Message, type Messages, messageIterator } from "./messages.ts";
import { Outbox } from "./outbox.ts";

export interface MessageLimits {
  /** The most bytes of a message that the peer may send. Default 16 MiB. */
  readonly maxMessage: number;
  /** How long `close` waits while none of our bytes can be sent, and for the peer's Close, in ms. Default 5,000. */
  readonly closeTimeout?: number | undefined;
  /** Called with the number of bytes of messages that the channel took. */
  readonly onSent?: ((bytes: number) => void) | undefined;
}

/** Messages over one channel. */
export class MessageConnection implements Messages {
  readonly channel: TlsConnection;
  #protocol = "";
  readonly #closeTimeout: number;
  readonly #reader: FrameReader;
  readonly #inbox = new Inbox(() => this.#advance());
  readonly #outbox: Outbox;
  readonly #closed = deferred<Closed>();
  #pendingOpening: Deferred<Bytes> | undefined;
  /** True while a read of the channel is pending. */
  #isReading = false;
  /** True once the channel has no more bytes for us, or we want none. */
  #hasReadAll = false;
  #channelEnd: { readonly error?: TlsError } | undefined;
  #pings: { readonly id: string; readonly done: Deferred<void> }[] = [];
  #lastPing = 0;
  #isClosing = false;
  #receivedClose: CloseInfo | undefined;
  #droppedBytes = 0;
  /** Why the connection fails although the channel does not. */
  #error: TlsError | undefined;
  /** Takes the number of messages that the peer has acknowledged. Without it, an acknowledgement breaks the framing. */
  onAck: ((count: number) => void) | undefined;
  #closeTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(channel: TlsConnection, limits: MessageLimits) {
    this.channel = channel;
    this.#closeTimeout = limits.closeTimeout ?? closeTimeout;
    this.#reader = new FrameReader(limits.maxMessage);
    this.#outbox = new Outbox(
      channel,
      (bytes) => limits.onSent?.(bytes),
      () => this.#onFlushed(),
    );
    void markHandled(this.#closed.promise);
    const onChannelEnd = (error?: TlsError): void => {
      this.#channelEnd = { ...(error && { error }) };
      this.#advance();
      this.#finish();
    };
    channel.closed.then(() => onChannelEnd(), onChannelEnd);
  }

  /** Sends our opening. */
  sendOpening(payload: Uint8Array): void {
    this.#outbox.addControl(opcodes.opening, payload);
  }

  /** Begins to read, and waits for the peer's opening. */
  receiveOpening(): Promise<Bytes> {
    this.#pendingOpening = deferred<Bytes>();
    this.#advance();
    return markHandled(this.#pendingOpening.promise);
  }

  /** Begins to read messages. */
  start(protocol: string): this {
    this.#protocol = protocol;
    this.#advance();
    return this;
  }

  get protocol(): string {
    return this.#protocol;
  }

  read(): Promise<Message | undefined> {
    return this.#inbox.read();
  }

  [Symbol.asyncIterator](): AsyncIterableIterator<Message, void, void> {
    return messageIterator(this);
  }

  send(message: string | Uint8Array): Promise<void> {
    if (typeof message !== "string" && (message as Partial<Uint8Array> | undefined)?.BYTES_PER_ELEMENT !== 1)
      return markHandled(Promise.reject(usageError("send takes a text or a Uint8Array")));
    return this.#refused ?? this.#outbox.addMessage(message);
  }

  get waitingBytes(): number {
    return this.#outbox.waiting;
  }

  ping(): Promise<void> {
    if (this.#refused) return this.#refused;
    if (this.#pings.length >= maxPings)
      return markHandled(Promise.reject(usageError(`${maxPings} pings have no answer yet`)));
    const id = String(++this.#lastPing);
    const done = deferred<void>();
    this.#pings.push({ id, done });
    this.#outbox.addControl(opcodes.ping, new TextEncoder().encode(id));
    return markHandled(done.promise);
  }

  /** Acknowledges the received messages, of which there are `count` in the session. */
  sendAck(count: number): void {
    if (!this.#isClosing && !this.#channelEnd) this.#outbox.addAck(count);
  }

  close(code: number = noCode, reason = ""): Promise<Closed> {
    if (!this.#channelEnd && !this.#receivedClose) this.#inbox.stop(localCloseError());
    this.#sendClose({ code, reason });
    return this.closed;
  }

  get closed(): Promise<Closed> {
    return this.#closed.promise;
  }

  /** A rejected promise if nothing may be sent any more. */
  get #refused(): Promise<never> | undefined {
    const error = this.#channelEnd?.error ?? this.#error;
    if (error) return markHandled(Promise.reject(error));
    if (this.#channelEnd || this.#receivedClose) return markHandled(Promise.reject(closedError()));
    return this.#isClosing ? markHandled(Promise.reject(localCloseError())) : undefined;
  }

  #sendClose(info: CloseInfo): void {
    if (this.#isClosing || this.#channelEnd) return;
    this.#isClosing = true;
    this.#outbox.addControl(opcodes.close, encodeClose(info));
    this.#watchClose();
  }

  /** Closes the channel after a time in which nothing of ours could be sent and the peer's Close did not arrive. */
  #watchClose(sentBefore?: number): void {
    const { bytesSent } = this.channel.traffic;
    if (bytesSent === sentBefore) void this.channel.close();
    else this.#closeTimer = setTimeout(() => this.#watchClose(bytesSent), this.#closeTimeout);
  }

  #onFlushed(): void {
    if (this.#isClosing && (this.#receivedClose || this.#error)) void this.channel.close();
  }

  /** Handles the frames that are there, and reads on unless enough messages wait. */
  #advance(): void {
    if (this.#isReading || this.#hasReadAll) return;
    try {
      // Once the channel has ended, what waits in it is all that can come.
      while (!this.#inbox.isFull || this.#channelEnd) {
        const received = this.#reader.next();
        if (!received) return this.#readOn();
        this.#handle(received);
        if (this.#hasReadAll) return;
      }
    } catch (error) {
      this.fail(error as FrameError);
    }
  }

  #readOn(): void {
    this.#isReading = true;
    this.channel.read().then(
      (bytes) => {
        this.#isReading = false;
        if (bytes) this.#reader.push(bytes);
        else {
          this.#endReading(noCloseError());
          void this.channel.close();
        }
        this.#advance();
      },
      (error: TlsError) => this.#endReading(error),
    );
  }

  #handle(received: Received): void {
    if (this.#pendingOpening && received.type !== "close") return this.#handleOpening(received, this.#pendingOpening);
    switch (received.type) {
      case "message":
        return this.#inbox.add(received);
      case "ping":
        return this.#isClosing ? undefined : this.#outbox.addPong(received.data);
      case "pong":
        return this.#handlePong(String.fromCharCode(...received.data));
      case "close":
        return this.#handleClose(received);
      case "ack":
        if (!this.onAck) throw new FrameError(1002, "the peer acknowledged messages outside a session");
        return this.onAck(received.count);
      case "opening":
        throw new FrameError(1002, "the peer sent a second opening");
    }
  }

  #handleOpening(received: Received, pending: Deferred<Bytes>): void {
    if (received.type !== "opening") throw new FrameError(1002, "the peer began without an opening");
    this.#pendingOpening = undefined;
    pending.resolve(received.data);
  }

  /** A pong also answers all pings before the one that it repeats. An unknown pong is ignored (RFC 6455 §5.5.3). */
  #handlePong(id: string): void {
    const index = this.#pings.findIndex((ping) => ping.id === id);
    for (const { done } of this.#pings.splice(0, index + 1)) done.resolve();
  }

  #handleClose({ code, reason }: CloseInfo): void {
    this.#receivedClose = { code, reason };
    this.#pendingOpening?.reject(refusedError(code, reason));
    this.#endReading();
    if (this.#isClosing) {
      if (!this.#outbox.isFlushing) void this.channel.close();
      return;
    }
    // The peer handles no message after its Close (RFC 6455 §5.5.1), so those that wait would be lost in any case.
    this.#droppedBytes = this.#outbox.drop(closedError());
    this.#sendClose({ code, reason: "" });
  }

  /** The peer broke a rule. Nothing that follows can be understood, so its Close is not waited for. */
  fail(error: FrameError): void {
    this.#error = error;
    this.#endReading(error);
    this.#outbox.drop(error);
    this.#sendClose({ code: error.closeCode, reason: cutReason(error.message) });
  }

  /** @param error why messages may be missing */
  #endReading(error?: TlsError): void {
    this.#hasReadAll = true;
    if (error) this.#pendingOpening?.reject(error);
    this.#inbox.end(error);
    this.#finish();
  }

  /** Settles what is pending, once the channel has ended and all its bytes were handled. */
  #finish(): void {
    if (!this.#channelEnd || !this.#hasReadAll) return;
    clearTimeout(this.#closeTimer);
    const error = this.#error ?? this.#channelEnd.error ?? (this.#receivedClose ? closedError() : noCloseError());
    this.#outbox.drop(error);
    for (const { done } of this.#pings.splice(0)) done.reject(error);
    if (this.#receivedClose && !this.#error)
      this.#closed.resolve({ ...this.#receivedClose, droppedBytes: this.#droppedBytes });
    else this.#closed.reject(error);
  }
}

/** The channel's bytes ended where a Close was missing: the peer may have wanted to send more. */
const noCloseError = (): TlsError =>
  new TlsError(undefined, "the peer ended the channel without a Close", { code: "no_close" });

/** A server that restarts or is overloaded may accept a later attempt (RFC 6455 §7.4.1, and IANA's registry). */
const refusedError = (code: number, reason: string): TlsError =>
  new TlsError(undefined, `the server refused to open: ${code}${reason && ` (${reason})`}`, {
    code: "open_refused",
    fault: [1001, 1012, 1013].includes(code) ? "transport" : "peer",
  });
