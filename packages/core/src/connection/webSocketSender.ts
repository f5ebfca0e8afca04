/**
 * What the transports over a WebSocket have in common, a page's and a program's: what is sent before it is open, when it is full, and how it closes.
 * @module
 */
import type { TlsError } from "../errors.ts";
import { maxTransportMessage } from "../limits.ts";
import { transportError } from "./errors.ts";
import type { SendResult, TransportEvents } from "./transport.ts";

const connecting = 0;
const open = 1;

/** How Handclasp closes after a fatal alert, which says more. */
const failed = 4000;
/** The close codes of a peer that ended in order. */
const orderly: readonly number[] = [1000, 1005, failed];
/** A page was left or closed, or a program ends (RFC 6455 §7.4.1): nobody cut the connection, and TLS was not closed. */
const goingAway = 1001;

/** `send` answers "full" from this many bytes on. */
export const highWater: number = 2 ** 20;

/** What a sender uses of a WebSocket. */
export interface WebSocketLike {
  readonly readyState: number;
  readonly bufferedAmount: number;
  close(code?: number, reason?: string): void;
}

/** The sending half of a transport over a WebSocket that is open or still opening. */
export class WebSocketSender {
  readonly #socket: WebSocketLike;
  readonly #put: (message: Uint8Array) => void;
  /** Sent before the socket was open. */
  #early: Uint8Array[] = [];
  #earlyBytes = 0;
  /** Sends nothing any more: closes as soon as the socket is open. */
  #closing: [code: number, reason: string] | undefined;
  #full = false;

  /** @param put sends one message, which the socket's peer takes: of 1 MiB at most */
  constructor(socket: WebSocketLike, put: (message: Uint8Array) => void) {
    this.#socket = socket;
    this.#put = put;
  }

  /** See `Transport.send`. */
  send(bytes: Uint8Array): SendResult {
    const { readyState } = this.#socket;
    if (this.#closing || readyState > open) return "gone";
    if (readyState === connecting) {
      this.#early.push(bytes);
      this.#earlyBytes += bytes.length;
    } else this.#write(bytes);
    if (this.buffered >= highWater) this.#full = true;
    return this.#full ? "full" : "ok";
  }

  /** To be called once the socket is open. */
  opened(): void {
    for (const bytes of this.#early) this.#write(bytes);
    this.#early = [];
    this.#earlyBytes = 0;
    if (this.#closing) this.#socket.close(...this.#closing);
  }

  /** Bytes that are not sent yet. */
  get buffered(): number {
    return this.#earlyBytes + this.#socket.bufferedAmount;
  }

  /** Once after "full": true where no more than so many bytes are left. */
  drained(lowWater: number): boolean {
    if (!this.#full || this.buffered > lowWater) return false;
    this.#full = false;
    return true;
  }

  /** Closes behind what was sent. */
  close(code: number, reason = ""): void {
    // RFC 6455 §5.5: a control frame holds 125 bytes, two of them the code.
    this.#closing ??= [code, reason.replace(/[^ -~]/g, "?").slice(0, 123)];
    if (this.#socket.readyState !== connecting) this.#socket.close(...this.#closing);
  }

  /** Closes as failed, behind what was sent; where that is nothing, a socket that is still opening gives up. */
  abort(reason: string): void {
    const isIdle = this.#socket.readyState === connecting && !this.#earlyBytes;
    this.close(failed, reason);
    if (isIdle) this.#socket.close();
  }

  #write(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; at += maxTransportMessage) {
      this.#put(bytes.subarray(at, at + maxTransportMessage));
    }
  }
}

/** What it means that an open WebSocket has closed: its end where that was in order, and that it is gone. */
export function reportClose(to: Pick<TransportEvents, "end" | "error">, code: number, reason: string): void {
  if (orderly.includes(code)) to.end();
  const how = code === 1006 ? "without a close frame" : `with code ${code}${reason && ` (${reason})`}`;
  to.error(transportError(code === goingAway ? "peer_left" : "connection_lost", `the WebSocket closed ${how}`));
}

export const textMessage = (): TlsError =>
  transportError("text_message", "the peer sent a text message: TLS is binary");
