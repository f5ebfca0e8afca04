/**
 * The options of a session, whose owner opens its connections.
 * @module
 */
import type { TlsError } from "../errors.ts";

export interface MessageSessionOptions {
  /** A message ends the session if as many bytes of messages before it wait for the peer to acknowledge them. */
  readonly maxQueue: number;
  /** How long `close` waits while there is no connection, in milliseconds. Default 5,000. */
  readonly closeTimeout?: number | undefined;
  /** Called when the session has lost its connection. */
  readonly onLost: (reason: TlsError) => void;
  /** Called when the session gets a connection. */
  readonly onAttached?: () => void;
  /** Whether the session goes on after the peer's Close with this code. */
  readonly survives?: (code: number) => boolean;
  /** Called now and then while messages flow. */
  readonly onProgress?: () => void;
  /** Called when `heldBytes` may have changed. */
  readonly onHeld?: () => void;
  /** Called when the session has ended. */
  readonly onEnd?: () => void;
  /** Called with the number of bytes of messages that the peer acknowledged. */
  readonly onSent?: ((bytes: number) => void) | undefined;
}
