/**
 * TLS records over a WebSocket of the `ws` package, of a client or a server.
 * @module
 */

import { Socket } from "node:net";
import type { Transport, TransportEvents } from "@handclasp/core";
import type { WebSocket } from "ws";
import { release } from "../slabs.ts";
import { abortTimeout, highWater, Inbox, lowWater, maxMessage, plain, transportError } from "./inbox.ts";
import { inBudget, type Sender } from "./turn.ts";

/** The states of a WebSocket, without loading ws. */
const connecting = 0;
const open = 1;
const closed = 3;

/** Of the peer's close codes, those that end in order: 4000 is how Handclasp closes after a fatal alert, which says more. */
const orderly: readonly number[] = [1000, 1001, 1005, 4000];

/**
 * A transport over a WebSocket that is open or still opening. It takes the socket over: nothing else may listen to its messages, send or close.
 *
 * Make the socket with `maxPayload: 2 ** 20` and `perMessageDeflate: false`, as `connectWebSocket` and `listenWebSocket` do.
 */
export function webSocketTransport(ws: WebSocket): Transport {
  return new WebSocketTransport(ws);
}

class WebSocketTransport implements Transport, Sender {
  readonly #ws: WebSocket;
  readonly #inbox = new Inbox();
  /** Sent before the socket was open. */
  #early: Uint8Array[] = [];
  #earlyBytes = 0;
  #full = false;
  /** What this turn of the event loop may send is sent. */
  #spent = false;
  /** Nothing is read before `start`. */
  #paused = true;
  #opened: boolean;
  /** Sends nothing any more: closes as soon as what was sent is out. */
  #closing: { code: number; reason: string } | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(ws: WebSocket) {
    this.#ws = ws;
    this.#opened = ws.readyState !== connecting;
    ws.binaryType = "nodebuffer";
    if (ws.readyState === connecting) ws.on("open", () => this.#onOpen());
    ws.on("message", (data, isBinary) => {
      if (isBinary) this.#inbox.data(plain(data as Buffer));
      else this.#fail(1003, transportError("text_message", "the peer sent a text message: TLS is binary"));
    });
    ws.on("error", (error) => {
      const code = (error as NodeJS.ErrnoException).code;
      if (code === "WS_ERR_UNSUPPORTED_MESSAGE_LENGTH") {
        this.#fail(1009, transportError("message_too_big", "the peer sent too large a WebSocket message", error));
      } else if (this.#opened)
        this.#fail(1002, transportError("connection_lost", `the WebSocket broke: ${error.message}`, error));
      else this.#inbox.error(transportError("connection_failed", `no WebSocket: ${error.message}`, error));
    });
    ws.on("close", (code, reason) => {
      clearTimeout(this.#timer);
      if (orderly.includes(code)) this.#inbox.end();
      else this.#inbox.error(closeError(code, reason.toString()));
    });
    if (ws.readyState === open) ws.pause();
    if (ws.readyState === closed) this.#inbox.error(closeError(1006, ""));
  }

  start(events: TransportEvents): void {
    this.#inbox.start(events);
    this.resume();
  }

  send(bytes: Uint8Array): boolean {
    if (this.#closing) return true;
    if (this.#ws.readyState === connecting) {
      this.#early.push(bytes);
      this.#earlyBytes += bytes.length;
    } else if (this.#ws.readyState === open) this.#write(bytes);
    else return true;
    if (this.#buffered() >= highWater) this.#full = true;
    if (!this.#spent && !inBudget(bytes.length, this)) this.#spent = true;
    return !this.#full && !this.#spent;
  }

  nextTurn(): void {
    this.#spent = false;
    if (!this.#full) this.#inbox.drain();
  }

  pause(): boolean {
    this.#paused = true;
    this.#inbox.pause();
    this.#ws.pause();
    return true;
  }

  resume(): void {
    this.#paused = false;
    this.#inbox.resume();
    this.#ws.resume();
  }

  end(): void {
    this.#close(1000, "");
  }

  abort(reason: string): void {
    this.#inbox.silence();
    if (this.#ws.readyState === closed) return;
    if (this.#ws.readyState === connecting && this.#early.length === 0) {
      this.#ws.terminate();
      return;
    }
    this.#terminateLater();
    this.#close(4000, reason);
    // The peer's close frame must get through.
    this.#paused = false;
    this.#ws.resume();
  }

  #onOpen(): void {
    this.#opened = true;
    if (this.#paused) this.#ws.pause();
    for (const bytes of this.#early) this.#write(bytes);
    this.#early = [];
    this.#earlyBytes = 0;
    if (this.#closing) this.#ws.close(this.#closing.code, this.#closing.reason);
  }

  #write(bytes: Uint8Array): void {
    let out = !isOverSocket(this.#ws);
    const done = (): void => {
      if (!out) release(bytes);
      out = true;
    };
    for (let at = 0; at < bytes.length; at += maxMessage) {
      const last = at + maxMessage >= bytes.length;
      this.#ws.send(bytes.subarray(at, at + maxMessage), { binary: true, compress: false }, (error) => {
        if (last && !error) done();
        if (!this.#full || (!error && this.#buffered() > lowWater)) return;
        this.#full = false;
        if (!this.#spent) this.#inbox.drain();
      });
    }
    // The host has taken it all already: callbacks come only when whoever writes pauses, and that is many messages later.
    if (this.#ws.bufferedAmount === 0) done();
  }

  #buffered(): number {
    return this.#earlyBytes + this.#ws.bufferedAmount;
  }

  #close(code: number, reason: string): void {
    this.#closing ??= { code, reason: closeReason(reason) };
    if (this.#ws.readyState !== connecting) this.#ws.close(this.#closing.code, this.#closing.reason);
  }

  #fail(code: number, error: Error): void {
    this.#inbox.error(error);
    this.#terminateLater();
    this.#close(code, "");
    this.#paused = false;
    this.#ws.resume();
  }

  #terminateLater(): void {
    this.#timer ??= setTimeout(() => this.#ws.terminate(), abortTimeout).unref();
  }
}

/** Node's own sockets have handed on what they are done with. Any other stream, which ws takes as well, may say so and still hold it. */
const isOverSocket = (ws: WebSocket): boolean => (ws as unknown as { _socket?: unknown })._socket instanceof Socket;

function closeError(code: number, reason: string): Error {
  const why = code === 1006 ? "without a close frame" : `with code ${code}${reason && ` (${reason})`}`;
  return transportError("connection_lost", `the WebSocket closed ${why}`);
}

/** RFC 6455 §5.5: a control frame holds 125 bytes, two of them the code. */
function closeReason(reason: string): string {
  return reason.replace(/[^ -~]/g, "?").slice(0, 123);
}
