/**
 * Somebody on the path who flips one bit: a transport around a transport.
 * @module
 */
import type { Direction, NextTurn, SendResult, Transport, TransportEvents } from "@handclasp/core";

/** Which record the next flip is for. */
export type Target = "server_hello" | "client_key_exchange" | "message" | "echo";

export interface Flip {
  readonly direction: Direction;
  readonly target: Target;
  /** The record as it was sent. */
  readonly record: Uint8Array;
  /** Of the byte, in the record. */
  readonly offset: number;
  readonly before: number;
  readonly after: number;
}

/** The byte to alter for a target, `undefined` where the record is another one. */
const aims: Record<Target, (direction: Direction, record: Uint8Array) => number | undefined> = {
  // The sixteenth byte of the server random: past record header, message header and server_version.
  server_hello: (direction, record) =>
    direction === "received" && isHandshake(record, 2) ? 5 + 4 + 2 + 15 : undefined,
  client_key_exchange: (direction, record) =>
    direction === "sent" && isHandshake(record, 16) ? record.length - 12 : undefined,
  message: (direction, record) => (direction === "sent" && record[0] === 23 ? record.length - 1 : undefined),
  echo: (direction, record) => (direction === "received" && record[0] === 23 ? record.length - 1 : undefined),
};

const isHandshake = (record: Uint8Array, messageType: number): boolean => record[0] === 22 && record[5] === messageType;

/** Passes everything on, record by record, and alters one bit of the first record that is aimed at. */
export class TamperingTransport implements Transport {
  /** Set to alter the next record that fits; unset again when that is done. */
  target: Target | undefined;
  /** Memory is not the inner transport's: what it gets are copies. */
  readonly nextTurn?: NextTurn;
  readonly #inner: Transport;
  readonly #onFlip: (flip: Flip) => void;
  readonly #sent = new RecordCutter();
  readonly #received = new RecordCutter();

  constructor(inner: Transport, onFlip: (flip: Flip) => void) {
    this.#inner = inner;
    if (inner.nextTurn) this.nextTurn = inner.nextTurn;
    this.#onFlip = onFlip;
  }

  start(events: TransportEvents): void {
    this.#inner.start({
      data: (bytes) => {
        for (const record of this.#received.cut(bytes)) events.data(this.#pass("received", record));
      },
      drain: () => events.drain(),
      end: () => events.end(),
      error: (error) => events.error(error),
    });
  }

  send(bytes: Uint8Array): SendResult {
    let result: SendResult = "ok";
    for (const record of this.#sent.cut(bytes)) result = this.#inner.send(this.#pass("sent", record));
    return result;
  }

  pause(): boolean {
    return this.#inner.pause();
  }

  resume(): void {
    this.#inner.resume();
  }

  end(): void {
    this.#inner.end();
  }

  abort(reason: string): void {
    this.#inner.abort(reason);
  }

  established(): void {
    this.#inner.established?.();
  }

  #pass(direction: Direction, record: Uint8Array): Uint8Array {
    const target = this.target;
    const offset = target && aims[target](direction, record);
    const before = offset === undefined ? undefined : record[offset];
    if (target === undefined || offset === undefined || before === undefined) return record;
    this.target = undefined;
    const altered = record.slice();
    const after = before ^ 1;
    altered[offset] = after;
    this.#onFlip({ direction, target, record, offset, before, after });
    return altered;
  }
}

/** Whole records out of bytes at any boundaries. */
class RecordCutter {
  #rest = new Uint8Array(0);

  cut(bytes: Uint8Array): Uint8Array[] {
    const all = new Uint8Array(this.#rest.length + bytes.length);
    all.set(this.#rest);
    all.set(bytes, this.#rest.length);
    const records: Uint8Array[] = [];
    let start = 0;
    while (start + 5 <= all.length) {
      const end = start + 5 + new DataView(all.buffer).getUint16(start + 3);
      if (end > all.length) break;
      records.push(all.slice(start, end));
      start = end;
    }
    this.#rest = all.slice(start);
    return records;
  }
}
