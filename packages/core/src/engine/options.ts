import type { TlsError } from "../errors.ts";
import type { Flow } from "../flow.ts";
import type { Peer } from "../handshake/peer.ts";
import type { Established } from "../handshake/session.ts";
import type { Memory } from "../record/memory.ts";
import type { TraceEvent } from "../trace.ts";

export type EngineEvent =
  | { readonly type: "established"; readonly established: Established }
  /** The peer sent close_notify: no more data, and none is missing. */
  | { readonly type: "end" }
  /** Nothing follows. Without an error both sides said close_notify. */
  | { readonly type: "closed"; readonly error?: TlsError }
  | { readonly type: "trace"; readonly event: TraceEvent };

/** Where application data goes, and who says how much of it. Its methods must not call the engine back. */
export interface EngineInbound {
  /** Asked before a record of so many bytes is worked off. After false, `work` is called once it may be. */
  admit(bytes: number): boolean;
  /** Application data, in order. */
  push(bytes: Uint8Array): void;
  /** So many bytes came in that are not worked off yet. */
  backlog(bytes: number): void;
}

export interface EngineOptions {
  readonly role: "client" | "server";
  readonly handshake: (peer: Peer) => Flow<Established>;
  readonly maxFragment: number;
  /** Tries of the peer to renegotiate that are declined, before one ends the connection. */
  readonly maxRenegotiations: number;
  /** Make trace events. */
  readonly trace: boolean;
  readonly traceSecrets: boolean;
  /** What records are built in. */
  readonly memory: Memory;
  readonly inbound: EngineInbound;
  /** There may be something to take. Called at any time but never while a flow runs. */
  readonly wake: () => void;
}
