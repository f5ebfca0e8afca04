/**
 * The WebSocketStream interface (https://websockets.spec.whatwg.org/#the-websocketstream-interface) over a link.
 * @module
 */
import { type ConnectOptions, type Session, TlsError } from "@handclasp/core/client";

import type { Link, SocketOptions, Target } from "./link.ts";
import { linkStreams, type StreamChunk } from "./linkStreams.ts";
import { checkedOptions } from "./socketOptions.ts";
import { socketProtocols, socketUrl } from "./target.ts";
import { dictionaryOf, shape } from "./webIdl.ts";
import { closeInfoOf, type WebSocketCloseInfo, webSocketError } from "./webSocketError.ts";

/** An open stream. */
export interface OpenStream {
  /** The peer's messages: a text is a string, a binary message a Uint8Array. A message waits until it is read. */
  readonly readable: ReadableStream<string | Uint8Array>;
  /** A write resolves when there is room for more. `close` sends a Close, and waits for the peer's. */
  readonly writable: WritableStream<StreamChunk>;
  /** The protocol that the server selected. Empty if none was asked for. */
  readonly protocol: string;
  /** Always empty. */
  readonly extensions: string;
  /** The result of the handshake. */
  readonly session: Session;
}

/**
 * A WebSocketStream whose messages travel in a channel of Handclasp. It has the whole interface of WebSocketStream, in
 * every engine. Each WebSocketError of it has a `cause`.
 *
 * It tells losses that the standard does not tell: a write after `close` rejects instead of dropping the message, and
 * after a lost connection the readable has the messages that arrived before it has the error.
 */
export interface SecureWebSocketStream {
  readonly url: string;
  /** Rejects with a WebSocketError, or with the reason of the signal that ended the attempt. */
  readonly opened: Promise<OpenStream>;
  /**
   * Resolves when both sides have closed. Rejects with a WebSocketError if the connection ended otherwise, or if the
   * peer closed before all our messages were sent.
   */
  readonly closed: Promise<Required<WebSocketCloseInfo>>;
  /**
   * Closes after everything that was written. Messages that were not read yet are dropped. A later write rejects once
   * the connection has ended.
   * @throws TypeError, DOMException InvalidAccessError for the code, SyntaxError for the reason
   */
  close(info?: WebSocketCloseInfo): void;
}

/** The options of a stream: those of `connect` except `alpn`, and its own. */
export type StreamOptions<Options extends ConnectOptions> = Omit<SocketOptions<Options>, "protocols" | "signal"> & {
  /** The protocols to ask for, in order of preference. */
  readonly protocols?: readonly string[];
  /** Ends the attempt to open. An open stream ignores it. */
  readonly signal?: AbortSignal;
};

/** A class of streams. */
export interface SecureWebSocketStreamClass<Options extends ConnectOptions> {
  /**
   * @param url `ws:`, `wss:`, `http:` or `https:`, in a page also relative to it
   * @throws DOMException SyntaxError for the URL or a protocol; TypeError, or TlsError `configuration`, for an option
   */
  new (url: string | URL, options?: StreamOptions<Options>): SecureWebSocketStream;
  readonly prototype: SecureWebSocketStream;
}

/**
 * Makes a class of streams.
 * @param open opens a link
 * @param rows the table of the options of `connect`
 * @param defaults options for all streams of the class
 */
export function streamClass<Options extends ConnectOptions>(
  open: (target: Target<Options>) => Promise<Link>,
  rows: () => readonly string[],
  defaults: StreamOptions<Options>,
): SecureWebSocketStreamClass<Options> {
  const checked = (options: unknown): SocketOptions<Options> => {
    const given = dictionaryOf<{ readonly protocols: unknown }>(options);
    if (given.protocols !== undefined && !isList(given.protocols)) throw new TypeError("protocols is no list");
    return checkedOptions(given as SocketOptions<Options>, rows);
  };
  const checkedDefaults = checked(defaults);

  class SecureWebSocketStream {
    readonly #url: URL;
    readonly #opening = new AbortController();
    #link: Link | undefined;
    readonly #opened: Promise<OpenStream>;
    readonly #closed: Promise<Required<WebSocketCloseInfo>>;
    #settleOpened!: (result: OpenStream | Promise<never>) => void;
    #settleClosed!: (result: Required<WebSocketCloseInfo> | Promise<never>) => void;

    // `options` has a default, so that the constructor's `length` is 1 as in WebIDL.
    constructor(url: string | URL, options: StreamOptions<Options> = {} as StreamOptions<Options>) {
      // biome-ignore lint/complexity/noArguments: `undefined` is a URL, relative to the page's.
      if (arguments.length === 0) throw new TypeError("the constructor takes a URL");
      const ownOptions = { ...checkedDefaults, ...checked(options) };
      this.#url = socketUrl(url);
      const protocols = socketProtocols(ownOptions.protocols ?? []);
      this.#opened = new Promise((resolve) => (this.#settleOpened = resolve));
      this.#closed = new Promise((resolve) => (this.#settleClosed = resolve));
      for (const promise of [this.#opened, this.#closed]) promise.catch(() => {});
      this.#begin({
        url: this.#url,
        protocols,
        options: ownOptions,
        signal: this.#opening.signal,
        onSent: () => {},
        onInterrupted: () => {},
        onResumed: () => {},
        // A reader would not see the gap.
        onRestarted: () => this.#link?.abort(sessionLostError()),
      });
    }

    get url(): string {
      return this.#url.href;
    }
    get opened(): Promise<OpenStream> {
      return this.#opened;
    }
    get closed(): Promise<Required<WebSocketCloseInfo>> {
      return this.#closed;
    }

    // `info` has a default, so that `close.length` is 0 as in WebIDL.
    close(info: WebSocketCloseInfo = {}): void {
      const { closeCode, reason } = closeInfoOf(info);
      if (this.#link) return this.#link.close(closeCode, reason);
      const cause = new TlsError(undefined, "the stream was closed before it opened", {
        code: "closed_locally",
        fault: "application",
      });
      this.#giveUp(webSocketError(cause, null), webSocketError(cause, 1006));
    }

    #begin(target: Target<Options>): void {
      const { signal } = target.options;
      const abort = (): void => this.#giveUp(signal?.reason, signal?.reason);
      if (signal?.aborted) return abort();
      signal?.addEventListener("abort", abort, { once: true });
      void this.#run(open(target).finally(() => signal?.removeEventListener("abort", abort)));
    }

    async #run(opening: Promise<Link>): Promise<void> {
      let link: Link;
      try {
        link = await opening;
      } catch (cause) {
        return this.#fail(webSocketError(cause as Error, null), webSocketError(cause as Error, 1006));
      }
      if (this.#opening.signal.aborted) return link.abort();
      this.#link = link;
      const { session, protocol } = link;
      const { readable, writable, end } = linkStreams(link);
      this.#settleOpened({ readable, writable, protocol, extensions: "", session });
      const { info, error } = await end;
      this.#settleClosed(info ?? rejected(error));
    }

    /** Ends the attempt to open, without waiting for the connection. */
    #giveUp(openedError: unknown, closedError: unknown): void {
      this.#fail(openedError, closedError);
      this.#opening.abort(openedError);
    }

    #fail(openedError: unknown, closedError: unknown): void {
      this.#settleOpened(rejected(openedError));
      this.#settleClosed(rejected(closedError));
    }
  }

  shape(SecureWebSocketStream, "SecureWebSocketStream");
  return SecureWebSocketStream;
}

const isList = (value: unknown): boolean => typeof value === "object" && value !== null && Symbol.iterator in value;

const sessionLostError = (): TlsError =>
  new TlsError(undefined, "the server lost the session, so that messages are missing", { code: "session_lost" });

/** A rejected promise that may be ignored: the first result of a stream counts. */
function rejected(error: unknown): Promise<never> {
  const promise = Promise.reject(error);
  promise.catch(() => {});
  return promise;
}
