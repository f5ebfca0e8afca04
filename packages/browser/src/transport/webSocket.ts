/**
 * TLS records over a page's WebSocket.
 * @module
 */

import type { NextTurn, SendResult, TlsError, TlsErrorCode, Transport, TransportEvents } from "@handclasp/core/client";
import { reportClose, textMessage, transportError, WebSocketSender } from "@handclasp/core/unstable";

const connecting = 0;
const closed = 3;
/** The event of a page whose content security policy forbids an address. */
const violation = "securitypolicyviolation";

/** After `"full"`, `drain` follows once at most this many bytes are buffered: enough to send until the next check. */
const lowWater = 2 ** 19;
/**
 * A page is not told when there is room again: it has to look, every so many ms, and ever later where nothing moves.
 */
const firstLook = 4;
const lastLook = 64;

/**
 * A transport over a WebSocket that is open or still opening. It takes the socket over: nothing else may listen to its
 * messages, send or close.
 */
export function webSocketTransport(ws: WebSocket): Transport {
  return new WebSocketTransport(ws);
}

/**
 * Opens a WebSocket, which the browser may forbid the page.
 * @throws TlsError `websocket_blocked`
 */
export function openWebSocket(url: URL): Transport {
  try {
    return new WebSocketTransport(new WebSocket(url), false);
  } catch (error) {
    throw blocked(url.href, error);
  }
}

/** Some browsers throw, others tell the page's window. */
const blocked = (url: string, cause?: unknown): TlsError => {
  const advice = "the browser forbids it: see connect-src of Content-Security-Policy; from https: only wss: opens";
  return neverOpened("websocket_blocked", url, advice, cause);
};

const neverOpened = (code: TlsErrorCode, url: string, advice: string, cause?: unknown): TlsError =>
  transportError(code, `the WebSocket to ${url.replace(/[^/]*@|\?.*/g, "")} never opened`, { advice, cause });

class WebSocketTransport implements Transport {
  readonly #ws: WebSocket;
  readonly #sender: WebSocketSender;
  #events: TransportEvents | undefined;
  /** The events that arrive before `start`, or while these are delivered. */
  #held: ((events: TransportEvents) => void)[] | undefined = [];
  /** Nothing is to be said any more. */
  #silent = false;
  #opened: boolean;
  #look: ReturnType<typeof setTimeout> | undefined;

  /** @param opened false of a new one: Chromium has it closed at once where a policy forbids it, and says so later. */
  constructor(ws: WebSocket, opened = ws.readyState !== connecting) {
    this.#ws = ws;
    this.#sender = new WebSocketSender(ws, (message) => ws.send(message as Uint8Array<ArrayBuffer>));
    this.#opened = opened;
    if (!opened) globalThis.addEventListener?.(violation, this.#onViolation);
    ws.binaryType = "arraybuffer";
    ws.addEventListener("open", () => {
      this.#opened = true;
      this.#unwatch();
      this.#sender.opened();
    });
    ws.addEventListener("message", ({ data }: MessageEvent<unknown>) => {
      if (data instanceof ArrayBuffer) {
        this.#say((events) => events.data(new Uint8Array(data)));
        // Timers are slow in a tab in the background, messages are not.
        this.#checkRoom();
      } else this.#fail(textMessage());
    });
    // An `error` event says nothing, and `close` follows; not in Chromium where a policy forbids the WebSocket.
    ws.addEventListener("error", () => {
      if (!this.#opened) this.#onClose(1006, "");
    });
    ws.addEventListener("close", ({ code, reason }: CloseEvent) => this.#onClose(code, reason));
    if (opened && ws.readyState === closed) this.#onClose(1006, "");
  }

  start(events: TransportEvents): void {
    this.#events = events;
    queueMicrotask(() => {
      for (let say = this.#held?.shift(); say; say = this.#held?.shift()) if (!this.#silent) say(events);
      this.#held = undefined;
    });
  }

  get nextTurn(): NextTurn {
    return nextTurn;
  }

  send(bytes: Uint8Array): SendResult {
    const result = this.#sender.send(bytes);
    if (result === "full" && !this.#look) this.#lookLater(firstLook);
    return result;
  }

  pause(): boolean {
    return false;
  }

  resume(): void {}

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
    globalThis.removeEventListener?.(violation, this.#onViolation);
  }

  #onClose(code: number, reason: string): void {
    clearTimeout(this.#look);
    this.#say((events) => {
      this.#silence();
      if (this.#opened) reportClose(events, code, reason);
      else events.error(neverOpened("websocket_not_opened", this.#ws.url, "the browser's console says why"));
    });
  }

  #lookLater(ms: number): void {
    const before = this.#sender.buffered;
    this.#look = setTimeout(() => {
      this.#look = undefined;
      if (!this.#checkRoom()) this.#lookLater(this.#sender.buffered < before ? firstLook : Math.min(ms * 2, lastLook));
    }, ms);
  }

  /** False: no news. */
  #checkRoom(): boolean {
    if (!this.#sender.drained(lowWater)) return false;
    clearTimeout(this.#look);
    this.#look = undefined;
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
    this.#unwatch();
    clearTimeout(this.#look);
  }

  #fail(error: Error): void {
    this.#say((events) => {
      this.#silence();
      events.error(error);
    });
    this.#sender.abort(error.message);
  }
}

/** A page's timers wait, in a tab in the background for a second and more; messages do not. */
function nextTurn(callback: () => void): void {
  const { port1, port2 } = new MessageChannel();
  port1.onmessage = () => {
    port1.close();
    callback();
  };
  port2.postMessage(undefined);
}
