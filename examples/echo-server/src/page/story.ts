/**
 * Turns trace events into the rows of the ladder, in the order of the events. Each message knows the records that
 * carried it.
 * @module
 */
import { type CipherSuite, type Decoded, type Direction, legacySuites, type TraceEvent } from "@handclasp/core";
import { indexOf } from "./hex.ts";
import type { Flip } from "./tamper.ts";

export type RecordEvent = Extract<TraceEvent, { type: "record" }>;
type SecretEvent = Extract<TraceEvent, { type: "secret" }>;
type AlertEvent = Extract<TraceEvent, { type: "alert" }>;

export type Row =
  | {
      readonly kind: "handshake";
      readonly direction: Direction;
      readonly name: string;
      readonly bytes: Uint8Array;
      readonly body: Decoded;
      readonly isEncrypted: boolean;
      readonly findRecords: FindRecords;
    }
  | { readonly kind: "change_cipher_spec"; readonly direction: Direction; readonly findRecords: FindRecords }
  | {
      readonly kind: "alert";
      readonly direction: Direction;
      readonly alert: AlertEvent;
      readonly isEncrypted: boolean;
      readonly findRecords: FindRecords;
    }
  | { readonly kind: "application_data"; readonly direction: Direction; readonly record: RecordEvent }
  | { readonly kind: "secret"; readonly secret: SecretEvent }
  | { readonly kind: "keys"; readonly keys: readonly SecretEvent[] }
  | { readonly kind: "flip"; readonly flip: Flip };

/**
 * Finds the records that carried a message. The trace reports a record and its messages one after the other, so call it
 * when all are known.
 */
export type FindRecords = () => readonly RecordEvent[];

/** A value with a name. The page marks its bytes wherever they occur. */
export interface KnownValue {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** The events of one connection so far. */
export class Story {
  /** The only suite that the client offers, so it is known before the agreement. */
  readonly suite: CipherSuite;
  readonly group: string;
  extendedMasterSecret = false;
  readonly #knownValues: KnownValue[] = [];
  readonly #streams = new Map<string, Stream>();
  readonly #keys: SecretEvent[] = [];
  /** The directions with a ChangeCipherSpec. All later records in them are encrypted. */
  readonly #encryptedDirections = new Set<Direction>();

  /** A flip in a sent record. The transport usually reports it before the trace reports the record. */
  #flip: Flip | undefined;
  /** The unprotected records sent so far. Those of a flight are traced before the transport gets the flight. */
  readonly #sentPlain: RecordEvent[] = [];

  constructor(suite: CipherSuite, group: string) {
    this.suite = suite;
    this.group = group;
  }

  get knownValues(): readonly KnownValue[] {
    return this.#knownValues;
  }

  /** The rows that an event adds to the ladder. */
  add(event: TraceEvent): readonly Row[] {
    const row = this.#toRow(event);
    const flip = event.type === "record" && event.direction === "sent" ? this.#takeFlip(event) : undefined;
    return [row, flip].filter((added) => added !== undefined);
  }

  /**
   * The rows that a flip adds to the ladder. A flip in a sent record that is not traced yet is added right after that
   * record.
   */
  addFlip(flip: Flip): readonly Row[] {
    if (flip.direction === "received" || this.#sentPlain.some((record) => isIn(flip, record)))
      return [{ kind: "flip", flip }];
    this.#flip = flip;
    return [];
  }

  #takeFlip(record: RecordEvent): Row | undefined {
    if (!record.protected) this.#sentPlain.push(record);
    const flip = this.#flip;
    if (!flip || !isIn(flip, record)) return undefined;
    this.#flip = undefined;
    return { kind: "flip", flip };
  }

  #toRow(event: TraceEvent): Row | undefined {
    switch (event.type) {
      case "agreed":
        this.extendedMasterSecret = event.extendedMasterSecret;
        this.#knownValues.push({ name: "client random", bytes: event.clientRandom });
        this.#knownValues.push({ name: "server random", bytes: event.serverRandom });
        return undefined;
      case "record":
        if (event.contentType === "application_data") {
          return { kind: "application_data", direction: event.direction, record: event };
        }
        this.#streamOf(event.direction, event.contentType).addRecord(event);
        return undefined;
      case "handshake": {
        const findRecords = this.#streamOf(event.direction, "handshake").addMessage(event.bytes.length);
        const { direction, name, bytes, body } = event;
        return {
          kind: "handshake",
          direction,
          name,
          bytes,
          body,
          isEncrypted: this.#encryptedDirections.has(direction),
          findRecords,
        };
      }
      case "change_cipher_spec": {
        const findRecords = this.#streamOf(event.direction, "change_cipher_spec").addMessage(1);
        this.#encryptedDirections.add(event.direction);
        return { kind: "change_cipher_spec", direction: event.direction, findRecords };
      }
      case "alert": {
        const findRecords = this.#streamOf(event.direction, "alert").addMessage(2);
        const isEncrypted = this.#encryptedDirections.has(event.direction);
        return { kind: "alert", direction: event.direction, alert: event, isEncrypted, findRecords };
      }
      case "secret":
        this.#knownValues.push({ name: event.name.replaceAll("_", " "), bytes: event.bytes });
        if (event.name === "premaster_secret" || event.name === "master_secret")
          return { kind: "secret", secret: event };
        this.#keys.push(event);
        // The keys that the key block contains follow at once. They join its row.
        return this.#keys.length === 1 ? { kind: "keys", keys: this.#keys } : undefined;
      default:
        return undefined;
    }
  }

  #streamOf(direction: Direction, contentType: string): Stream {
    const name = `${direction} ${contentType}`;
    const stream = this.#streams.get(name) ?? new Stream();
    this.#streams.set(name, stream);
    return stream;
  }
}

/** The suite with that IANA name, if the page offers it. */
export const suiteNamed = (name: string): CipherSuite | undefined => legacySuites.find((suite) => suite.name === name);

/**
 * The messages of one content type in one direction are a stream of bytes, which the sender may cut into records
 * anywhere (RFC 5246 §6.2.1). A message is in the records whose ranges of the stream overlap its own.
 */
class Stream {
  readonly #records: { readonly record: RecordEvent; readonly start: number; readonly end: number }[] = [];
  #recordBytes = 0;
  #messageBytes = 0;

  addRecord(record: RecordEvent): void {
    const start = this.#recordBytes;
    this.#recordBytes += (record.plaintext ?? record.fragment).length;
    this.#records.push({ record, start, end: this.#recordBytes });
  }

  addMessage(length: number): FindRecords {
    const start = this.#messageBytes;
    const end = start + length;
    this.#messageBytes = end;
    return () => this.#records.filter((range) => range.start < end && range.end > start).map(({ record }) => record);
  }
}

const isIn = ({ record }: Flip, { header, fragment }: RecordEvent): boolean =>
  record.length === header.length + fragment.length && indexOf(record, fragment) === header.length;
