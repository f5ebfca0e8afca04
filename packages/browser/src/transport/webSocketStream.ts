/**
 * A WebSocket that can be paused, over the browser's WebSocketStream. It has the part of the interface of a WebSocket
 * that the transport uses.
 *
 * Chromium drops the messages that wait in the browser when the WebSocket closes, and reports a clean close. So a
 * paused WebSocket reads on, up to a limit, and keeps the messages itself (ADR 14).
 * @module
 */

/** The class WebSocketStream, which TypeScript does not declare. */
export type WebSocketStreamClass = new (url: string) => WebSocketStream;

interface WebSocketStream {
  readonly opened: Promise<{
    readonly readable: ReadableStream<PageEvent["data"]>;
    readonly writable: WritableStream<Uint8Array<ArrayBuffer>>;
  }>;
  /** Rejects with a WebSocketError, which has the same properties, if the WebSocket did not close cleanly. */
  readonly closed: Promise<CloseInfo>;
  close(info?: CloseInfo): void;
}

interface CloseInfo {
  readonly closeCode?: number | null;
  readonly reason?: string;
}

/** The event `message` has `data`, the event `close` has the others. */
interface PageEvent {
  readonly data: ArrayBuffer | Uint8Array | string;
  readonly code: number;
  readonly reason: string;
}

type Listener = (event: PageEvent) => void;
type HeldEvent = readonly [type: string, event: Partial<PageEvent>, size: number];

/** The part of a page's WebSocket that the transport uses. A WebSocket of the browser has no `pause`. */
export interface PageWebSocket {
  readonly url: string;
  readonly readyState: number;
  readonly bufferedAmount: number;
  binaryType?: string;
  send(message: string | Uint8Array<ArrayBuffer>): void;
  close(code?: number, reason?: string): void;
  addEventListener(type: string, listener: Listener): void;
  pause?(): void;
  resume?(): void;
}

const open = 1;
const closing = 2;
const closed = 3;

/**
 * The most bytes of messages that a paused WebSocket keeps before it stops reading. It is core's limit for a transport
 * that cannot be paused, so a connection that this limit would end is one that now waits.
 */
const maxHeld = 2 ** 24;
/** The number of bytes that a message takes in addition to its data, so that tiny messages count too. */
const messageOverhead = 256;
/** How long a closing WebSocket waits while the peer takes none of our bytes, in milliseconds. */
const stallTimeout = 30_000;
/** The same for a WebSocket that has failed. */
const abortTimeout = 2_000;

export class PausableWebSocket implements PageWebSocket {
  readonly url: string;
  readyState = 0;
  bufferedAmount = 0;
  readonly #stream: WebSocketStream;
  #writer: WritableStreamDefaultWriter<Uint8Array<ArrayBuffer>> | undefined;
  readonly #listeners = new Map<string, Listener>();
  #isPaused = false;
  #mustRead = false;
  /** The events that came while the WebSocket was paused. */
  readonly #held: HeldEvent[] = [];
  #heldBytes = 0;
  /** Ends the wait of the reader. */
  #continue: (() => void) | undefined;
  /** Set by `close`: sends the close frame. */
  #close: (() => void) | undefined;

  constructor(stream: WebSocketStreamClass, url: URL) {
    this.url = url.href;
    this.#stream = new stream(url.href);
    void this.#run();
  }

  /** Sets the listener of an event: there is only one for each type. */
  addEventListener(type: string, listener: Listener): void {
    this.#listeners.set(type, listener);
  }

  send(message: Uint8Array<ArrayBuffer>): void {
    this.bufferedAmount += message.length;
    const settle = (): void => {
      this.bufferedAmount -= message.length;
      if (this.bufferedAmount === 0) this.#close?.();
      // The peer does not cause this event, so it does not wait.
      this.#listeners.get("sent")?.({} as PageEvent);
    };
    this.#writer?.write(message).then(settle, settle);
  }

  /** Closes after everything that was sent, because WebSocketStream would drop the bytes that wait. */
  close(code?: number, reason?: string): void {
    if (this.readyState >= closing) return;
    this.readyState = closing;
    // The transport drops data that comes now, but the peer's close frame comes after it.
    this.#readToEnd();
    if (code === undefined) return this.#stream.close();
    this.#close = () => this.#stream.close({ closeCode: code, reason: reason ?? "" });
    if (this.bufferedAmount === 0) this.#close();
    else this.#closeIfStalled(code === 1000 ? stallTimeout : abortTimeout);
  }

  pause(): void {
    this.#isPaused = !this.#mustRead;
  }

  resume(): void {
    this.#isPaused = false;
    queueMicrotask(() => {
      while (!this.#isPaused && this.#held.length) {
        const [type, event, size] = this.#held.shift() as HeldEvent;
        this.#heldBytes -= size;
        this.#listeners.get(type)?.(event as PageEvent);
      }
      this.#continue?.();
    });
  }

  /** From now on, `pause` has no effect. */
  #readToEnd(): void {
    this.#mustRead = true;
    this.resume();
  }

  #closeIfStalled(ms: number): void {
    const before = this.bufferedAmount;
    setTimeout(() => (this.bufferedAmount < before ? this.#closeIfStalled(ms) : this.#close?.()), ms);
  }

  async #run(): Promise<void> {
    const ended = this.#stream.closed.catch((error: CloseInfo) => {
      // The transport reports a failure at once, after the bytes that have arrived.
      this.#readToEnd();
      return error;
    });
    void ended.then(() => {
      this.readyState = Math.max(this.readyState, closing);
    });
    try {
      const { readable, writable } = await this.#stream.opened;
      this.#writer = writable.getWriter();
      if (this.readyState < open) this.readyState = open;
      this.#emit("open");
      const reader = readable.getReader();
      for (let next = await reader.read(); !next.done; next = await reader.read()) {
        const { value: data } = next;
        this.#emit("message", { data }, messageOverhead + (typeof data === "string" ? data.length : data.byteLength));
        while (this.#isPaused && this.#heldBytes >= maxHeld)
          await new Promise<void>((resolve) => (this.#continue = resolve));
      }
    } catch {
      // The stream is broken. The code is in `closed`.
    }
    const { closeCode, reason = "" } = await ended;
    this.readyState = closed;
    this.#emit("close", { code: closeCode ?? 1005, reason });
  }

  #emit(type: string, event: Partial<PageEvent> = {}, size = 0): void {
    if (this.#isPaused || this.#held.length) {
      this.#held.push([type, event, size]);
      this.#heldBytes += size;
    } else this.#listeners.get(type)?.(event as PageEvent);
  }
}
