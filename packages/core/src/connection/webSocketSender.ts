/**
 * The common part of the browser's and Node's WebSocket transports: buffering before the socket is open, back-pressure,
 * and closing.
 * @module
 */
import { maxTransportMessage } from "../limits.ts";
import { transportError } from "./errors.ts";
import type { SendResult, TransportEvents } from "./transport.ts";

const connecting = 0;
const open = 1;

/** The close code after an orderly end. */
const orderlyCode = 1000;
/** The close code after a failure; a fatal alert before it may give the reason. */
const failureCode = 4000;
/** The close codes that count as the end of the peer's side, also after a failure. */
const orderlyCodes: readonly number[] = [orderlyCode, 1005, failureCode];
/**
 * The close code if the page was left or closed, or the program ends (RFC 6455 §7.4.1). The WebSocket then closed with
 * a close frame, but TLS without close_notify.
 */
const goingAway = 1001;

/** From this many buffered bytes on, `send` returns "full". */
export const highWaterMark: number = 2 ** 20;

/** The part of a WebSocket that the sender uses. */
export interface WebSocketLike {
  readonly readyState: number;
  readonly bufferedAmount: number;
  close(code?: number, reason?: string): void;
}

/** The sending half of a transport over a WebSocket that is open or opening. */
export class WebSocketSender {
  readonly #socket: WebSocketLike;
  readonly #sendMessage: (message: Uint8Array) => void;
  /** Messages that wait until the socket is open, or until the peer gives credit. */
  #waiting: Uint8Array[] = [];
  #waitingBytes = 0;
  /** The number of bytes in messages that were handed to the socket. */
  sentBytes = 0;
  /** The total number of bytes that the peer accepts. There is no limit before its first credit. */
  #credit: number = Number.POSITIVE_INFINITY;
  /** Set when the sender begins to close: the code and reason, also for a socket that is still opening. */
  #closing: [code: number, reason: string] | undefined;
  #isFull = false;

  /** @param sendMessage sends one message of at most 1 MiB */
  constructor(socket: WebSocketLike, sendMessage: (message: Uint8Array) => void) {
    this.#socket = socket;
    this.#sendMessage = sendMessage;
  }

  /** See `Transport.send`. */
  send(bytes: Uint8Array): SendResult {
    if (this.#closing || this.#socket.readyState > open) return "gone";
    for (let at = 0; at < bytes.length; at += maxTransportMessage)
      this.#waiting.push(bytes.subarray(at, at + maxTransportMessage));
    this.#waitingBytes += bytes.length;
    this.flush();
    if (this.buffered >= highWaterMark) this.#isFull = true;
    return this.#isFull ? "full" : "ok";
  }

  /** Sends the messages that wait, as far as the peer accepts them. Call this when the socket has opened. */
  flush(): void {
    if (this.#socket.readyState !== open) return;
    // A message may exceed the credit, so that a message of any length can be sent.
    while (this.#waiting.length && !this.isStarved) {
      const message = this.#waiting.shift() as Uint8Array;
      this.sentBytes += message.length;
      this.#waitingBytes -= message.length;
      this.#sendMessage(message);
    }
    if (this.#closing && !this.#waiting.length) this.#socket.close(...this.#closing);
  }

  /** Whether the peer accepts no message until it gives more credit. */
  get isStarved(): boolean {
    return this.sentBytes >= this.#credit;
  }
  /** The number of bytes that the socket has not sent yet. */
  get buffered(): number {
    return this.#waitingBytes + this.#socket.bufferedAmount;
  }

  /** Takes the peer's credit: the total number of bytes that it accepts. */
  setCredit(total: number): void {
    this.#credit = total;
    this.flush();
  }

  /** Returns true once after "full", when no more than `lowWater` bytes wait to be sent. */
  takeDrained(lowWater: number): boolean {
    if (!this.#isFull || this.buffered > lowWater) return false;
    this.#isFull = false;
    return true;
  }

  /** Closes after everything that was sent. A failure does not wait for credit, because the peer must learn of it. */
  close(code: number, reason = ""): void {
    // RFC 6455 §5.5: a control frame holds 125 bytes, of which the code takes two.
    this.#closing ??= [code, reason.replace(/[^ -~]/g, "?").slice(0, 123)];
    if (code !== orderlyCode) this.#credit = Number.POSITIVE_INFINITY;
    this.flush();
  }

  /**
   * Closes as failed, after everything that was sent. A socket that is still opening with nothing to send closes at
   * once.
   */
  abort(reason: string): void {
    this.close(failureCode, reason);
    if (this.#socket.readyState === connecting && !this.#waitingBytes) this.#socket.close();
  }
}

/** Reports the close of an open WebSocket: its end, if the code is orderly, and that the transport is gone. */
export function reportClose(to: Pick<TransportEvents, "end" | "error">, code: number, reason: string): void {
  if (orderlyCodes.includes(code)) to.end();
  const how = code === 1006 ? "without a close frame" : `with code ${code}${reason && ` (${reason})`}`;
  to.error(transportError(code === goingAway ? "peer_left" : "connection_lost", `the WebSocket closed ${how}`));
}
