/**
 * A transport that wraps another transport and flips one bit, as an attacker on the path could.
 * @module
 */
import type { Bytes, Direction, NextTurn, SendResult, Transport, TransportEvents } from "@handclasp/core";
import type { Flip } from "@handclasp/inspector";

/** The record in which to flip a bit. */
export type Target = "server_hello" | "client_key_exchange" | "message" | "echo";

/** For each target, returns the index of the byte to alter, or `undefined` if the record is not the target. */
const findByte: Record<Target, (direction: Direction, record: Uint8Array) => number | undefined> = {
  // This is the sixteenth byte of the server random, after the record header, the message header and server_version.
  server_hello: (direction, record) =>
    direction === "received" && isHandshake(record, 2) ? 5 + 4 + 2 + 15 : undefined,
  client_key_exchange: (direction, record) =>
    direction === "sent" && isHandshake(record, 16) ? record.length - 12 : undefined,
  message: (direction, record) => (direction === "sent" && record[0] === 23 ? record.length - 1 : undefined),
  echo: (direction, record) => (direction === "received" && record[0] === 23 ? record.length - 1 : undefined),
};

const isHandshake = (record: Uint8Array, messageType: number): boolean => record[0] === 22 && record[5] === messageType;

/** Passes all bytes on, record by record, and flips one bit in the first record that is the target. */
export class TamperingTransport implements Transport {
  /** The record in which to flip a bit next. It becomes `undefined` after the flip. */
  target: Target | undefined;
  /** The inner transport's `nextTurn`. The inner `memory` is not passed on, because this transport sends copies. */
  readonly nextTurn?: NextTurn;
  readonly #inner: Transport;
  readonly #onFlip: (flip: Flip) => void;
  readonly #sent = new RecordSplitter();
  readonly #received = new RecordSplitter();

  constructor(inner: Transport, onFlip: (flip: Flip) => void) {
    this.#inner = inner;
    if (inner.nextTurn) this.nextTurn = inner.nextTurn;
    this.#onFlip = onFlip;
  }

  start(events: TransportEvents): void {
    this.#inner.start({
      data: (bytes) => {
        for (const record of this.#received.split(bytes)) events.data(this.#tamperWith("received", record));
      },
      drain: () => events.drain(),
      end: () => events.end(),
      error: (error) => events.error(error),
    });
  }

  send(bytes: Uint8Array): SendResult {
    let result: SendResult = "ok";
    for (const record of this.#sent.split(bytes)) result = this.#inner.send(this.#tamperWith("sent", record));
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

  #tamperWith(direction: Direction, record: Bytes): Bytes {
    const target = this.target;
    const offset = target && findByte[target](direction, record);
    const before = offset === undefined ? undefined : record[offset];
    if (target === undefined || offset === undefined || before === undefined) return record;
    this.target = undefined;
    const altered = record.slice();
    const after = before ^ 1;
    altered[offset] = after;
    this.#onFlip({ type: "flip", direction, record, offset, before, after });
    return altered;
  }
}

/** Collects bytes and cuts them into whole records. */
class RecordSplitter {
  #rest: Bytes = new Uint8Array(0);

  split(bytes: Uint8Array): Bytes[] {
    const all = new Uint8Array(this.#rest.length + bytes.length);
    all.set(this.#rest);
    all.set(bytes, this.#rest.length);
    const records: Bytes[] = [];
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
