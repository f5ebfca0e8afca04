import { contentTypes } from "../wire/record.ts";
import { sendLimit } from "./protection.ts";
import type { RecordReader } from "./reader.ts";
import type { RecordWriter } from "./writer.ts";

/**
 * The traffic of a connection so far. The bytes are those on the transport. The records are those under the session's
 * keys.
 */
export interface Traffic {
  readonly bytesReceived: number;
  readonly bytesSent: number;
  readonly recordsReceived: number;
  readonly recordsSent: number;
  /**
   * The number of records of application data that may still be sent under the key: the limit is that for AES-GCM (RFC
   * 8446 §5.5). At 0, the next write ends the connection with `key_exhausted`, so a program that sends for days must
   * open a new connection before that. A full record has 16,384 bytes of data. A smaller write that is sent by itself
   * takes a record too.
   */
  readonly recordsLeft: number;
}

export function trafficOf(reader: RecordReader, writer: RecordWriter): Traffic {
  const { receivedBytes: bytesReceived, records: recordsReceived } = reader;
  const { sentBytes: bytesSent, records: recordsSent } = writer;
  const recordsLeft = Math.max(0, Math.floor(sendLimit(contentTypes.application_data) - recordsSent));
  return { bytesReceived, bytesSent, recordsReceived, recordsSent, recordsLeft };
}
