/**
 * The events that the inspector shows: those of a connection's trace, and those of the path between the two ends.
 * @module
 */
import type { Bytes, Direction, TraceEvent } from "@handclasp/core";

/** Someone on the path altered one byte of a record. */
export interface Flip {
  readonly type: "flip";
  readonly direction: Direction;
  /** The record before the flip, with its header. */
  readonly record: Bytes;
  /** The index of the altered byte in the record. */
  readonly offset: number;
  readonly before: number;
  readonly after: number;
}

/** Someone on the path altered a record, sent it again, or cut the connection. */
export type PathEvent =
  | Flip
  | { readonly type: "replay"; readonly direction: Direction; readonly record: Bytes }
  | { readonly type: "cut" };

export type InspectorEvent = TraceEvent | PathEvent;
