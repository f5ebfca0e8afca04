/**
 * A link is what a socket class needs of its connection: messages, or pieces of a stream of bytes.
 * @module
 */
import {
  type ClientSessions,
  type ConnectOptions,
  type Session,
  type TlsConnection,
  TlsError,
} from "@handclasp/core/client";
import type { Answer, MessageConnection, OpeningSession } from "@handclasp/core/messages";
import { wrongOption } from "@handclasp/core/unstable";

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

/**
 * Opens a channel and a message connection that begins or continues a session.
 * @param sessions the TLS sessions to resume, unless the socket's options name others
 */
export type Dial = (signal: AbortSignal, session: OpeningSession, sessions: ClientSessions) => Promise<Dialed>;

/** Opens a channel to a URL: `connect` of @handclasp/browser or @handclasp/node. */
export type Connect<Options extends ConnectOptions> = (url: URL, options: Options) => Promise<TlsConnection>;

/** The purpose of a link: whom it reaches, and how. */
export interface Target<Options extends ConnectOptions> extends LinkEvents {
  readonly url: URL;
  readonly protocols: readonly string[];
  readonly options: SocketOptions<Options>;
}

/** The news that a link gives its socket, and the signal by which the socket ends the link. */
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
   * Default: `"/"`, at the socket's own host. Only the server learns the socket's URL.
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

/**
 * Opens the channel of a link.
 * @param carrier what carries it unless the options name another
 * @throws TlsError `configuration` for an invalid carrier, before it returns
 */
export function openChannel<Options extends ConnectOptions>(
  connect: Connect<Options>,
  { url, options, signal }: Target<Options>,
  carrier: string | URL,
  alpn: readonly string[],
): Promise<TlsConnection> {
  const { carrier: given = carrier, protocols: _, maxMessage: __, reconnect: ___, ...channelOptions } = options;
  const { serverName = url.hostname.replace(/^\[(.*)\]$/, "$1"), sessionScope = url.host } = channelOptions;
  return connect(carrierUrl(given, url), {
    ...(channelOptions as unknown as Options),
    serverName,
    sessionScope,
    alpn,
    signal,
  });
}

/**
 * The URL of what carries the channel. `http:` and `https:` become `ws:` and `wss:`.
 * @throws TlsError `configuration`
 */
export function carrierUrl(carrier: unknown, url: URL): URL {
  const text = typeof carrier === "string" ? carrier : (carrier as Partial<URL> | null)?.href;
  try {
    const resolved = new URL(text as string, url);
    resolved.protocol = resolved.protocol.replace(/^http/, "ws");
    if (text && !resolved.hash) return resolved;
  } catch {
    // Refused below, like a carrier that is not a text.
  }
  throw wrongOption("carrier", carrier, "a WebSocket URL without a fragment");
}

/**
 * Whether the peer or the network ended an open connection. A WebSocket then fires `close` alone, with 1006, and
 * libraries connect again. It fires `error` if it could not open, or if it fails the connection itself; many libraries
 * give up then.
 */
export const isLoss = (error: unknown): boolean =>
  TlsError.is(error) &&
  (error.fault === "transport" || error.by === "peer" || error.code === "no_close" || error.code === "close_timeout");
