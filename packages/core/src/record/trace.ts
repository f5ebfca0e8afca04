import type { TraceEvent } from "../trace.ts";
import { type ContentType, contentTypeName, contentTypes, headerLength } from "../wire/record.ts";

/** The trace options of a reader or writer of records. */
export interface RecordTrace {
  readonly trace: ((event: TraceEvent) => void) | undefined;
  /** True if trace events contain the plaintext of application data. */
  readonly traceSecrets: boolean;
}

/** Traces one record, with copies of its bytes. */
export function traceRecord(
  { trace, traceSecrets }: RecordTrace,
  direction: "sent" | "received",
  type: ContentType,
  isProtected: boolean,
  sequenceNumber: number,
  record: Uint8Array,
  plaintext: Uint8Array,
): void {
  trace?.({
    type: "record",
    direction,
    contentType: contentTypeName(type),
    protected: isProtected,
    sequenceNumber,
    header: record.slice(0, headerLength),
    fragment: record.slice(headerLength),
    ...((type !== contentTypes.application_data || traceSecrets) && { plaintext: plaintext.slice() }),
  });
}
