import { contentTypes } from "../wire/record.ts";
import { sendLimit } from "./protection.ts";
import type { RecordReader } from "./reader.ts";
import type { RecordWriter } from "./writer.ts";

/**
 * The traffic of a connection so far. Bytes are counted on the transport; records are those under the session's keys.
 */
export interface Traffic {
  readonly bytesReceived: number;
  readonly bytesSent: number;
  readonly recordsReceived: number;
  readonly recordsSent: number;
  /**
   * The records of application data that may still be sent under the key, by the limit for AES-GCM (RFC 8446 §5.5). At
   * 0 the connection ends with `key_exhausted`, so a program that sends for days opens a new connection before that. A
   * full record has 16,384 bytes; a smaller write that is sent by itself is a record too.
   */
  readonly recordsLeft: number;
}

export function trafficOf(reader: RecordReader, writer: RecordWriter): Traffic {
  const { receivedBytes: bytesReceived, records: recordsReceived } = reader;
  const { sentBytes: bytesSent, records: recordsSent } = writer;
  const recordsLeft = Math.max(0, Math.floor(sendLimit(contentTypes.application_data) - recordsSent));
  return { bytesReceived, bytesSent, recordsReceived, recordsSent, recordsLeft };
}
