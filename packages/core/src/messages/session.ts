/**
 * A message session outlives its connections: when one is lost, the next one continues, and no message is lost or
 * repeated. Each side keeps its messages until the peer acknowledges them.
 * @module
 */
import type { Bytes } from "../bytes/bytes.ts";
import type { TlsConnection } from "../connection/connection.ts";
import { type Deferred, deferred } from "../connection/deferred.ts";
import { localCloseError } from "../connection/errors.ts";
import { TlsError } from "../errors.ts";
import { ignore, markHandled } from "../flow.ts";
import { ackDelay, ackEvery, highWaterSession, itemOverhead } from "../limits.ts";
import type { MessageConnection } from "./connection.ts";
import { FrameError } from "./frameError.ts";
import { Inbox } from "./inbox.ts";
import { type Closed, type Message, type Messages, messageIterator } from "./messages.ts";

/** What the two sides told each other about a connection that continues a session. */
export interface Attachment {
  readonly connection: MessageConnection;
  /** The number of messages that the peer has received of us. */
  readonly peerReceived: number;
  /** The number of first messages on this connection that we have already received on the one before. */
  readonly skip: number;
}

export interface MessageSessionOptions {
  /** The most bytes of our messages that may wait for the peer to acknowledge them. */
  readonly maxQueue: number;
  /** Called when the connection is lost, with the reason, or with the peer's Close if `survives` returned true. */
  readonly onLost: (reason: TlsError | Closed) => void;
  /** Whether the session goes on after the peer's Close with this code. */
  readonly survives?: (code: number) => boolean;
  /** Called now and then while messages flow. */
  readonly onProgress?: () => void;
  /** Called when the session has ended. */
  readonly onEnd?: () => void;
  /** Called with the number of bytes of messages that the peer acknowledged. */
  readonly onSent?: ((bytes: number) => void) | undefined;
}

/** A message of ours, and its length in bytes. */
interface Kept {
  readonly data: Message;
  readonly length: number;
}

const encoder = new TextEncoder();

export class MessageSession implements Messages {
  readonly #options: MessageSessionOptions;
  readonly #inbox: Inbox;
  readonly #closed = deferred<Closed>();
  #connection: MessageConnection | undefined;
  #channel: TlsConnection;
  #protocol = "";
  /** Our messages that the peer has not acknowledged, and the number of their bytes with `itemOverhead` for each. */
  #kept: Kept[] = [];
  #keptBytes = 0;
  /** The number of messages that the peer has acknowledged. */
  #acknowledged = 0;
  #received = 0;
  /** The number of received messages that we have acknowledged. */
  #ackSent = 0;
  #ackTimer: unknown;
  #room: Deferred<void> | undefined;
  #inboxRoom: Deferred<void> | undefined;
  #isClosing = false;
  #error: TlsError | undefined;
  #hasEnded = false;
  onPing: ((payload: Bytes) => void) | undefined;

  constructor(channel: TlsConnection, options: MessageSessionOptions) {
    this.#channel = channel;
    this.#options = options;
    this.#inbox = new Inbox(() => {
      this.#inboxRoom?.resolve();
      this.#inboxRoom = undefined;
    });
    void markHandled(this.#closed.promise);
  }

  /** The number of messages that this side has received. */
  get received(): number {
    return this.#received;
  }
  get hasEnded(): boolean {
    return this.#hasEnded;
  }
  get channel(): TlsConnection {
    return this.#channel;
  }
  get protocol(): string {
    return this.#protocol;
  }
  get waitingBytes(): number {
    return this.#keptBytes - itemOverhead * this.#kept.length;
  }
  get closed(): Promise<Closed> {
    return this.#closed.promise;
  }

  /** Continues on another connection. The one before closes, and what it may still receive is dropped. */
  attach({ connection, peerReceived, skip }: Attachment): void {
    const before = this.#connection;
    if (this.#hasEnded) return connection.channel.abort();
    this.#connection = connection;
    this.#channel = connection.channel;
    this.#protocol = connection.protocol;
    this.#ackSent = this.#received - skip;
    before?.close().catch(ignore);
    connection.onAck = (count) => this.#takeAck(count);
    connection.onPing = (payload) => this.onPing?.(payload);
    connection.closed.then(
      (closed) => this.#connectionClosed(connection, closed),
      (error: TlsError) => this.#lose(connection, error),
    );
    try {
      this.#takeAck(peerReceived);
    } catch (error) {
      return connection.fail(error as FrameError);
    }
    for (const { data } of this.#kept) connection.send(data).catch(ignore);
    void this.#receive(connection, skip).catch(ignore);
  }

  /**
   * Forgets the messages of both sides, because the peer has lost the session. Returns our messages that the peer has
   * not acknowledged. It may have received some of them.
   */
  restart(): readonly Message[] {
    const unconfirmed = this.#kept.map(({ data }) => data);
    for (const { length } of this.#kept) this.#options.onSent?.(length);
    this.#kept = [];
    this.#keptBytes = 0;
    this.#acknowledged = 0;
    this.#received = 0;
    this.#releaseRoom();
    return unconfirmed;
  }

  read(): Promise<Message | undefined> {
    return this.#inbox.read();
  }
  [Symbol.asyncIterator](): AsyncIterableIterator<Message, void, void> {
    return messageIterator(this);
  }

  send(message: string | Uint8Array): Promise<void> {
    if (this.#hasEnded || this.#isClosing) return markHandled(Promise.reject(this.#error ?? localCloseError()));
    const data = typeof message === "string" ? message : message.slice();
    const length = typeof data === "string" ? encoder.encode(data).length : data.length;
    this.#kept.push({ data, length });
    this.#keptBytes += length + itemOverhead;
    this.#connection?.send(data).catch(ignore);
    if (this.#keptBytes > this.#options.maxQueue) {
      this.fail(queueFullError(this.#options.maxQueue));
      return markHandled(Promise.reject(this.#error));
    }
    if (this.#keptBytes < highWaterSession) return Promise.resolve();
    this.#room ??= deferred();
    return markHandled(this.#room.promise);
  }

  ping(): Promise<void> {
    return this.#connection?.ping() ?? markHandled(Promise.reject(this.#error ?? interruptedError()));
  }

  close(code?: number, reason?: string): Promise<Closed> {
    this.#isClosing = true;
    this.#inbox.stop(localCloseError());
    if (this.#connection) void this.#connection.close(code, reason);
    else this.fail(localCloseError());
    return this.closed;
  }

  /** Ends the session with an error. */
  fail(error: TlsError): void {
    if (this.#hasEnded) return;
    this.#error = error;
    this.#end(error);
    this.#connection?.channel.abort(error);
    this.#closed.reject(error);
  }

  async #receive(connection: MessageConnection, skip: number): Promise<void> {
    let left = skip;
    for (;;) {
      const message = await connection.read();
      // The session has another connection now, and the peer sends again what came too late on this one.
      if (message === undefined || connection !== this.#connection) return;
      if (left-- > 0) continue;
      this.#received++;
      this.#inbox.add({ data: message, length: message.length });
      this.#acknowledge(connection);
      if (this.#inbox.isFull) {
        this.#inboxRoom = deferred();
        await this.#inboxRoom.promise;
      }
    }
  }

  #acknowledge(connection: MessageConnection): void {
    if (this.#received - this.#ackSent >= ackEvery) this.#sendAck(connection);
    else
      this.#ackTimer ??= setTimeout(() => {
        if (connection === this.#connection) this.#sendAck(connection);
        this.#ackTimer = undefined;
      }, ackDelay);
  }

  #sendAck(connection: MessageConnection): void {
    this.#ackSent = this.#received;
    connection.sendAck(this.#received);
    this.#options.onProgress?.();
  }

  /** Throws a FrameError if the peer acknowledges what it cannot have received. */
  #takeAck(count: number): void {
    const fresh = count - this.#acknowledged;
    if (fresh < 0 || fresh > this.#kept.length)
      throw new FrameError(1002, "the peer acknowledged an impossible number");
    for (const { length } of this.#kept.splice(0, fresh)) {
      this.#keptBytes -= length + itemOverhead;
      this.#options.onSent?.(length);
    }
    this.#acknowledged = count;
    if (this.#keptBytes < highWaterSession) this.#releaseRoom();
    this.#options.onProgress?.();
  }

  #releaseRoom(): void {
    this.#room?.resolve();
    this.#room = undefined;
  }

  #connectionClosed(connection: MessageConnection, closed: Closed): void {
    if (connection !== this.#connection) return;
    if (!this.#isClosing && this.#options.survives?.(closed.code)) return this.#detach(closed);
    this.#end();
    this.#closed.resolve(closed);
  }

  #lose(connection: MessageConnection, error: TlsError): void {
    if (connection !== this.#connection) return;
    if (this.#isClosing || error instanceof FrameError) this.fail(error);
    else this.#detach(error);
  }

  #detach(reason: TlsError | Closed): void {
    this.#connection = undefined;
    this.#options.onLost(reason);
  }

  #end(error?: TlsError): void {
    this.#hasEnded = true;
    clearTimeout(this.#ackTimer);
    this.#inbox.end(error);
    this.#inboxRoom?.resolve();
    if (error) this.#room?.reject(error);
    else this.#releaseRoom();
    this.#options.onEnd?.();
  }
}

const queueFullError = (max: number): TlsError =>
  new TlsError(undefined, `more than ${max} bytes of messages wait for the peer`, {
    code: "queue_full",
    fault: "application",
    advice: "await each send, or raise maxQueue",
  });

const interruptedError = (): TlsError =>
  new TlsError(undefined, "the session has no connection now", { code: "interrupted", fault: "transport" });
