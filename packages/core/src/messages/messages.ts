/**
 * The interface of message connections, and of sessions that outlive them.
 * @module
 */
import type { Bytes } from "../bytes/bytes.ts";
import type { TlsConnection } from "../connection/connection.ts";
import { usageError } from "../errors.ts";
import { markHandled } from "../flow.ts";
import type { CloseInfo } from "./close.ts";

/** A text or binary message. */
export type Message = string | Bytes;

/** How both sides closed. */
export interface Closed extends CloseInfo {
  /** The number of bytes of our messages that waited when the peer closed, and were dropped. */
  readonly droppedBytes: number;
}

/**
 * Messages over a channel. You may ignore every promise that it returns.
 * @example
 * for await (const message of messages) await messages.send(message);
 */
export interface Messages {
  /** The channel that carries the messages. Do not read or write it. A session has a new channel after a reconnect. */
  readonly channel: TlsConnection;
  /** The protocol that both sides agreed on. Empty if the client asked for none. */
  readonly protocol: string;
  /** The number of bytes of messages that the channel has not taken yet. */
  readonly waitingBytes: number;
  /** Called with the payload of each ping of the peer, before it is answered. */
  onPing: ((payload: Bytes) => void) | undefined;
  /**
   * Returns the next message, or `undefined` once the peer has closed and every message before was read. Rejects with
   * the TlsError that ended the connection. Never returns a message that is cut. Only one read may be pending.
   */
  read(): Promise<Message | undefined>;
  /**
   * Sends a message: a text as UTF-8, bytes as they are. The bytes may change afterwards. Resolves when there is room
   * for more. Rejects if this side has closed or the connection has ended.
   *
   * After the peer's Close, nothing can reach it, and `send` rejects with `closed`. But an application that answers
   * each message must not fail before it has handled all. So after a read that has returned a message, one `send`, or
   * 64 while more messages wait, drops its message and resolves.
   */
  send(message: string | Uint8Array): Promise<void>;
  /**
   * Sends a ping, ahead of the messages that wait. Resolves when the peer has answered it, and rejects if the
   * connection ends before. A peer whose application does not read does not answer.
   */
  ping(): Promise<void>;
  /**
   * Closes after everything that was sent, and waits for the peer's Close. Messages that arrive meanwhile are dropped,
   * and reads reject. Resolves and rejects as `closed`.
   *
   * The time limit `closeTimeout` begins again whenever the channel takes bytes of ours, at most 64 KiB at a time.
   * After it, the channel is closed, which has a time limit of its own, and `closed` rejects with `close_timeout`.
   * @param code 1000 or 3000 to 4999, or another code that a Close may contain (RFC 6455 §7.4.1). Default: none, or
   *   1000 if there is a reason
   * @param reason at most 123 bytes of UTF-8
   */
  close(code?: number, reason?: string): Promise<Closed>;
  /**
   * Ends at once, also a session. Messages that were sent may be lost, and `closed` rejects with `aborted`.
   * @param reason becomes the error's `cause`
   */
  abort(reason?: unknown): void;
  /**
   * Resolves once both sides have closed: the peer's Close has arrived, and the channel has ended. Rejects with the
   * TlsError of any other end.
   */
  readonly closed: Promise<Closed>;
  [Symbol.asyncIterator](): AsyncIterableIterator<Message, void, void>;
}

/** Whether `send` takes a value. */
export const isMessage = (value: unknown): value is Message =>
  typeof value === "string" || (value as Partial<Uint8Array> | undefined)?.BYTES_PER_ELEMENT === 1;

export const rejectWrongMessage = (): Promise<never> =>
  markHandled(Promise.reject(usageError("send takes a text or a Uint8Array")));

/** Iterates over the messages of `read`. */
export const messageIterator = (
  messages: Pick<Messages, "read">,
): ReturnType<Messages[typeof Symbol.asyncIterator]> => ({
  async next() {
    const value = await messages.read();
    return value === undefined ? { value, done: true } : { value, done: false };
  },
  [Symbol.asyncIterator]() {
    return this;
  },
});
