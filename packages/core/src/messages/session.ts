/**
 * A message session outlives its connections: when one is lost, the next one continues, and no message is lost or
 * repeated. Each side keeps its messages until the peer acknowledges them.
 * @module
 */
import type { Bytes } from "../bytes/bytes.ts";
import type { TlsConnection } from "../connection/connection.ts";
import { type Deferred, deferred } from "../connection/deferred.ts";
import { abortError, closedError, closeTimeoutError, localCloseError } from "../connection/errors.ts";
import { TlsError } from "../errors.ts";
import { ignore, markHandled } from "../flow.ts";
import { ackBytes, ackDelay, ackEvery, closeTimeout, highWaterMessages, maxClosingReturns } from "../limits.ts";
import { printable } from "../printable.ts";
import { closePayload } from "./close.ts";
import type { MessageConnection } from "./connection.ts";
import { FrameError } from "./frameError.ts";
import { Inbox } from "./inbox.ts";
import {
  type Closed,
  isMessage,
  type Message,
  type Messages,
  messageIterator,
  rejectWrongMessage,
} from "./messages.ts";
import { interruptedError, queueFullError } from "./sessionErrors.ts";
import type { MessageSessionOptions } from "./sessionOptions.ts";
import { SessionOutbox } from "./sessionOutbox.ts";

/** A connection that continues a session, and the numbers that the two sides told each other. */
export interface Attachment {
  readonly connection: MessageConnection;
  /** The number of messages that the peer has received of us. */
  readonly peerReceived: number;
  /** The number of first messages on this connection that we have already received on the one before. */
  readonly skip: number;
}

export class MessageSession implements Messages {
  readonly #options: MessageSessionOptions;
  readonly #inbox: Inbox;
  readonly #outbox: SessionOutbox;
  readonly #closed = deferred<Closed>();
  #connection: MessageConnection | undefined;
  #channel: TlsConnection;
  #protocol = "";
  #received = 0;
  /** The number of next messages on this connection that were received on the one before. */
  #skip = 0;
  /** The number of messages that we have acknowledged, and the number of bytes received since. */
  #ackSent = 0;
  #bytesSinceAck = 0;
  #ackTimer: unknown;
  /** Resolves when the inbox may have room again, or has got another connection. */
  #receiverWake: Deferred<void> | undefined;
  /** The arguments of `close`. */
  #closing: Parameters<MessageConnection["close"]> | undefined;
  /** The number of connections since `close`. */
  #closingReturns = 0;
  #closeTimer: unknown;
  #error: TlsError | undefined;
  #hasEnded = false;
  onPing: ((payload: Bytes) => void) | undefined;

  constructor(channel: TlsConnection, options: MessageSessionOptions) {
    this.#channel = channel;
    this.#options = options;
    // The peer's messages that wait fit in, if its queue is no longer than ours. Otherwise the acknowledgements behind
    // them could not arrive while the application waits to send, and the application does not read while it waits.
    this.#inbox = new Inbox(() => this.#wakeReceiver(), Math.max(options.maxQueue, highWaterMessages));
    this.#outbox = new SessionOutbox(options.maxQueue, options.onSent);
    void markHandled(this.#closed.promise);
  }

  /** The number of messages that this side has received. */
  get received(): number {
    return this.#received;
  }
  get hasEnded(): boolean {
    return this.#hasEnded;
  }
  get isClosing(): boolean {
    return this.#closing !== undefined;
  }
  /** True before the end while there is no connection. */
  get isInterrupted(): boolean {
    return !this.#connection && !this.#hasEnded;
  }
  get channel(): TlsConnection {
    return this.#channel;
  }
  get protocol(): string {
    return this.#protocol;
  }
  get waitingBytes(): number {
    return this.#outbox.waitingBytes;
  }
  /** The memory of all messages that wait in both directions, in bytes. */
  get heldBytes(): number {
    return this.#inbox.heldBytes + this.#outbox.heldBytes;
  }
  /** The number of bytes that the present channel has not taken yet. */
  get unsentBytes(): number {
    return this.#connection?.waitingBytes ?? 0;
  }
  get closed(): Promise<Closed> {
    return this.#closed.promise;
  }

  /**
   * The number of our messages that need not be sent again to a peer that says that it has received this number.
   * `undefined` if it cannot have received them.
   */
  startFor(peerReceived: number): number | undefined {
    return this.#outbox.startFor(peerReceived);
  }

  /** Continues on another connection. The one before closes, and what it may still receive is dropped. */
  attach({ connection, peerReceived, skip }: Attachment): void {
    if (this.#hasEnded) return void connection.channel.close();
    // Closing takes a bounded time, and leaves the TLS session resumable.
    void this.#connection?.channel.close();
    this.#connection = connection;
    this.#channel = connection.channel;
    this.#protocol = connection.protocol;
    if (this.#closing && this.#closingReturns++ === maxClosingReturns)
      return this.fail(interruptedError("the peer lost connection after connection instead of closing"));
    this.#skip = Math.max(skip, 0);
    this.#ackSent = this.#received - this.#skip;
    this.#wakeReceiver();
    connection.onPing = (payload) => this.onPing?.(payload);
    connection.onAck = (count) => {
      if (connection !== this.#connection) return;
      this.#outbox.acknowledge(count);
      this.#options.onHeld?.();
      this.#options.onProgress?.();
    };
    void this.#receive(connection);
    clearTimeout(this.#closeTimer);
    this.#closeTimer = undefined;
    this.#options.onAttached?.();
    try {
      if (skip < 0) throw new FrameError(1002, "messages of the session are missing");
      this.#outbox.use(connection, peerReceived);
    } catch (error) {
      return connection.fail(error as FrameError);
    }
    if (this.#closing) this.#sendClose(connection, this.#closing);
  }

  /** Gives up the connection, which is useless. The session waits for another one. */
  interrupt(reason: TlsError): void {
    const connection = this.#connection;
    if (!connection) return;
    void connection.channel.close();
    this.#detach(reason);
  }

  /**
   * Forgets the messages of both sides, because the peer has lost the session. Returns our messages that the peer has
   * not acknowledged. It may have received some of them.
   */
  restart(): readonly Message[] {
    this.#received = 0;
    return this.#outbox.restart();
  }

  read(): Promise<Message | undefined> {
    const message = this.#inbox.read();
    this.#acknowledge();
    this.#options.onHeld?.();
    return message;
  }
  [Symbol.asyncIterator](): AsyncIterableIterator<Message, void, void> {
    return messageIterator(this);
  }

  send(message: string | Uint8Array): Promise<void> {
    if (!isMessage(message)) return rejectWrongMessage();
    if (this.#hasPeerClosed && this.#inbox.takeAnswer()) return Promise.resolve();
    if (this.#hasEnded || this.#closing) return markHandled(Promise.reject(this.#refusal));
    if (!this.#outbox.isFull) {
      const room = this.#outbox.add(message);
      this.#options.onHeld?.();
      return room;
    }
    const error = queueFullError(this.#options.maxQueue);
    this.fail(error);
    return markHandled(Promise.reject(error));
  }

  ping(): Promise<void> {
    if (this.#hasEnded) return markHandled(Promise.reject(this.#refusal));
    return this.#connection?.ping() ?? markHandled(Promise.reject(interruptedError("the session has no connection")));
  }

  close(code?: number, reason?: string): Promise<Closed> {
    try {
      closePayload(code, reason);
    } catch (error) {
      return markHandled(Promise.reject(error));
    }
    if (this.#hasEnded || this.#closing) return this.closed;
    this.#closing = [code, reason];
    this.#inbox.stop(localCloseError());
    if (this.#connection) this.#sendClose(this.#connection, this.#closing);
    else this.#watchClose();
    return this.closed;
  }

  abort(reason?: unknown): void {
    this.fail(abortError(reason, "user_canceled"));
  }

  /** Ends the session with an error. */
  fail(error: TlsError): void {
    if (this.#hasEnded) return;
    const connection = this.#connection;
    this.#end(error);
    connection?.channel.abort(error);
    this.#closed.reject(error);
  }

  get #hasPeerClosed(): boolean {
    return this.#hasEnded && !this.#error && !this.#closing;
  }

  get #refusal(): TlsError {
    return this.#error ?? (this.#closing ? localCloseError() : closedError());
  }

  /** The Close comes after all messages. The connection limits how long that takes. */
  #sendClose(connection: MessageConnection, closing: Parameters<MessageConnection["close"]>): void {
    this.#outbox.giveAll();
    void connection.close(...closing);
  }

  async #receive(connection: MessageConnection): Promise<void> {
    const end = await this.#readAll(connection);
    if (connection !== this.#connection) return;
    if (end instanceof FrameError) return this.fail(end);
    if (TlsError.is(end)) return this.#detach(end);
    if (!this.#closing && this.#options.survives?.(end.code))
      return this.#detach(
        interruptedError(`the peer left: ${end.code}${end.reason && ` (${printable(end.reason, 123)})`}`),
      );
    this.#end();
    this.#closed.resolve(end);
  }

  /** Moves all messages of a connection to the inbox. Returns how the connection ended. */
  async #readAll(connection: MessageConnection): Promise<Closed | TlsError> {
    let end: Closed | TlsError | undefined;
    const ended = connection.closed
      .catch((error: TlsError) => error)
      .then((how) => {
        end = how;
        this.#wakeReceiver();
        return how;
      });
    for (;;) {
      while (this.#inbox.isFull && !end && connection === this.#connection) {
        this.#receiverWake ??= deferred();
        await this.#receiverWake.promise;
      }
      // The peer sends the other messages again. Without a limit, each lost connection could add to the inbox.
      if (this.#inbox.isFull && TlsError.is(end)) break;
      const message = await connection.read().catch(ignore);
      // The session has another connection now, and the peer sends again what came too late on this one.
      if (message === undefined || connection !== this.#connection) break;
      if (this.#skip > 0) this.#skip--;
      else {
        this.#received++;
        this.#inbox.add({ data: message, length: message.length });
        this.#options.onHeld?.();
      }
      this.#bytesSinceAck += message.length;
      this.#acknowledge();
    }
    return ended;
  }

  #wakeReceiver(): void {
    this.#receiverWake?.resolve();
    this.#receiverWake = undefined;
  }

  /**
   * The number of messages that the application has taken, without those that the peer sends again on this connection
   * and that have not come yet.
   */
  get #taken(): number {
    return this.#received - Math.max(this.#inbox.length, this.#skip);
  }

  /** Acknowledges now or soon. A peer whose messages are not taken waits. */
  #acknowledge(): void {
    const fresh = this.#taken - this.#ackSent;
    if (fresh >= ackEvery || (fresh > 0 && this.#bytesSinceAck >= ackBytes)) this.#sendAck();
    else if (fresh > 0)
      this.#ackTimer ??= setTimeout(() => {
        this.#ackTimer = undefined;
        this.#sendAck();
      }, ackDelay);
  }

  #sendAck(): void {
    const count = this.#taken;
    if (!this.#connection || count <= this.#ackSent) return;
    this.#ackSent = count;
    this.#bytesSinceAck = 0;
    this.#connection.sendAck(count);
    this.#options.onProgress?.();
  }

  #detach(reason: TlsError): void {
    this.#connection = undefined;
    this.#outbox.wait();
    if (this.#closing) this.#watchClose();
    this.#options.onLost(reason);
  }

  #watchClose(): void {
    const { closeTimeout: ms = closeTimeout } = this.#options;
    this.#closeTimer = setTimeout(() => this.fail(closeTimeoutError(ms)), ms);
  }

  #end(error?: TlsError): void {
    this.#hasEnded = true;
    this.#error = error;
    this.#connection = undefined;
    clearTimeout(this.#ackTimer);
    clearTimeout(this.#closeTimer);
    this.#inbox.end(error);
    this.#outbox.end(this.#hasPeerClosed && this.#inbox.isAnswering ? undefined : this.#refusal);
    this.#wakeReceiver();
    this.#options.onEnd?.();
  }
}
