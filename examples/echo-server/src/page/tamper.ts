/**
 * A transport that wraps another transport and does what an attacker on the path can do: it flips a bit, sends a record
 * again, or cuts the connection.
 * @module
 */
import type { Bytes, Direction, NextTurn, SendResult, Transport, TransportEvents } from "@handclasp/core";
import type { PathEvent } from "@handclasp/inspector";

/** The message in which to flip a bit. */
export type FlipTarget =
  | "client_hello"
  | "server_hello"
  | "certificate"
  | "server_key_exchange"
  | "server_hello_done"
  | "client_key_exchange"
  | "change_cipher_spec"
  | "finished"
  | "message"
  | "echo";

/** An attack on the next record that is the target. */
export type Attack =
  | {
      readonly type: "flip";
      readonly target: FlipTarget;
      /** The index of the byte in the message. Default: a byte that no check of the format notices. */
      readonly byte?: number | undefined;
    }
  /** Sends the next record of application data twice. */
  | { readonly type: "replay" }
  /** Ends the transport instead of sending the next record of application data. */
  | { readonly type: "cut" };

/** The direction and the number of each handshake message. */
const messages: Readonly<Partial<Record<FlipTarget, readonly [Direction, number]>>> = {
  client_hello: ["sent", 1],
  server_hello: ["received", 2],
  certificate: ["received", 11],
  server_key_exchange: ["received", 12],
  server_hello_done: ["received", 14],
  client_key_exchange: ["sent", 16],
};

const headerLength = 5;
const contentTypes = { change_cipher_spec: 20, handshake: 22, application_data: 23 } as const;

/** Passes all bytes on, record by record, and attacks the first record that is the target. */
export class TamperingTransport implements Transport {
  /** The next attack. It becomes `undefined` after the attack. */
  attack: Attack | undefined;
  /** The inner transport's `nextTurn`. The inner `memory` is not passed on, because this transport sends copies. */
  readonly nextTurn?: NextTurn;
  readonly #inner: Transport;
  readonly #onAttack: (event: PathEvent) => void;
  readonly #sent = new RecordSplitter();
  readonly #received = new RecordSplitter();
  /** The directions in which a ChangeCipherSpec has passed. Later handshake records are encrypted. */
  readonly #encrypted = new Set<Direction>();
  #events: TransportEvents | undefined;
  #isCut = false;

  constructor(inner: Transport, onAttack: (event: PathEvent) => void) {
    this.#inner = inner;
    if (inner.nextTurn) this.nextTurn = inner.nextTurn;
    this.#onAttack = onAttack;
  }

  start(events: TransportEvents): void {
    this.#events = events;
    const unlessCut = (act: () => void): void => {
      if (!this.#isCut) act();
    };
    this.#inner.start({
      data: (bytes) => {
        for (const record of this.#received.split(bytes)) unlessCut(() => events.data(this.#flip("received", record)));
      },
      drain: () => events.drain(),
      end: () => unlessCut(() => events.end()),
      error: (error) => unlessCut(() => events.error(error)),
    });
  }

  send(bytes: Uint8Array): SendResult {
    let result: SendResult = "ok";
    for (const record of this.#sent.split(bytes)) {
      const isData = record[0] === contentTypes.application_data;
      if (isData && this.attack?.type === "cut") return this.#cut();
      const isReplayed = isData && this.attack?.type === "replay";
      result = this.#inner.send(this.#flip("sent", record));
      if (!isReplayed) continue;
      this.attack = undefined;
      this.#onAttack({ type: "replay", direction: "sent", record });
      result = this.#inner.send(record.slice());
    }
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

  #cut(): SendResult {
    this.attack = undefined;
    this.#isCut = true;
    this.#onAttack({ type: "cut" });
    this.#inner.abort("cut");
    // A transport reports its end later, not from inside `send`.
    queueMicrotask(() => this.#events?.end());
    return "ok";
  }

  #flip(direction: Direction, record: Bytes): Bytes {
    const offset = this.attack?.type === "flip" ? this.#find(this.attack, direction, record) : undefined;
    if (record[0] === contentTypes.change_cipher_spec) this.#encrypted.add(direction);
    const before = offset === undefined ? undefined : record[offset];
    if (offset === undefined || before === undefined) return record;
    this.attack = undefined;
    const altered = record.slice();
    const after = before ^ 1;
    altered[offset] = after;
    this.#onAttack({ type: "flip", direction, record, offset, before, after });
    return altered;
  }

  /** Returns the index of the byte to alter, or `undefined` if the record does not contain the target. */
  #find({ target, byte }: Extract<Attack, { type: "flip" }>, direction: Direction, record: Bytes): number | undefined {
    const [type] = record;
    const inFragment = (fallback: number): number => Math.min(headerLength + (byte ?? fallback), record.length - 1);
    const last = record.length - headerLength - 1;
    switch (target) {
      case "message":
      case "echo":
        return type === contentTypes.application_data && direction === (target === "message" ? "sent" : "received")
          ? inFragment(last)
          : undefined;
      case "change_cipher_spec":
        return type === contentTypes.change_cipher_spec && direction === "sent" ? inFragment(0) : undefined;
      case "finished":
        return type === contentTypes.handshake && direction === "sent" && this.#encrypted.has("sent")
          ? inFragment(last)
          : undefined;
      default: {
        const [from, id] = messages[target] ?? [];
        if (type !== contentTypes.handshake || direction !== from || this.#encrypted.has(direction)) return undefined;
        return findInMessage(record, id, byte);
      }
    }
  }
}

/** Finds a handshake message in a record, and returns the index of the byte to alter. */
function findInMessage(record: Bytes, id: number | undefined, byte: number | undefined): number | undefined {
  const view = new DataView(record.buffer, record.byteOffset, record.byteLength);
  for (let start = headerLength; start + 4 <= record.length; ) {
    const length = 4 + (view.getUint32(start) & 0xffffff);
    if (record[start] === id) return start + Math.min(byte ?? defaultByte(id, length), length - 1);
    start += length;
  }
  return undefined;
}

/** A byte whose change no check of the format notices: in a random value, or in a key or ciphertext near the end. */
const defaultByte = (id: number | undefined, length: number): number => {
  if (id === 1 || id === 2) return 4 + 2 + 15; // after the message header and the version, in the random value
  return Math.max(0, length - 12);
};

/** Collects bytes and cuts them into whole records. */
class RecordSplitter {
  #rest: Bytes = new Uint8Array(0);

  split(bytes: Uint8Array): Bytes[] {
    const all = new Uint8Array(this.#rest.length + bytes.length);
    all.set(this.#rest);
    all.set(bytes, this.#rest.length);
    const records: Bytes[] = [];
    let start = 0;
    while (start + headerLength <= all.length) {
      const end = start + headerLength + new DataView(all.buffer).getUint16(start + 3);
      if (end > all.length) break;
      records.push(all.slice(start, end));
      start = end;
    }
    this.#rest = all.slice(start);
    return records;
  }
}
