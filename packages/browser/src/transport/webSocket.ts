/**
 * The transport over the browser's WebSocket.
 * @module
 */

import type { NextTurn, SendResult, TlsError, TlsErrorCode, Transport, TransportEvents } from "@handclasp/core/client";
import { reportClose, transportError, WebSocketCredit, WebSocketSender } from "@handclasp/core/unstable";

const connecting = 0;
const open = 1;
const closed = 3;
/** The event that a page gets if its Content-Security-Policy forbids an address. */
const violationEvent = "securitypolicyviolation";

/**
 * After `send` returned "full", there is room again when at most this many bytes wait. It is not 0, because the waiting
 * bytes must last until the next check.
 */
const lowWater = 2 ** 19;
/**
 * The number of bytes that a server may send before the application reads. With what the connection buffers, and one
 * message in excess, less than 4 MiB wait in the page. At least half of the window is open while a server sends
 * steadily, which carries 20 MB/s over a round trip of 50 ms.
 */
const creditWindow = 2 ** 21;
/**
 * Each credit of a page is a message of its own for the server, which costs it as much as 0.2 MiB of data: with 512 KiB
 * here, a server that sent records of 64 KiB took a third more CPU time.
 */
const creditStep = 2 ** 20;
/**
 * A browser's WebSocket has no event for room, so a timer checks the buffer. The first check is after `firstCheck` ms.
 * While nothing is sent, the time doubles up to `lastCheck` ms.
 */
const firstCheck = 4;
const lastCheck = 64;

/**
 * Makes a transport over a WebSocket that is open or still opening. The transport takes over the WebSocket: no other
 * code may listen to its messages, send or close.
 */
export function webSocketTransport(ws: WebSocket): Transport {
  return new WebSocketTransport(ws);
}

/** The host's class. The page may later put SecureWebSocket in its place, which would open itself for ever. */
const HostWebSocket = globalThis.WebSocket;

/**
 * Opens a WebSocket and makes a transport over it.
 * @throws TlsError `websocket_blocked`
 */
export function openWebSocket(url: URL): Transport {
  try {
    return new WebSocketTransport(new HostWebSocket(url), false);
  } catch (error) {
    throw blocked(url.href, error);
  }
}

/**
 * The error of a WebSocket that the browser forbids. Some browsers throw from the constructor, others dispatch an event
 * on the window.
 */
const blocked = (url: string, cause?: unknown): TlsError => {
  const advice = "the browser forbids it: check connect-src of Content-Security-Policy; https: pages need wss:";
  return neverOpened("websocket_blocked", url, advice, cause);
};

const neverOpened = (code: TlsErrorCode, url: string, advice: string, cause?: unknown): TlsError =>
  transportError(code, `the WebSocket to ${url.replace(/[^/]*@|\?.*/g, "")} never opened`, { advice, cause });

class WebSocketTransport implements Transport {
  readonly #ws: WebSocket;
  readonly #sender: WebSocketSender;
  readonly #credit: WebSocketCredit;
  #events: TransportEvents | undefined;
  /** The events that came before `start` and while these are delivered. `undefined` after that. */
  #queue: ((events: TransportEvents) => void)[] | undefined = [];
  /** True once no event may follow. */
  #isSilent = false;
  #hasOpened: boolean;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /**
   * @param hasOpened false for a new WebSocket. If a policy forbids it, Chromium sets its `readyState` to closed at
   * once, and dispatches the event later.
   */
  constructor(ws: WebSocket, hasOpened = ws.readyState !== connecting) {
    this.#ws = ws;
    const send = (message: string | Uint8Array): void => ws.send(message as string | Uint8Array<ArrayBuffer>);
    this.#sender = new WebSocketSender(ws, send);
    this.#credit = new WebSocketCredit(this.#sender, creditWindow, creditStep, send);
    this.#hasOpened = hasOpened;
    if (!hasOpened) globalThis.addEventListener?.(violationEvent, this.#onViolation);
    ws.binaryType = "arraybuffer";
    ws.addEventListener("open", () => {
      this.#hasOpened = true;
      this.#unwatch();
      this.#credit.announce();
    });
    ws.addEventListener("message", ({ data }: MessageEvent<unknown>) => {
      try {
        if (data instanceof ArrayBuffer) {
          this.#credit.receive(data.byteLength);
          this.#emit((events) => events.data(new Uint8Array(data)));
        } else this.#credit.receiveText(String(data));
      } catch (error) {
        return this.#fail(error as Error);
      }
      // Timers are slow in a background tab, but messages are not.
      this.#checkRoom();
    });
    // `error` has no details, and `close` follows it, except in Chromium if a policy forbids the WebSocket.
    ws.addEventListener("error", () => {
      if (!this.#hasOpened) this.#onClose(1006, "");
    });
    ws.addEventListener("close", ({ code, reason }: CloseEvent) => this.#onClose(code, reason));
    if (ws.readyState === open) this.#credit.announce();
    if (hasOpened && ws.readyState === closed) this.#onClose(1006, "");
  }

  start(events: TransportEvents): void {
    this.#events = events;
    queueMicrotask(() => {
      for (let emit = this.#queue?.shift(); emit; emit = this.#queue?.shift()) if (!this.#isSilent) emit(events);
      this.#queue = undefined;
    });
  }

  get nextTurn(): NextTurn {
    return nextTurn;
  }

  send(bytes: Uint8Array): SendResult {
    const result = this.#sender.send(bytes);
    if (result === "full" && !this.#timer) this.#checkLater(firstCheck);
    return result;
  }

  pause(): boolean {
    return this.#credit.pause();
  }

  resume(): void {
    this.#credit.resume();
  }

  end(): void {
    this.#sender.close(1000);
  }

  abort(reason: string): void {
    this.#silence();
    this.#sender.abort(reason);
  }

  readonly #onViolation = ({ blockedURI, disposition }: SecurityPolicyViolationEvent): void => {
    if (disposition === "enforce" && blockedURI === this.#ws.url) this.#fail(blocked(blockedURI));
  };

  #unwatch(): void {
    globalThis.removeEventListener?.(violationEvent, this.#onViolation);
  }

  #onClose(code: number, reason: string): void {
    clearTimeout(this.#timer);
    this.#emit((events) => {
      this.#silence();
      if (this.#hasOpened) reportClose(events, code, reason);
      else
        events.error(
          neverOpened("websocket_not_opened", this.#ws.url, "see the browser's console; after 403, the server's"),
        );
    });
  }

  #checkLater(ms: number): void {
    const before = this.#sender.buffered;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      if (!this.#checkRoom())
        this.#checkLater(this.#sender.buffered < before ? firstCheck : Math.min(ms * 2, lastCheck));
    }, ms);
  }

  /** Delivers `drain` if there is room again. Returns whether it did. */
  #checkRoom(): boolean {
    if (!this.#sender.takeDrained(lowWater)) return false;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#emit((events) => events.drain());
    return true;
  }

  #emit(deliver: (events: TransportEvents) => void): void {
    if (this.#isSilent) return;
    if (this.#queue) this.#queue.push(deliver);
    else if (this.#events) deliver(this.#events);
  }

  #silence(): void {
    this.#isSilent = true;
    this.#unwatch();
    clearTimeout(this.#timer);
  }

  #fail(error: Error): void {
    this.#emit((events) => {
      this.#silence();
      events.error(error);
    });
    this.#sender.abort(error.message);
  }
}

/**
 * Calls back in another task. A timer would wait, in a background tab for a second or more. A message does not wait.
 */
function nextTurn(callback: () => void): void {
  const { port1, port2 } = new MessageChannel();
  port1.onmessage = () => {
    port1.close();
    callback();
  };
  port2.postMessage(undefined);
}
