/**
 * The seam of everything: what carries TLS records. Plain callbacks, because they cost nothing.
 * @module
 */

/** What a transport tells its user. None is called before `start`, none after `error`, and after `end` only `drain`, where our side is still open. */
export interface TransportEvents {
  /** Bytes of the peer, at any boundaries. The receiver owns the array. */
  data(bytes: Uint8Array): void;
  /** After `send` returned false: there is room again. */
  drain(): void;
  /** The peer's side ended in order (TCP FIN, a WebSocket's close handshake). Whether that was a truncation is for TLS to say. */
  end(): void;
  /** The carrier broke: refused, reset, too large a message, a text message. A TlsError with fault `"transport"`. */
  error(error: Error): void;
}

/**
 * An ordered, reliable carrier of bytes. `send` may be called right after `start`: a transport that is still opening keeps what it is given.
 * Events are never called from inside a method of the transport.
 */
export interface Transport {
  start(events: TransportEvents): void;
  /** Takes ownership of `bytes`. False: it is buffered, wait for `drain` before sending more (what was given will be sent). */
  send(bytes: Uint8Array): boolean;
  /** Advisory: a transport that can, stops delivering `data`. False where it cannot (a page's WebSocket). */
  pause(): boolean;
  resume(): void;
  /** No more from us: flush, then close our side in order (a WebSocket: close 1000). `end` still comes when the peer's side has ended. */
  end(): void;
  /** Flush what was sent where possible (a fatal alert must not be lost), then close as failed (a WebSocket: close 4000). No event follows. */
  abort(reason: string): void;
}
