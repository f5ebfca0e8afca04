/**
 * The common part of the browser's and Node's WebSocket transports: buffering before the socket is open, back-pressure,
 * and closing.
 * @module
 */
import type { TlsError } from "../errors.ts";
import { maxTransportMessage } from "../limits.ts";
import { transportError } from "./errors.ts";
import type { SendResult, TransportEvents } from "./transport.ts";

const connecting = 0;
const open = 1;

/** The close code after a failure; a fatal alert before it may give the reason. */
const failureCode = 4000;
/** The close codes that count as the end of the peer's side, also after a failure. */
const orderlyCodes: readonly number[] = [1000, 1005, failureCode];
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
  /** Messages sent before the socket was open. */
  #early: Uint8Array[] = [];
  #earlyBytes = 0;
  /** Set once the sender is closing: the code and reason, also for a socket that is still opening. */
  #closing: [code: number, reason: string] | undefined;
  #isFull = false;

  /** @param sendMessage sends one message of at most 1 MiB */
  constructor(socket: WebSocketLike, sendMessage: (message: Uint8Array) => void) {
    this.#socket = socket;
    this.#sendMessage = sendMessage;
  }

  /** See `Transport.send`. */
  send(bytes: Uint8Array): SendResult {
    const { readyState } = this.#socket;
    if (this.#closing || readyState > open) return "gone";
    if (readyState === connecting) {
      this.#early.push(bytes);
      this.#earlyBytes += bytes.length;
    } else this.#write(bytes);
    if (this.buffered >= highWaterMark) this.#isFull = true;
    return this.#isFull ? "full" : "ok";
  }

  /** Call this once the socket is open. */
  opened(): void {
    for (const bytes of this.#early) this.#write(bytes);
    this.#early = [];
    this.#earlyBytes = 0;
    if (this.#closing) this.#socket.close(...this.#closing);
  }

  /** The number of bytes that are not sent yet. */
  get buffered(): number {
    return this.#earlyBytes + this.#socket.bufferedAmount;
  }

  /** Returns true once after "full", when no more than `lowWater` bytes are buffered. */
  takeDrained(lowWater: number): boolean {
    if (!this.#isFull || this.buffered > lowWater) return false;
    this.#isFull = false;
    return true;
  }

  /** Closes after everything that was sent. */
  close(code: number, reason = ""): void {
    // RFC 6455 §5.5: a control frame holds at most 125 bytes, of which the code takes two.
    this.#closing ??= [code, reason.replace(/[^ -~]/g, "?").slice(0, 123)];
    if (this.#socket.readyState !== connecting) this.#socket.close(...this.#closing);
  }

  /**
   * Closes as failed, after everything that was sent. A socket that is still opening with nothing to send closes at
   * once.
   */
  abort(reason: string): void {
    const isIdle = this.#socket.readyState === connecting && !this.#earlyBytes;
    this.close(failureCode, reason);
    if (isIdle) this.#socket.close();
  }

  #write(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; at += maxTransportMessage) {
      this.#sendMessage(bytes.subarray(at, at + maxTransportMessage));
    }
  }
}

/** Reports the close of an open WebSocket: its end, if the code is orderly, and that the transport is gone. */
export function reportClose(to: Pick<TransportEvents, "end" | "error">, code: number, reason: string): void {
  if (orderlyCodes.includes(code)) to.end();
  const how = code === 1006 ? "without a close frame" : `with code ${code}${reason && ` (${reason})`}`;
  to.error(transportError(code === goingAway ? "peer_left" : "connection_lost", `the WebSocket closed ${how}`));
}

export const textMessageError = (): TlsError =>
  transportError("text_message", "the peer sent a text message: TLS is binary");
