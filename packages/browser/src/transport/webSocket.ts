/**
 * TLS records over a page's WebSocket.
 * @module
 */

import { TlsError, type Transport, type TransportEvents } from "@handclasp/core";

const connecting = 0;
const open = 1;
const closed = 3;

/** `send` returns false from this many bytes on. */
const highWater = 2 ** 20;
/** And there is room again below this many: what is sent until the next look must not be all of it. */
const lowWater = 2 ** 19;
/** A message is never larger than what our servers take. */
const maxMessage = 2 ** 20;
/** A page is not told when there is room again: it has to look, every so many ms, and ever later where nothing moves. */
const firstLook = 4;
const lastLook = 64;

/** Of the peer's close codes, those that end in order: 4000 is how Handclasp closes after a fatal alert, which says more. */
const orderly: readonly number[] = [1000, 1001, 1005, 4000];

/** A transport over a WebSocket that is open or still opening. It takes the socket over: nothing else may listen to its messages, send or close. */
export function webSocketTransport(ws: WebSocket): Transport {
  return new WebSocketTransport(ws);
}

class WebSocketTransport implements Transport {
  readonly #ws: WebSocket;
  #events: TransportEvents | undefined;
  /** What came before `start`, and what comes while that is handed over. */
  #held: ((events: TransportEvents) => void)[] | undefined = [];
  /** Nothing is to be said any more. */
  #silent = false;
  #opened: boolean;
  /** Sent before the socket was open. */
  #early: Uint8Array[] = [];
  #earlyBytes = 0;
  #full = false;
  #look: ReturnType<typeof setTimeout> | undefined;
  /** Sends nothing any more: closes as soon as the socket is open. */
  #closing: { code: number; reason: string } | undefined;

  constructor(ws: WebSocket) {
    this.#ws = ws;
    this.#opened = ws.readyState !== connecting;
    ws.binaryType = "arraybuffer";
    ws.addEventListener("open", () => this.#onOpen());
    ws.addEventListener("message", ({ data }: MessageEvent<unknown>) => {
      if (data instanceof ArrayBuffer) {
        this.#say((events) => events.data(new Uint8Array(data)));
        // Timers are slow in a tab in the background, messages are not.
        this.#checkRoom();
      } else this.#fail(failure("text_message", "the peer sent a text message: TLS is binary"));
    });
    // An `error` event says nothing, and `close` always follows.
    ws.addEventListener("error", () => {});
    ws.addEventListener("close", ({ code, reason }: CloseEvent) => this.#onClose(code, reason));
    if (ws.readyState === closed) this.#onClose(1006, "");
  }

  start(events: TransportEvents): void {
    this.#events = events;
    queueMicrotask(() => {
      for (let say = this.#held?.shift(); say; say = this.#held?.shift()) if (!this.#silent) say(events);
      this.#held = undefined;
    });
  }

  send(bytes: Uint8Array): boolean {
    if (this.#closing) return true;
    if (this.#ws.readyState === connecting) {
      this.#early.push(bytes);
      this.#earlyBytes += bytes.length;
    } else if (this.#ws.readyState === open) this.#write(bytes);
    else return true;
    if (!this.#full && this.#buffered() >= highWater) {
      this.#full = true;
      this.#lookLater(firstLook);
    }
    return !this.#full;
  }

  pause(): boolean {
    return false;
  }

  resume(): void {}

  end(): void {
    this.#close(1000, "");
  }

  abort(reason: string): void {
    this.#silence();
    if (this.#ws.readyState === connecting && this.#early.length === 0) this.#ws.close();
    else this.#close(4000, reason);
  }

  #onOpen(): void {
    this.#opened = true;
    for (const bytes of this.#early) this.#write(bytes);
    this.#early = [];
    this.#earlyBytes = 0;
    if (this.#closing) this.#ws.close(this.#closing.code, this.#closing.reason);
  }

  #onClose(code: number, reason: string): void {
    clearTimeout(this.#look);
    this.#say((events) => {
      this.#silence();
      if (orderly.includes(code)) events.end();
      else if (this.#opened) events.error(failure("connection_lost", `the WebSocket closed ${how(code, reason)}`));
      else {
        const advice = "the browser's console says why; a page that came over https: may open wss: only";
        events.error(failure("connection_failed", `no WebSocket to ${this.#ws.url}`, advice));
      }
    });
  }

  #write(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; at += maxMessage) {
      this.#ws.send(bytes.subarray(at, at + maxMessage) as Uint8Array<ArrayBuffer>);
    }
  }

  #buffered(): number {
    return this.#earlyBytes + this.#ws.bufferedAmount;
  }

  #lookLater(ms: number): void {
    const before = this.#buffered();
    this.#look = setTimeout(() => {
      if (!this.#checkRoom()) this.#lookLater(this.#buffered() < before ? firstLook : Math.min(ms * 2, lastLook));
    }, ms);
  }

  /** False: still full. */
  #checkRoom(): boolean {
    if (!this.#full || this.#silent) return true;
    if (this.#buffered() > lowWater) return false;
    this.#full = false;
    clearTimeout(this.#look);
    this.#say((events) => events.drain());
    return true;
  }

  #say(what: (events: TransportEvents) => void): void {
    if (this.#silent) return;
    if (this.#held) this.#held.push(what);
    else if (this.#events) what(this.#events);
  }

  #silence(): void {
    this.#silent = true;
    clearTimeout(this.#look);
  }

  #fail(error: Error): void {
    this.#say((events) => {
      this.#silence();
      events.error(error);
    });
    this.#close(4000, error.message);
  }

  #close(code: number, reason: string): void {
    this.#closing ??= { code, reason: closeReason(reason) };
    if (this.#ws.readyState !== connecting) this.#ws.close(this.#closing.code, this.#closing.reason);
  }
}

function failure(code: string, message: string, advice?: string): TlsError {
  return new TlsError(undefined, message, { code, fault: "transport", ...(advice && { advice }) });
}

function how(code: number, reason: string): string {
  return code === 1006 ? "without a close frame" : `with code ${code}${reason && ` (${reason})`}`;
}

/** RFC 6455 §5.5: a control frame holds 125 bytes, two of them the code. */
function closeReason(reason: string): string {
  return reason.replace(/[^ -~]/g, "?").slice(0, 123);
}
