/**
 * Received messages on their way to the application.
 * @module
 */
import { type Deferred, deferred } from "../connection/deferred.ts";
import { type TlsError, usageError } from "../errors.ts";
import { markHandled } from "../flow.ts";
import { highWaterMessages, itemOverhead, maxUnheard } from "../limits.ts";
import { FrameReader } from "./frames.ts";
import { FrameWriter } from "./frameWriter.ts";
import type { Message } from "./messages.ts";

interface Item {
  readonly data: Message;
  /** The number of bytes, for text as UTF-8. */
  readonly length: number;
}

export class Inbox {
  readonly #onRoom: () => void;
  readonly #limit: number;
  #queue: Item[] = [];
  #length = 0;
  /** The number of bytes in `#queue`, with `itemOverhead` for each message. */
  #bytes = 0;
  /**
   * The messages that follow `#queue`, as frames: those that arrive although the inbox is full. Once the channel has
   * ended, megabytes may arrive at once, and tiny messages take a hundred times as much memory as their frames.
   */
  #packed: { readonly writer: FrameWriter; readonly reader: FrameReader } | undefined;
  #pendingRead: Deferred<Message | undefined> | undefined;
  /** The result of a read once the queue is empty. */
  #end: { readonly error?: TlsError | undefined } | undefined;
  /** The number of messages that the application has sent after the peer's Close and since it took one. */
  #unheard = maxUnheard;

  /**
   * @param onRoom called after a read when few messages wait
   * @param limit the number of bytes from which on the inbox is full
   */
  constructor(onRoom: () => void, limit: number = highWaterMessages) {
    this.#onRoom = onRoom;
    this.#limit = limit;
  }

  /** See `Messages.read`. */
  read(): Promise<Message | undefined> {
    if (this.#pendingRead) return markHandled(Promise.reject(usageError("a read is already pending")));
    if (!this.#queue.length) this.#unpack();
    const item = this.#queue.shift();
    if (item) {
      this.#unheard = 0;
      this.#length--;
      this.#bytes -= item.length + itemOverhead;
      if (this.#bytes < this.#limit / 2) this.#onRoom();
      return Promise.resolve(item.data);
    }
    this.#unheard = maxUnheard;
    if (this.#end) return this.#end.error ? markHandled(Promise.reject(this.#end.error)) : Promise.resolve(undefined);
    this.#pendingRead = deferred<Message | undefined>();
    return markHandled(this.#pendingRead.promise);
  }

  /** The memory of the messages that wait, in bytes. */
  get heldBytes(): number {
    return this.#bytes + (this.#packed?.writer.size ?? 0);
  }

  get isFull(): boolean {
    return this.#bytes >= this.#limit;
  }

  /** The number of messages that wait to be read. */
  get length(): number {
    return this.#length;
  }

  /**
   * Whether a message that the application sends after the peer's Close seems to answer the messages before the Close:
   * it has just taken one, and more may wait. An error would stop it before it has handled them all.
   */
  get isAnswering(): boolean {
    return this.#unheard < (this.#length ? maxUnheard : 1);
  }

  /** Counts a message that is sent after the peer's Close. Returns whether it seems to be an answer. */
  takeAnswer(): boolean {
    const { isAnswering } = this;
    this.#unheard++;
    return isAnswering;
  }

  /** Adds a message, unless the application will read no more. */
  add(item: Item): void {
    if (this.#end) return;
    const pendingRead = this.#pendingRead;
    if (pendingRead) {
      this.#pendingRead = undefined;
      this.#unheard = 0;
      return pendingRead.resolve(item.data);
    }
    this.#length++;
    if (this.isFull) this.#packed ??= { writer: new FrameWriter(), reader: new FrameReader(Number.POSITIVE_INFINITY) };
    if (this.#packed) this.#packed.writer.append(item.data);
    else this.#enqueue(item);
  }

  #enqueue(item: Item): void {
    this.#queue.push(item);
    this.#bytes += item.length + itemOverhead;
  }

  #unpack(): void {
    while (this.#packed && !this.isFull) {
      const { writer, reader } = this.#packed;
      const item = reader.next();
      if (item?.type === "message") {
        this.#enqueue(item);
        continue;
      }
      const batch = writer.take();
      if (batch) reader.push(batch.bytes);
      else this.#packed = undefined;
    }
  }

  /** Ends after the messages that wait. Only the first call counts. */
  end(error?: TlsError): void {
    this.#end ??= { error };
    const pendingRead = this.#pendingRead;
    this.#pendingRead = undefined;
    if (error) pendingRead?.reject(error);
    else pendingRead?.resolve(undefined);
  }

  /** Drops the messages that wait and all later ones, because this side has closed. Later reads reject. */
  stop(error: TlsError): void {
    this.#queue = [];
    this.#length = 0;
    this.#packed = undefined;
    this.#bytes = 0;
    if (this.#end && !this.#end.error) this.#end = { error };
    this.end(error);
    this.#onRoom();
  }
}
