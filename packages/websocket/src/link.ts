/**
 * A link is what a socket class needs of its connection: messages, or pieces of a stream of bytes.
 * @module
 */
import type { ConnectOptions, Session, TlsConnection } from "@handclasp/core/client";

/** How a link closed. */
export interface LinkEnd {
  readonly code: number;
  readonly reason: string;
  /** The number of bytes of our messages that were dropped, because the peer closed before they were sent. */
  readonly droppedBytes: number;
}

export interface Link {
  readonly session: Session;
  readonly protocol: string;
  /** Returns the next message, or `undefined` once the peer has closed. */
  read(): Promise<string | Uint8Array | undefined>;
  /** Sends a message. The data may change afterwards. Resolves when there is room for more. */
  send(message: string | Uint8Array): Promise<void>;
  /** The number of bytes that wait for the channel. */
  readonly waitingBytes: number;
  close(code: number | undefined, reason: string): void;
  /** Ends at once. */
  abort(): void;
  /** Settles once no more can be received. Rejects unless both sides have closed. */
  readonly closed: Promise<LinkEnd>;
}

/** Opens a channel to a URL: `connect` of @handclasp/browser or @handclasp/node. */
export type Connect<Options extends ConnectOptions> = (url: URL, options: Options) => Promise<TlsConnection>;

/** What a link is opened for. */
export interface Target<Options extends ConnectOptions> {
  readonly url: URL;
  readonly protocols: readonly string[];
  readonly options: SocketOptions<Options>;
  readonly signal: AbortSignal;
  /** Called with the number of bytes of messages that the channel took. */
  readonly onSent: (bytes: number) => void;
  readonly onInterrupted: (error: unknown) => void;
  readonly onResumed: () => void;
  /** @param unconfirmed our messages that the server may or may not have received */
  readonly onRestarted: (unconfirmed: readonly (string | Uint8Array)[]) => void;
}

/** The options of a socket: those of `connect` except `alpn`, and its own. */
export type SocketOptions<Options extends ConnectOptions> = Omit<Options, "alpn"> & {
  /** The protocols to ask for, in order of preference, as the second argument of the constructor. */
  readonly protocols?: string | readonly string[];
  /**
   * The WebSocket URL of what carries the channel: a server, relay or proxy. It may be relative to the socket's URL.
   * Default: `"/"`, at the socket's own host. Nobody but the server learns the socket's URL.
   */
  readonly carrier?: string | URL;
  /** The most bytes of a message that the server may send. Default 16 MiB. */
  readonly maxMessage?: number;
  /**
   * Opens a new channel when one is lost. The server must keep sessions. Then no message is lost or repeated, unless
   * the server loses the session; an event `restarted` tells that. Default false.
   */
  readonly reconnect?: boolean | ReconnectOptions;
};

export interface ReconnectOptions {
  /** The delay before the second attempt, in milliseconds. Each further delay is twice as long. Default 250. */
  readonly minDelay?: number;
  /** The longest delay between two attempts, in milliseconds. Default 30,000. */
  readonly maxDelay?: number;
  /** The most bytes of messages that may wait until the server acknowledges them. Default 4 MiB. */
  readonly maxQueue?: number;
  /** The time without a byte from the server after which it gets a ping, in milliseconds. Default 25,000. */
  readonly pingInterval?: number;
  /** The time after which a server that does not answer is given up, in milliseconds. Default 10,000. */
  readonly pingTimeout?: number;
  /** The number of records after which a new channel replaces the old one. Default 2^24: the limit is 2^24.5. */
  readonly renewAfter?: number;
}
