/**
 * A link is what a socket class needs of its connection: messages, or pieces of a stream of bytes.
 * @module
 */
import type { ConnectOptions, Session, TlsConnection, TlsError } from "@handclasp/core/client";
import type { Answer, MessageConnection, OpeningSession } from "@handclasp/core/messages";

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
  abort(reason?: TlsError): void;
  /** Settles once no more can be received. Rejects unless both sides have closed. */
  readonly closed: Promise<LinkEnd>;
}

/** A connection that the server has answered. */
export interface Dialed {
  readonly connection: MessageConnection;
  readonly answer: Answer;
}

/** Opens a channel and a message connection that begins or continues a session. */
export type Dial = (signal: AbortSignal, session: OpeningSession) => Promise<Dialed>;

/** Opens a channel to a URL: `connect` of @handclasp/browser or @handclasp/node. */
export type Connect<Options extends ConnectOptions> = (url: URL, options: Options) => Promise<TlsConnection>;

/** What a link is opened for. */
export interface Target<Options extends ConnectOptions> extends LinkEvents {
  readonly url: URL;
  readonly protocols: readonly string[];
  readonly options: SocketOptions<Options>;
}

/** What a link tells its socket, and the signal by which the socket ends it. */
export interface LinkEvents {
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
  /** Opens a new channel when one is lost: see `reconnect`. Default: the socket closes. */
  readonly reconnect?: Reconnect;
};

/** The result of `reconnect`. */
export interface Reconnect {
  /** Opens a link. Only a socket calls this. */
  open(dial: Dial, events: LinkEvents): Promise<Link>;
}
