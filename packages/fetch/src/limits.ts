/**
 * The limits on all that a server can make `fetch` store or wait for, with their reasons. The options of `createFetch`
 * replace the defaults.
 * @module
 */

export interface FetchLimits {
  /** The most connections to one origin. Default 6, as in browsers. A request waits until one of them is free. */
  readonly maxConnections?: number;
  /**
   * How long an unused connection stays open, in milliseconds. Default 4,000: less than the 5 s of Node's servers, so
   * that the client closes first and a request seldom meets a connection that the server is closing.
   */
  readonly idleTimeout?: number;
  /**
   * How long a request may wait for a free connection, and then the longest wait for the server: between the pieces of
   * the request's body, and from its end to the head of the response. In milliseconds. Default 300,000, because
   * answers to long polls take minutes.
   */
  readonly headerTimeout?: number;
  /**
   * The longest wait for the next bytes of a response's body, in milliseconds. Default 300,000, because a stream of
   * events may be silent for minutes.
   */
  readonly bodyTimeout?: number;
  /** The most bytes of a response's head, and of its trailer. Default 16,384, as in Node's client. */
  readonly maxHead?: number;
  /** The most fields of a response's head. Default 256: honest responses have fewer than a hundred. */
  readonly maxHeaders?: number;
  /**
   * The most bytes of chunk extensions and trailer fields of a response. Default 16,384. Each chunk may also have 16
   * bytes and twice its data of framing, for its size and line ends. Neither extensions nor trailers have a use here,
   * so a server that sends many wastes the client's time.
   */
  readonly maxChunkExtensions?: number;
  /**
   * The most informational responses (1xx) before a response. Default 16. An honest server sends one or two, and the
   * client parses each and drops it. They do not extend `headerTimeout`.
   */
  readonly maxInformational?: number;
}

export type Limits = Required<FetchLimits>;

export const defaultLimits: Limits = {
  maxConnections: 6,
  idleTimeout: 4000,
  headerTimeout: 300_000,
  bodyTimeout: 300_000,
  maxHead: 16_384,
  maxHeaders: 256,
  maxChunkExtensions: 16_384,
  maxInformational: 16,
};

/** The rows of the limits in a table of options. */
export const limitRows: readonly string[] = [
  "1~1024 maxConnections",
  "ms idleTimeout headerTimeout bodyTimeout",
  "64~16777216 maxHead",
  "1~65536 maxHeaders",
  "0~16777216 maxChunkExtensions",
  "0~65536 maxInformational",
];

/** The milliseconds that `close` waits for responses if the program does not say: as long as a server's `close`. */
export const defaultGrace = 5_000;
/** The most redirects that a request follows (Fetch standard, HTTP-redirect fetch). */
export const maxRedirects = 20;
/**
 * The bytes of a body that are received before the program reads them. A short response then frees its connection even
 * if no one reads it.
 */
export const prefetchedBytes: number = 2 ** 16;
/** The longest body of a redirect that is read so that the connection can be used again. */
export const maxDiscardedBytes: number = 2 ** 16;
/** The largest piece of a request's body that is written at a time. */
export const writtenPiece: number = 2 ** 16;
/**
 * The largest piece of compressed data that is decompressed at a time. Deflate expands data at most 1,032 times, so a
 * piece becomes 2 MiB at most, and back-pressure acts between the pieces.
 */
export const compressedPiece: number = 2 ** 11;
/** The most content codings of a response. One is usual; each could expand the data a thousand times. */
export const maxCodings = 2;
