/**
 * The types of sockets and of their events.
 * @module
 */
import type { ConnectOptions, Session } from "@handclasp/core/client";

import type { SocketCloseEvent } from "./events.ts";
import type { SocketOptions } from "./link.ts";

/** The data that `send` takes. */
export type SocketData = string | ArrayBuffer | ArrayBufferView | Blob;

/**
 * An error event: the socket could not open, or it failed the connection because the peer broke a rule. `error` says
 * what happened and what to do. If the peer or the network ends an open connection, `close` comes alone, and the error
 * is that of the promise `closed`.
 */
export interface SocketErrorEvent extends Event {
  readonly error: Error;
}

export interface SocketEventMap {
  open: Event;
  message: MessageEvent;
  error: SocketErrorEvent;
  close: SocketCloseEvent;
  /** With `reconnect`: the channel is lost, or an attempt to open a new one has failed. Another attempt follows. */
  interrupted: SocketErrorEvent;
  /** With `reconnect`: a new channel continues. No message was lost or repeated. */
  resumed: Event;
  /**
   * With `reconnect`: a new channel continues, but the server had lost the session. The server may or may not have
   * received the messages in `unconfirmed`; they are not sent again. Messages of the server may be lost.
   */
  restarted: SocketRestartEvent;
}

export interface SocketRestartEvent extends Event {
  readonly unconfirmed: readonly (string | Uint8Array)[];
}

/**
 * A WebSocket whose messages travel in a channel of Handclasp. It has the whole interface of WebSocket, and in addition
 * `session`, `opened` and `closed`.
 */
export interface SecureWebSocket extends EventTarget {
  readonly CONNECTING: 0;
  readonly OPEN: 1;
  readonly CLOSING: 2;
  readonly CLOSED: 3;
  readonly url: string;
  readonly readyState: number;
  /** The number of bytes that were given to `send` and that the channel has not taken yet. */
  readonly bufferedAmount: number;
  /** Always empty. */
  readonly extensions: string;
  /** The protocol that the server selected. Empty before `open`, and if none was asked for. */
  readonly protocol: string;
  binaryType: "blob" | "arraybuffer";
  onopen: ((this: this, event: Event) => unknown) | null;
  onmessage: ((this: this, event: MessageEvent) => unknown) | null;
  onerror: ((this: this, event: SocketErrorEvent) => unknown) | null;
  onclose: ((this: this, event: SocketCloseEvent) => unknown) | null;
  /**
   * Sends a message, after those before it. Throws a DOMException InvalidStateError before `open`. After `close` the
   * message is dropped.
   */
  send(data: SocketData): void;
  /**
   * Closes after everything that was sent.
   * @param code 1000 or 3000 to 4999
   * @param reason at most 123 bytes of UTF-8
   */
  close(code?: number, reason?: string): void;
  /** The result of the handshake. `undefined` before `open`. */
  readonly session: Session | undefined;
  /** Resolves at `open`. Rejects with the error that prevented it. */
  readonly opened: Promise<Session>;
  /** Resolves at a clean `close`. Otherwise rejects with the error that ended the connection. */
  readonly closed: Promise<{ readonly code: number; readonly reason: string }>;
  addEventListener<Type extends keyof SocketEventMap>(
    type: Type,
    listener: (this: this, event: SocketEventMap[Type]) => unknown,
    options?: ListenerArguments[2],
  ): void;
  addEventListener(...listener: ListenerArguments): void;
}

/** Taken from the host's EventTarget, because lib.dom and `@types/node` name these types differently. */
type ListenerArguments = Parameters<EventTarget["addEventListener"]>;

/** A class of sockets. */
export interface SecureWebSocketClass<Options extends ConnectOptions> {
  /**
   * @param url `ws:`, `wss:`, `http:` or `https:`, in a page also relative to it
   * @throws DOMException SyntaxError for the URL or a protocol; TlsError `configuration` for an option
   */
  new (url: string | URL, protocolsOrOptions?: string | readonly string[] | SocketOptions<Options>): SecureWebSocket;
  readonly prototype: SecureWebSocket;
  readonly CONNECTING: 0;
  readonly OPEN: 1;
  readonly CLOSING: 2;
  readonly CLOSED: 3;
}
