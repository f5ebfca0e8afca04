/**
 * The faults of a network between a client and a server.
 * @module
 */

/** The side that sends the bytes that a fault changes. */
export type FaultSender = "client" | "server";

/** A place in the bytes of TLS that one side sends. A WebSocket's handshake and frames do not count. */
export interface FaultPlace {
  readonly from: FaultSender;
  /** The number of bytes before the fault. Default 0. */
  readonly after?: number;
}

/** The faults of any transport. The *record* of a fault is the record of TLS that contains the byte at its place. */
export type NetworkFault =
  /** Every later record arrives `ms` milliseconds late, in order. */
  | { readonly kind: "delay"; readonly ms: number }
  /** No later byte arrives, and the connections stay open. */
  | { readonly kind: "stall" }
  /** `length` bytes are missing. */
  | { readonly kind: "drop"; readonly length: number }
  /** Both connections end cleanly (FIN, or Close with 1000): the later bytes are missing. */
  | { readonly kind: "truncate" }
  /** The connection ends for the receiver, which can still send. Over a WebSocket, the same as `truncate`. */
  | { readonly kind: "halfOpen" }
  /** Both connections are reset. */
  | { readonly kind: "reset" }
  /** One bit of the byte is changed. */
  | { readonly kind: "flip" }
  /** The record arrives twice. */
  | { readonly kind: "duplicate" }
  /** The record arrives after the next one. */
  | { readonly kind: "reorder" }
  /** Each later byte arrives in a piece of its own: a TCP segment, as far as the host permits, or a message. */
  | { readonly kind: "split" }
  /** As `split`, and each later byte arrives `ms` milliseconds after the byte before it. */
  | { readonly kind: "slow"; readonly ms: number };

/** The faults that only a WebSocket has. */
export type WebSocketFault =
  /** Both WebSockets are closed with this code: 1000 to 1003, 1007 to 1014, or 3000 to 4999. */
  | { readonly kind: "close"; readonly code: number }
  /** The receiver gets a text message. */
  | { readonly kind: "text" }
  /** The receiver gets a binary message of this many bytes. */
  | { readonly kind: "giant"; readonly length: number };

/**
 * A fault and its place.
 * @example
 * const fault: Fault = { kind: "flip", from: "server", after: 100 };
 */
export type Fault = FaultPlace & (NetworkFault | WebSocketFault);

export interface FaultProxyOptions {
  /** The port of the server, on 127.0.0.1. */
  readonly target: number;
  readonly transport: "tcp" | "ws";
  /** The fault of each connection. Default: none. */
  readonly fault?: Fault;
}
