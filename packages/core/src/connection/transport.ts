/**
 * The interface between a connection and the transport that carries its TLS records. It uses plain callbacks, because
 * promises and streams would cost time for each message.
 * @module
 */

import type { TlsError } from "../errors.ts";
import type { Memory } from "../record/memory.ts";
import { wrongOption } from "../validation/options.ts";
import type { NextTurn } from "./turnBudget.ts";

export type { Memory, NextTurn };

/** The events of a transport. The transport calls none before `start`, and none after `error`. */
export interface TransportEvents {
  /** Received bytes, cut at any boundaries. The receiver owns the array. */
  data(bytes: Uint8Array): void;
  /** Called after `send` has returned "full", once there is room again. */
  drain(): void;
  /**
   * Called once, when the peer's side has ended cleanly (TCP FIN, a WebSocket's close handshake). TLS decides whether
   * this is a truncation. Only `drain` and `error` follow.
   */
  end(): void;
  /**
   * Called when the transport has failed in both directions (refused, reset, a message that is too large, a text
   * message), or when it has closed after the event `end`. Give a TlsError with fault `"transport"`: any other error
   * becomes `transport_failed`. The transport does not delay this call, even while paused: it first delivers the data
   * that it has received, and then the error.
   */
  error(error: Error): void;
}

/**
 * The result of `send`: "ok" if the transport accepts more, "full" if it will send these bytes and accepts more after
 * `drain`, "gone" if the bytes are lost and the transport has called `error` or will call it.
 */
export type SendResult = "ok" | "full" | "gone";

/**
 * Carries bytes in both directions, in order and reliably. `send` may be called right after `start`: a transport that
 * is still opening buffers the bytes. A transport never calls events from inside one of its methods.
 */
export interface Transport {
  start(events: TransportEvents): void;
  /**
   * Takes ownership of `bytes`, and releases them to `memory` once they are no longer read. Return "gone" instead of
   * throwing: an error that is thrown ends the connection like the event `error`.
   */
  send(bytes: Uint8Array): SendResult;
  /**
   * Asks the transport to stop delivering `data`. More data may still arrive. Returns false if the transport cannot
   * pause (a page's WebSocket whose server does not speak credit).
   */
  pause(): boolean;
  resume(): void;
  /**
   * Flushes, then ends only our side (TCP's FIN); the peer may go on sending. `end` or `abort` follows. Absent if the
   * transport cannot be half closed (a WebSocket).
   */
  closeWrite?(): void;
  /**
   * Flushes, then closes our side cleanly (a WebSocket: close 1000). Data that the peer sends afterwards may be
   * dropped. The connection does not call the transport after that: the transport frees its resources once the peer's
   * side has ended too, or after a timeout of its own.
   */
  end(): void;
  /**
   * Flushes if possible (a fatal alert must not be lost), then closes as failed (a WebSocket: close 4000) and frees its
   * resources, within a timeout of its own. No event follows.
   */
  abort(reason: string): void;
  /** Called when the handshake is done. The peer may send larger messages from now on. */
  established?(): void;
  /**
   * The memory in which records are built, for a transport that reuses its buffers. Default: garbage-collected memory.
   */
  readonly memory?: Memory;
  /** The peer's address, for logs and limits. `undefined` if it is unknown. */
  readonly remoteAddress?: string | undefined;
  /**
   * The host's socket under the transport, such as a socket of node:net, for adapters that show its addresses and set
   * its options. `undefined` if there is none or it is not open yet. Only the transport reads, writes and closes it.
   */
  readonly socket?: unknown;
  /** The fastest way to a later turn of the host's event loop. Default: a timer. */
  readonly nextTurn?: NextTurn;
  /**
   * A number that changes when the peer takes data, while data waits for that. `undefined` while none waits. For the
   * `writeTimeout` of servers, which has no effect without it.
   */
  readonly sendProgress?: number | undefined;
  /**
   * Fails with this error, which the event `error` passes on, and frees the resources. For the time limits of servers.
   */
  fail?(error: TlsError): void;
}

/** Checks all mandatory methods, because WebSockets and sockets have some of them too. */
export function checkedTransport(transport: Transport): Transport {
  const methods = ["start", "send", "pause", "resume", "end", "abort"] as const;
  if (methods.every((method) => typeof transport?.[method] === "function")) return transport;
  throw wrongOption("the transport", transport, "a transport");
}
