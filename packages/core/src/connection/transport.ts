/**
 * The seam of everything: what carries TLS records. Plain callbacks, because they cost nothing.
 * @module
 */

import type { Memory } from "../record/memory.ts";
import { wrongOption } from "../validation/options.ts";
import type { NextTurn } from "./turnBudget.ts";

export type { Memory, NextTurn };

/** What a transport tells its user. None is called before `start`, and none after `error`. */
export interface TransportEvents {
  /** Bytes of the peer, at any boundaries. The receiver owns the array. */
  data(bytes: Uint8Array): void;
  /** After `send` answered "full": there is room again. */
  drain(): void;
  /** The peer's side ended in order (TCP FIN, a WebSocket's close handshake), once. Whether that was a truncation is for TLS to say. Only `drain` and `error` follow. */
  end(): void;
  /**
   * The carrier is gone, both ways: refused, reset, too large a message, a text message; or, after `end`, closed. A TlsError with fault `"transport"`.
   * It is told without delay, whatever is paused; what came before it is delivered first.
   */
  error(error: Error): void;
}

/**
 * What became of bytes that a transport was given: it takes more; it takes no more until `drain` (these will be sent); or it is gone, so that they are lost,
 * and has said so or will, by `error`.
 */
export type SendResult = "ok" | "full" | "gone";

/**
 * An ordered, reliable carrier of bytes. `send` may be called right after `start`: a transport that is still opening keeps what it is given.
 * Events are never called from inside a method of the transport.
 */
export interface Transport {
  start(events: TransportEvents): void;
  /** Takes ownership of `bytes`, and gives them back to `memory` once nobody reads them any more. */
  send(bytes: Uint8Array): SendResult;
  /** Advisory: a transport that can, stops delivering `data`. False where it cannot (a page's WebSocket). */
  pause(): boolean;
  resume(): void;
  /**
   * No more from us, while the peer may go on: flush, then end our side alone (TCP's FIN). What the peer sends still
   * arrives; `end` or `abort` follows. Left out where the carrier has no such half (a WebSocket).
   */
  closeWrite?(): void;
  /**
   * No more from us: flush, then close our side in order (a WebSocket: close 1000). What the peer sends from then on may be dropped. Nobody calls the
   * transport after that: it frees the carrier by itself once the peer's side has ended too, and after a time of its own where that does not come.
   */
  end(): void;
  /**
   * Flush what was sent where possible (a fatal alert must not be lost), then close as failed (a WebSocket: close 4000), and free the carrier, within a time
   * of its own. No event follows.
   */
  abort(reason: string): void;
  /** The handshake is done: the peer is known, and may send larger messages from now on. */
  established?(): void;
  /** What records are built in, for a transport that lends the same memory again. Default: memory of the host's collector. */
  readonly memory?: Memory;
  /** The peer's address, for logs and limits. Default: unknown. */
  readonly remoteAddress?: string | undefined;
  /** The host's shortest way into the next turn of its event loop. Default: a timer. */
  readonly nextTurn?: NextTurn;
}

/** WebSockets and sockets send as well. */
export function checkedTransport(transport: Transport): Transport {
  const methods = ["start", "send", "pause", "resume", "end", "abort"] as const;
  if (methods.every((method) => typeof transport?.[method] === "function")) return transport;
  throw wrongOption("the transport", transport, "a transport");
}
