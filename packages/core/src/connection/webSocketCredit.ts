/**
 * Credit: how a receiver on a WebSocket that cannot be paused keeps its peer from sending more (ADR 14).
 *
 * A page announces that it speaks credit with an empty binary message before its first data. TLS sees no byte of it, so
 * any server of TLS over a WebSocket ignores it. A peer that speaks credit answers with an empty message before its own
 * first data. From then on, text messages are credit: the total number of bytes in binary messages that the sender of
 * the text accepts, counted from the first message.
 * @module
 */
import { maxCreditAhead, minCreditStep } from "../limits.ts";
import { transportError } from "./errors.ts";
import type { WebSocketSender } from "./webSocketSender.ts";

export class WebSocketCredit {
  readonly #sender: WebSocketSender;
  readonly #sendMessage: (message: string | Uint8Array) => void;
  readonly #window: number;
  readonly #step: number;
  #hasAnnounced = false;
  #hasReceived = false;
  /** Whether both sides speak credit. */
  hasAgreed = false;
  #isPaused = false;
  #receivedBytes = 0;
  /** The credit that this side gave, and the credit that it got. */
  #given = 0;
  #taken = 0;

  /**
   * @param window how many bytes the peer may send before the application reads
   * @param step by how many bytes each credit exceeds the one before, or more. Each costs its receiver a message.
   * @param sendMessage sends a message at once
   */
  constructor(
    sender: WebSocketSender,
    window: number,
    step: number,
    sendMessage: (message: string | Uint8Array) => void,
  ) {
    this.#sender = sender;
    this.#window = window;
    this.#step = step;
    this.#sendMessage = sendMessage;
  }

  /** Announces credit, before the data that waits. A page calls this when the WebSocket has opened. */
  announce(): void {
    this.#hasAnnounced = true;
    this.#sendMessage(new Uint8Array(0));
    this.#sender.flush();
  }

  /** Counts a received binary message of this many bytes. */
  receive(length: number): void {
    const isFirst = !this.#hasReceived;
    this.#hasReceived = true;
    if (isFirst && !length) {
      if (this.#hasAnnounced) this.#agree();
      // The peer's first credit proves that the empty message was an announcement.
      else this.announce();
    }
    this.#receivedBytes += length;
    this.#give();
  }

  /** Takes a received text message. Throws the error `text_message` if it is no valid credit. */
  receiveText(text: string): void {
    const total = /^[1-9]\d{4,15}$/.test(text) ? Number(text) : 0;
    const isValid = total >= this.#taken + minCreditStep && total <= this.#sender.sentBytes + maxCreditAhead;
    if (!this.#hasAnnounced || !isValid)
      throw transportError("text_message", "the peer sent a text message: TLS is binary");
    this.#taken = total;
    if (!this.hasAgreed) this.#agree();
    this.#sender.setCredit(total);
  }

  /** Gives no more credit until `resume`. Returns false if the peer does not speak credit. */
  pause(): boolean {
    this.#isPaused = this.hasAgreed;
    return this.#isPaused;
  }

  resume(): void {
    this.#isPaused = false;
    this.#give();
  }

  #agree(): void {
    this.hasAgreed = true;
    this.#give();
  }

  /** Gives credit, unless too little has arrived since the last one. */
  #give(): void {
    const total = this.#receivedBytes + this.#window;
    if (!this.hasAgreed || this.#isPaused || total < this.#given + this.#step) return;
    this.#given = total;
    this.#sendMessage(String(total));
  }
}
