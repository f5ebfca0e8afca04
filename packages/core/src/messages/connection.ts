/**
 * A message connection: whole messages, pings and a closing handshake over a channel (docs/message-framing.md).
 * @module
 */
import type { Bytes } from "../bytes/bytes.ts";
import { callGuarded } from "../connection/callGuarded.ts";
import type { TlsConnection } from "../connection/connection.ts";
import { type Deferred, deferred } from "../connection/deferred.ts";
import { closedError, closeTimeoutError, localCloseError } from "../connection/errors.ts";
import { TlsError, usageError } from "../errors.ts";
import { markHandled } from "../flow.ts";
import { closeTimeout, maxPings } from "../limits.ts";
import { printable } from "../printable.ts";
import { type CloseInfo, closePayload, cutReason, encodeClose } from "./close.ts";
import { FrameError } from "./frameError.ts";
import { FrameReader, opcodes, type Received } from "./frames.ts";
import { Inbox } from "./inbox.ts";
import {
  type Closed,
  isMessage,
  type Message,
  type Messages,
  messageIterator,
  rejectWrongMessage,
} from "./messages.ts";
import { Outbox } from "./outbox.ts";

export interface MessageLimits {
  /** The most bytes of a message that the peer may send. Default 16 MiB. */
  readonly maxMessage: number;
  /** How long `close` waits for the channel to take more bytes, and then for the peer's Close, in ms. Default 5,000. */
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
  /** Whether the opening may be answered by a Close: as client, but not as server. */
  #isRefusable = false;
  /** True until the opening is awaited, and again after it until `start`: the peer's opening must be judged first. */
  #isHeld = true;
  /** True while a read of the channel is pending. */
  #isReading = false;
  /** True once the channel has no more bytes for us, or we want none. */
  #hasReadAll = false;
  #channelEnd: { readonly error?: TlsError } | undefined;
  /** Why the channel's bytes ended, if neither the peer's Close nor a fault of the peer was in them. */
  #readError: TlsError | undefined;
  #pings: { readonly id: string; readonly done: Deferred<void> }[] = [];
  #lastPing = 0;
  /** Whether our Close is sent, or waits to be sent. */
  #isClosing = false;
  /** Set if the application has closed first. */
  #localClose: TlsError | undefined;
  #receivedClose: CloseInfo | undefined;
  #droppedBytes = 0;
  /** Why the connection fails although the channel does not. */
  #error: TlsError | undefined;
  /** Takes the number of messages that the peer has acknowledged. Without it, an acknowledgement breaks the framing. */
  onAck: ((count: number) => void) | undefined;
  #closeTimer: unknown;
  onPing: ((payload: Bytes) => void) | undefined;

  constructor(channel: TlsConnection, limits: MessageLimits) {
    this.channel = channel;
    this.#closeTimeout = limits.closeTimeout ?? closeTimeout;
    this.#reader = new FrameReader(limits.maxMessage);
    const { onSent } = limits;
    const onTaken = (bytes: number): void => {
      if (onSent && bytes) callGuarded(() => onSent(bytes));
      if (this.#isClosing) this.#watchClose();
    };
    this.#outbox = new Outbox(channel, onTaken, () => this.#closeChannel());
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
    this.#outbox.addUrgent(opcodes.opening, payload);
  }

  /**
   * Begins to read, and waits for the peer's opening. Reads nothing behind it.
   * @param isRefusable whether the peer may close instead
   */
  receiveOpening(isRefusable: boolean): Promise<Bytes> {
    const opening = deferred<Bytes>();
    void markHandled(opening.promise);
    this.#pendingOpening = opening;
    this.#reader.refusesMessages = true;
    this.#isRefusable = isRefusable;
    this.#isHeld = false;
    this.#advance();
    return opening.promise;
  }

  /** Begins to read messages. */
  start(protocol: string): this {
    this.#protocol = protocol;
    this.#isHeld = false;
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
    if (!isMessage(message)) return rejectWrongMessage();
    const refused = this.#refused;
    if (!refused) return this.#outbox.addMessage(message);
    return this.#receivedClose && !this.#localClose && this.#inbox.takeAnswer() ? Promise.resolve() : refused;
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
    this.#outbox.addUrgent(opcodes.ping, new TextEncoder().encode(id));
    return markHandled(done.promise);
  }

  /** Acknowledges the received messages, of which there are `count` in the session. */
  sendAck(count: number): void {
    if (!this.#isClosing && !this.#channelEnd) this.#outbox.addAck(count);
  }

  close(code?: number, reason?: string): Promise<Closed> {
    let payload: Uint8Array;
    try {
      payload = closePayload(code, reason);
    } catch (error) {
      return markHandled(Promise.reject(error));
    }
    this.#isHeld = false;
    if (!this.#isClosing && !this.#channelEnd) this.#localClose = localCloseError();
    this.#sendClose(payload);
    if (this.#localClose) this.#inbox.stop(this.#localClose);
    this.#advance();
    return this.closed;
  }

  abort(reason?: unknown): void {
    this.channel.abort(reason);
  }

  get closed(): Promise<Closed> {
    return this.#closed.promise;
  }

  /** A rejected promise if nothing may be sent any more. */
  get #refused(): Promise<never> | undefined {
    const error = this.#localClose ?? this.#endError;
    return error && markHandled(Promise.reject(error));
  }

  /** Why the connection ends. `undefined` while it is open. */
  get #endError(): TlsError | undefined {
    if (this.#error) return this.#error;
    if (this.#receivedClose) return closedError();
    return this.#channelEnd?.error ?? this.#readError ?? (this.#channelEnd && closedError());
  }

  #sendClose(payload: Uint8Array): void {
    if (this.#isClosing || this.#channelEnd) return;
    this.#isClosing = true;
    this.#outbox.addClose(payload);
    this.#watchClose();
  }

  /** Closes the channel if it takes nothing of ours for a time, and the peer's Close does not arrive either. */
  #watchClose(): void {
    clearTimeout(this.#closeTimer);
    if (this.#channelEnd) return;
    this.#closeTimer = setTimeout(() => {
      if (!this.#receivedClose) this.#error ??= closeTimeoutError(this.#closeTimeout);
      void this.channel.close();
    }, this.#closeTimeout);
  }

  /** Closes the channel once our Close is sent and the peer's is not awaited any more. */
  #closeChannel(): void {
    if (this.#isClosing && !this.#outbox.isFlushing && (this.#receivedClose || this.#error)) void this.channel.close();
  }

  /** Handles the frames that are there, and reads on unless enough messages wait. */
  #advance(): void {
    if (this.#isReading) return;
    try {
      // After the end of the channel, only the bytes that wait in it can still come.
      while (!this.#isHeld && !this.#hasReadAll && (!this.#inbox.isFull || this.#channelEnd)) {
        const received = this.#reader.next();
        if (!received) return this.#readOn();
        this.#handle(received);
      }
    } catch (error) {
      this.fail(error instanceof FrameError ? error : tooBigForMemory(error));
    }
  }

  #readOn(): void {
    this.#isReading = true;
    this.channel.read().then(
      (bytes) => {
        this.#isReading = false;
        if (bytes) this.#reader.push(bytes);
        else this.#endWithoutClose();
        this.#advance();
      },
      (error: TlsError) => {
        this.#readError = error;
        this.#endReading(error);
      },
    );
  }

  #endWithoutClose(): void {
    this.#error ??= noCloseError();
    this.#endReading(this.#error);
    this.#outbox.drop(this.#error);
    void this.channel.close();
  }

  #handle(received: Received): void {
    if (this.#pendingOpening && !(this.#isRefusable && received.type === "close"))
      return this.#handleOpening(received, this.#pendingOpening);
    switch (received.type) {
      case "message":
        return this.#inbox.add(received);
      case "ping":
        callGuarded(() => this.onPing?.(received.data));
        return this.#isClosing ? undefined : this.#outbox.addPong(received.data);
      case "pong":
        return this.#handlePong(String.fromCharCode(...received.data));
      case "close":
        return this.#handleClose(received);
      case "ack":
        if (!this.onAck) throw new FrameError(1002, "an acknowledgement is outside a session");
        return this.onAck(received.count);
      case "opening":
        throw new FrameError(1002, "an opening is out of place");
    }
  }

  #handleOpening(received: Received, pending: Deferred<Bytes>): void {
    if (received.type !== "opening") throw new FrameError(1002, "the first frame is not an opening");
    this.#pendingOpening = undefined;
    this.#reader.refusesMessages = false;
    this.#isHeld = true;
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
    // The peer handles no message after its Close (RFC 6455 §5.5.1), so those that wait would be lost in any case.
    this.#droppedBytes = this.#outbox.drop(this.#inbox.isAnswering ? undefined : closedError());
    this.#sendClose(encodeClose({ code, reason: "" }));
    this.#closeChannel();
  }

  /** The peer broke a rule. Nothing that follows can be understood, so its Close is not waited for. */
  fail(error: FrameError): void {
    this.#error ??= error;
    this.#isHeld = false;
    this.#endReading(error);
    this.#outbox.drop(error);
    this.#sendClose(encodeClose({ code: error.closeCode, reason: cutReason(error.message) }));
    this.#closeChannel();
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
    const error = this.#endError ?? closedError();
    this.#outbox.drop(error);
    for (const { done } of this.#pings.splice(0)) done.reject(error);
    if (this.#receivedClose && !this.#error)
      this.#closed.resolve({ ...this.#receivedClose, droppedBytes: this.#droppedBytes });
    else this.#closed.reject(error);
  }
}

/** The channel ended in order, but the peer may have wanted to send more. */
const noCloseError = (): TlsError =>
  new TlsError(undefined, "the peer ended the channel without a Close", { code: "no_close" });

const refusedError = (code: number, reason: string): TlsError =>
  new TlsError(
    undefined,
    `the server refused to open, with the code ${code} and the reason ${JSON.stringify(printable(reason, 123))}`,
    {
      code: "open_refused",
      // A server that restarts or is overloaded may accept a later attempt (RFC 6455 §7.4.1, and IANA's registry).
      fault: [1001, 1012, 1013].includes(code) ? "transport" : "peer",
      advice: "does the server accept this path, these protocols and this client?",
    },
  );

/** A message below the limit may still exceed the memory of this host, or the longest text of its engine. */
const tooBigForMemory = (cause: unknown): FrameError =>
  new FrameError(1009, "a message does not fit into memory", "message_too_big", cause);
