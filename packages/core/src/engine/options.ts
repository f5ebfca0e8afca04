import type { TlsError } from "../errors.ts";
import type { Flow } from "../flow.ts";
import type { HandshakeLink } from "../handshake/link.ts";
import type { HandshakeResult } from "../handshake/session.ts";
import type { Memory } from "../record/memory.ts";
import type { TraceEvent } from "../trace.ts";

export type EngineEvent =
  | { readonly type: "established"; readonly established: HandshakeResult }
  /** The peer sent close_notify: all its data has arrived. */
  | { readonly type: "close_notify" }
  /** The last event. Without an error, both sides sent close_notify. */
  | { readonly type: "closed"; readonly error?: TlsError }
  | { readonly type: "trace"; readonly event: TraceEvent };

/** Receives application data, and controls how much of it is processed. Its methods must not call the engine. */
export interface EngineInbound {
  /**
   * The engine calls this before it processes a record of this many bytes. If it returns false, the driver calls
   * `processInput` once the record may be processed.
   */
  admit(bytes: number): boolean;
  /** Takes application data, in order. */
  push(bytes: Uint8Array): void;
  /** Takes the number of received bytes that are not processed yet. */
  setBacklog(bytes: number): void;
}

export interface EngineOptions {
  readonly role: "client" | "server";
  readonly handshake: (link: HandshakeLink) => Flow<HandshakeResult>;
  readonly maxFragment: number;
  /** The number of the peer's renegotiation attempts that we decline. The next one ends the connection. */
  readonly maxRefusals: number;
  /** Whether the engine makes trace events. */
  readonly trace: boolean;
  readonly traceSecrets: boolean;
  /** The memory in which records are built. */
  readonly memory: Memory;
  readonly inbound: EngineInbound;
  /** The engine calls this when `take` may have bytes or events to return. A flow may be running at that time. */
  readonly scheduleTake: () => void;
}
