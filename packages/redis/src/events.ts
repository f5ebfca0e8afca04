/**
 * The events of a fleet, for metrics and logs.
 * @module
 */

/**
 * The calls of Redis: those for sessions (`get`, `set`, `delete`), reading the ticket keys and Redis's clock (`read`)
 * and making the next key (`rotate`). An error of the connection is one of `client`.
 */
export type Operation = "get" | "set" | "delete" | "read" | "rotate" | "client";

/** The reason of an error, for metrics and alerts. */
export type FleetErrorReason =
  /** Redis did not answer in time. */
  | "no_answer"
  /** The client or Redis reported an error, which is the event's `error`. */
  | "failed"
  /** Redis answered with a value of another kind than the command has. */
  | "unexpected_reply"
  /** Another program wrote the value: it does not open with our secret and its name. */
  | "altered"
  /** A clock is wrong, of this process or of another one: `error` says which, and by how much. */
  | "clock"
  /** Another program wrote the lock of the leader, or holds it. */
  | "lock";

export type FleetEvent =
  /** A call failed, and handshakes go on without it; or a value in Redis, or a clock, is wrong. */
  | {
      readonly type: "error";
      readonly operation: Operation;
      readonly reason: FleetErrorReason;
      readonly error: unknown;
    }
  /** Redis does not answer, so calls for sessions stop for a second. */
  | { readonly type: "paused" }
  /** This process was the leader, and made the next key. `from` is when it begins to encrypt, in ms since 1970. */
  | { readonly type: "rotated"; readonly from: number };

/** The counts of this process so far, and its ticket keys. */
export interface FleetMeasures {
  readonly calls: Readonly<Record<Operation, number>>;
  readonly errors: Readonly<Record<Operation, number>>;
  /** The calls for sessions that were not made because Redis did not answer earlier ones. */
  readonly skipped: number;
  /** How often this process made a key. */
  readonly rotations: number;
  /** The ticket keys that this process has. With 0, no ticket is issued or accepted. */
  readonly keys: number;
  /** When the next key begins to encrypt, in ms since 1970; `undefined` if this process does not have it. */
  readonly nextKey: number | undefined;
}

/** Takes a line of a log, as a method of pino does. */
export type FleetLog = (
  level: "info" | "warn" | "error",
  object: Readonly<Record<string, unknown>>,
  message: string,
) => void;
