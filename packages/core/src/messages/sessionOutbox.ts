/**
 * The messages of a session that its peer has not acknowledged.
 * @module
 */
import { callGuarded } from "../connection/callGuarded.ts";
import { type Deferred, deferred } from "../connection/deferred.ts";
import type { TlsError } from "../errors.ts";
import { ignore, markHandled } from "../flow.ts";
import { highWaterMessages, highWaterSession, itemOverhead } from "../limits.ts";
import type { MessageConnection } from "./connection.ts";
import { FrameError } from "./frameError.ts";
import type { Message } from "./messages.ts";

interface Kept {
  readonly data: Message;
  readonly length: number;
}

const encoder = new TextEncoder();

export class SessionOutbox {
  readonly #maxQueue: number;
  readonly #onSent: ((bytes: number) => void) | undefined;
  #connection: MessageConnection | undefined;
  #kept: Kept[] = [];
  /** The number of first messages in `#kept` that the connection was given. */
  #given = 0;
  /** True while the connection has no room for the next message. */
  #isBlocked = false;
  /** The number of messages that the peer has acknowledged. */
  #acknowledged = 0;
  #room: Deferred<void> | undefined;
  /** The number of bytes of messages in `#kept`. */
  waitingBytes = 0;

  constructor(maxQueue: number, onSent: ((bytes: number) => void) | undefined) {
    this.#maxQueue = maxQueue;
    this.#onSent = onSent;
  }

  /** True if too many messages wait for another one. */
  get isFull(): boolean {
    return this.heldBytes >= this.#maxQueue;
  }
  /** The memory of the messages that wait, in bytes. */
  get heldBytes(): number {
    return this.waitingBytes + this.#kept.length * itemOverhead;
  }

  /** Adds a message. Resolves when there is room for more. */
  add(message: string | Uint8Array): Promise<void> {
    const data = typeof message === "string" ? message : message.slice();
    const length = typeof data === "string" ? encoder.encode(data).length : data.length;
    this.#kept.push({ data, length });
    this.waitingBytes += length;
    if (!this.#isBlocked) this.#give();
    if (this.#hasRoom) return Promise.resolve();
    this.#room ??= deferred();
    return markHandled(this.#room.promise);
  }

  /**
   * Gives another connection all messages that the peer has not received.
   * @param received the number of messages that it has received
   * @throws FrameError if it cannot have received them
   */
  use(connection: MessageConnection, received: number): void {
    this.#given = this.#kept.length;
    this.acknowledge(received);
    this.#given = 0;
    this.#connection = connection;
    this.#give();
  }

  /** The messages wait for another connection. */
  wait(): void {
    this.#connection = undefined;
    this.#isBlocked = false;
  }

  /** Gives the connection all messages at once. */
  giveAll(): void {
    this.#give(Number.POSITIVE_INFINITY);
  }

  /** See `MessageSession.startFor`. The peer may have acknowledged more since it said that. */
  startFor(received: number): number | undefined {
    return received <= this.#acknowledged + this.#kept.length ? Math.max(received, this.#acknowledged) : undefined;
  }

  /**
   * Takes the number of messages that the peer has received on this connection and those before it.
   * @throws FrameError if it cannot have received them
   */
  acknowledge(count: number): void {
    const fresh = count - this.#acknowledged;
    if (fresh < 0 || fresh > this.#given) throw new FrameError(1002, "an acknowledgement is impossible");
    this.#drop(fresh);
    this.#given -= fresh;
    this.#acknowledged = count;
  }

  /** Forgets all messages, and returns them. */
  restart(): readonly Message[] {
    const messages = this.#kept.map(({ data }) => data);
    this.#drop(this.#kept.length);
    this.#acknowledged = 0;
    return messages;
  }

  /**
   * Forgets all messages, and leaves their number of bytes as it is.
   * @param error what a sender gets that waits, if anything
   */
  end(error: TlsError | undefined): void {
    this.#connection = undefined;
    this.#kept = [];
    if (error) this.#room?.reject(error);
    else this.#room?.resolve();
    this.#room = undefined;
  }

  get #hasRoom(): boolean {
    return this.heldBytes < Math.min(highWaterSession, this.#maxQueue);
  }

  /** The rest waits here, so that no message is in memory twice while it waits. */
  #give(most: number = highWaterMessages): void {
    const connection = this.#connection;
    this.#isBlocked = false;
    while (connection && this.#given < this.#kept.length) {
      const room = connection.send((this.#kept[this.#given++] as Kept).data);
      if (connection.waitingBytes < most) continue;
      this.#isBlocked = true;
      room.then(() => connection === this.#connection && this.#give(), ignore);
      return;
    }
  }

  #drop(count: number): void {
    const onSent = this.#onSent;
    for (const { length } of this.#kept.splice(0, count)) {
      this.waitingBytes -= length;
      if (onSent) callGuarded(() => onSent(length));
    }
    if (!this.#hasRoom) return;
    this.#room?.resolve();
    this.#room = undefined;
  }
}
