/**
 * The WebSocket interface (https://websockets.spec.whatwg.org) over a link.
 * @module
 */
import type { ConnectOptions, Session } from "@handclasp/core/client";

import { CloseEvent, EventHandlers, nextTask } from "./events.ts";
import { isLoss, type Link, type LinkEnd, type SocketOptions, type Target } from "./link.ts";
import type { SecureWebSocketClass, SocketData } from "./socket.ts";
import { checkedOptions } from "./socketOptions.ts";
import { checkClose, domError, socketProtocols, socketUrl } from "./target.ts";
import { clampedShort, shape, wellFormed } from "./webIdl.ts";

const states = { CONNECTING: 0, OPEN: 1, CLOSING: 2, CLOSED: 3 } as const;
const { CONNECTING, OPEN, CLOSING, CLOSED } = states;
/** The number of messages that a socket delivers in one task. */
const messagesInTask = 32;

/**
 * Makes a class of sockets.
 * @param open opens a link
 * @param rows the table of the options of `connect`
 * @param defaults options for all sockets of the class
 */
export function socketClass<Options extends ConnectOptions>(
  open: (target: Target<Options>) => Promise<Link>,
  rows: () => readonly string[],
  defaults: SocketOptions<Options>,
): SecureWebSocketClass<Options> {
  const checkedDefaults = checkedOptions(defaults, rows);

  class SecureWebSocket extends EventTarget {
    readonly #url: URL;
    readonly #handlers = new EventHandlers(this);
    readonly #opening = new AbortController();
    /** Whether the loss of a connection is not the end. */
    readonly #reconnects: boolean;
    #readyState: number = CONNECTING;
    #binaryType: "blob" | "arraybuffer" = "blob";
    #bufferedAmount = 0;
    /** The number of bytes by which `bufferedAmount` shrinks in the next task. */
    #takenBytes = 0;
    #link: Link | undefined;
    /** Settles when all Blobs were read that were given to `send`. `undefined` if none is being read. */
    #lastBlob: Promise<void> | undefined;
    readonly #opened: Promise<Session>;
    readonly #closed: Promise<LinkEnd>;
    #settleOpened!: (result: Session | Promise<never>) => void;
    #settleClosed!: (result: LinkEnd | Promise<never>) => void;

    constructor(url: string | URL, protocols: unknown = []) {
      super();
      // biome-ignore lint/complexity/noArguments: `undefined` is a URL, relative to the page.
      if (arguments.length === 0) throw new TypeError("a socket takes a URL");
      this.#url = socketUrl(url);
      const isOptions = typeof protocols === "object" && protocols !== null && !(Symbol.iterator in protocols);
      const options = isOptions
        ? { ...checkedDefaults, ...checkedOptions(protocols as SocketOptions<Options>, rows) }
        : checkedDefaults;
      const asked = socketProtocols(isOptions ? (options.protocols ?? []) : protocols);
      this.#opened = new Promise((resolve) => (this.#settleOpened = resolve));
      this.#closed = new Promise((resolve) => (this.#settleClosed = resolve));
      for (const promise of [this.#opened, this.#closed]) promise.catch(() => {});
      const { signal, reconnect } = options;
      this.#reconnects = reconnect !== undefined;
      const abort = (): void => this.#opening.abort(signal?.reason);
      if (signal?.aborted) abort();
      else signal?.addEventListener("abort", abort, { once: true });
      void this.#run(
        open({
          url: this.#url,
          protocols: asked,
          options,
          signal: this.#opening.signal,
          onSent: (bytes) => this.#onSent(bytes),
          onInterrupted: (error) => this.#tell("interrupted", { error }),
          onResumed: () => this.#tell("resumed", {}),
          onRestarted: (unconfirmed) => this.#tell("restarted", { unconfirmed }),
        }),
      ).finally(() => signal?.removeEventListener("abort", abort));
    }

    get url(): string {
      return this.#url.href;
    }
    get readyState(): number {
      return this.#readyState;
    }
    get bufferedAmount(): number {
      return this.#bufferedAmount;
    }
    get extensions(): string {
      return this.#url && "";
    }
    get protocol(): string {
      return this.#link?.protocol ?? "";
    }
    get binaryType(): "blob" | "arraybuffer" {
      return this.#binaryType;
    }
    set binaryType(value: "blob" | "arraybuffer") {
      const text = String(value);
      const isKnown = text === "blob" || text === "arraybuffer";
      // Another text changes nothing, but the setter throws on another object, as the platform's does.
      this.#binaryType = isKnown ? text : this.#binaryType;
    }
    get onopen(): unknown {
      return this.#handlers.get("open");
    }
    set onopen(value: unknown) {
      this.#handlers.set("open", value);
    }
    get onmessage(): unknown {
      return this.#handlers.get("message");
    }
    set onmessage(value: unknown) {
      this.#handlers.set("message", value);
    }
    get onerror(): unknown {
      return this.#handlers.get("error");
    }
    set onerror(value: unknown) {
      this.#handlers.set("error", value);
    }
    get onclose(): unknown {
      return this.#handlers.get("close");
    }
    set onclose(value: unknown) {
      this.#handlers.set("close", value);
    }
    get session(): Session | undefined {
      return this.#link?.session;
    }
    get opened(): Promise<Session> {
      return this.#opened;
    }
    get closed(): Promise<LinkEnd> {
      return this.#closed;
    }

    send(data: SocketData): void {
      const state = this.#readyState;
      // biome-ignore lint/complexity/noArguments: `send.length` is 1, and `send(undefined)` sends a text.
      if (arguments.length === 0) throw new TypeError("send takes one argument");
      const message = messageOf(data);
      if (state === CONNECTING) throw domError("InvalidStateError", "the socket is not open yet: wait for `open`");
      if (isBlob(message)) this.#bufferedAmount += message.size;
      if (state !== OPEN) {
        if (!isBlob(message)) this.#bufferedAmount += lengthOf(message);
      } else if (isBlob(message)) this.#sendBlob(message);
      else if (this.#lastBlob) {
        const copy = typeof message === "string" ? message : message.slice();
        this.#bufferedAmount += lengthOf(copy);
        this.#afterBlobs(() => copy);
      } else this.#bufferedAmount += this.#sendNow(message);
    }

    // `code` and `reason` have a default, so that `close.length` is 0 as in WebIDL.
    // oxlint-disable-next-line typescript/no-useless-default-assignment
    close(code: number | undefined = undefined, reason: string | undefined = undefined): void {
      const state = this.#readyState;
      const codeSent = code === undefined ? undefined : clampedShort(code);
      const reasonSent = reason === undefined ? "" : wellFormed(String(reason));
      checkClose(codeSent, reasonSent);
      if (state >= CLOSING) return;
      this.#readyState = CLOSING;
      if (state === CONNECTING) this.#opening.abort();
      else if (this.#lastBlob) void this.#lastBlob.then(() => this.#link?.close(codeSent, reasonSent));
      else this.#link?.close(codeSent, codeSent === undefined ? "" : reasonSent);
    }

    async #run(opening: Promise<Link>): Promise<void> {
      try {
        const link = await opening;
        if (this.#readyState !== CONNECTING) {
          link.abort();
          throw domError("AbortError", "the socket was closed before it opened");
        }
        this.#link = link;
        this.#readyState = OPEN;
        this.#settleOpened(link.session);
        this.dispatchEvent(new Event("open"));
        await this.#deliver(link);
        if (this.#readyState === OPEN) this.#readyState = CLOSING;
        this.#finish(await link.closed);
      } catch (error) {
        this.#fail(error as Error, this.#link !== undefined && !this.#reconnects && isLoss(error));
      }
    }

    /** Delivers messages until the peer has closed or the link fails. Then `closed` of the link says which. */
    async #deliver(link: Link): Promise<void> {
      for (let delivered = 1; ; delivered++) {
        const message = await link.read().catch(() => undefined);
        if (message === undefined) return;
        if (this.#readyState === OPEN)
          this.dispatchEvent(new MessageEvent("message", { data: this.#received(message), origin: this.#url.origin }));
        if (delivered % messagesInTask === 0) await nextTask();
      }
    }

    #received(message: string | Uint8Array): string | ArrayBuffer | Blob {
      if (typeof message === "string") return message;
      const bytes = message as Uint8Array<ArrayBuffer>;
      if (this.#binaryType === "blob") return new Blob([bytes]);
      return bytes.length === bytes.buffer.byteLength ? bytes.buffer : bytes.slice().buffer;
    }

    /** Sends a message, and returns its length. */
    #sendNow(message: string | Uint8Array): number {
      const link = this.#link as Link;
      const before = link.waitingBytes;
      link.send(message).catch(() => {});
      // A link that has ended takes no message.
      return link.waitingBytes - before || lengthOf(message);
    }

    #sendBlob(blob: Blob): void {
      const reading = blob.arrayBuffer().then((buffer) => new Uint8Array(buffer));
      this.#afterBlobs(() => reading);
    }

    #afterBlobs(message: () => string | Uint8Array | Promise<Uint8Array>): void {
      const last = (this.#lastBlob ?? Promise.resolve())
        .then(message)
        .then((data) => void this.#sendNow(data))
        // The host could not read the Blob, for example a file that has changed.
        .catch(() => this.#link?.abort())
        .then(() => {
          if (this.#lastBlob === last) this.#lastBlob = undefined;
        });
      this.#lastBlob = last;
    }

    #onSent(bytes: number): void {
      if (!this.#takenBytes)
        void nextTask().then(() => {
          this.#bufferedAmount -= this.#takenBytes;
          this.#takenBytes = 0;
        });
      this.#takenBytes += bytes;
    }

    #tell(type: string, details: object): void {
      this.dispatchEvent(Object.assign(new Event(type), details));
    }

    #finish(end: LinkEnd): void {
      this.#readyState = CLOSED;
      this.#settleClosed(end);
      const { code, reason } = end;
      this.dispatchEvent(new CloseEvent("close", { code, reason, wasClean: true }));
    }

    #fail(error: Error, isLost: boolean): void {
      this.#readyState = CLOSED;
      const rejected = Promise.reject(error);
      rejected.catch(() => {});
      this.#settleOpened(rejected);
      this.#settleClosed(rejected);
      if (!isLost) this.dispatchEvent(withError(new Event("error"), error));
      this.dispatchEvent(withError(new CloseEvent("close", { code: 1006 }), error));
    }
  }

  shape(SecureWebSocket, "SecureWebSocket");
  for (const [name, value] of Object.entries(states))
    for (const owner of [SecureWebSocket, SecureWebSocket.prototype])
      Object.defineProperty(owner, name, { value, enumerable: true });
  return SecureWebSocket as unknown as SecureWebSocketClass<Options>;
}

const withError = (event: Event, error: Error): Event => Object.defineProperty(event, "error", { value: error });

const isBlob = (data: unknown): data is Blob => data instanceof Blob;

/** Converts as WebIDL does for `(BufferSource or Blob or USVString)`. */
function messageOf(data: unknown): string | Uint8Array | Blob {
  if (isBlob(data)) return data;
  if (ArrayBuffer.isView(data)) return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  if (Object.prototype.toString.call(data) === "[object ArrayBuffer]") return new Uint8Array(data as ArrayBuffer);
  return String(data);
}

const lengthOf = (message: string | Uint8Array): number =>
  typeof message === "string" ? new TextEncoder().encode(message).length : message.length;
