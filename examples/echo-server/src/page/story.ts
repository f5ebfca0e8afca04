/**
 * From trace events to what the ladder shows: rows in the order in which they happened, each message with the records that carried it.
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
      readonly sealed: boolean;
      readonly carriers: Carriers;
    }
  | { readonly kind: "change_cipher_spec"; readonly direction: Direction; readonly carriers: Carriers }
  | {
      readonly kind: "alert";
      readonly direction: Direction;
      readonly alert: AlertEvent;
      readonly sealed: boolean;
      readonly carriers: Carriers;
    }
  | { readonly kind: "application_data"; readonly direction: Direction; readonly record: RecordEvent }
  | { readonly kind: "secret"; readonly secret: SecretEvent }
  | { readonly kind: "keys"; readonly keys: readonly SecretEvent[] }
  | { readonly kind: "flip"; readonly flip: Flip };

/** The records a message travelled in. A record and its message are reported one after the other, so ask late. */
export type Carriers = () => readonly RecordEvent[];

/** A value that has a name, so that it can be recognized wherever its bytes turn up. */
export interface KnownValue {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** One connection, as it is told so far. */
export class Story {
  /** The only suite that is offered, so it is known before it is agreed. */
  readonly suite: CipherSuite;
  readonly group: string;
  extendedMasterSecret = false;
  readonly #known: KnownValue[] = [];
  readonly #streams = new Map<string, Stream>();
  readonly #keys: SecretEvent[] = [];
  /** The directions in which ChangeCipherSpec has been seen: all that follows is encrypted. */
  readonly #sealed = new Set<Direction>();

  /** Sent is told before it is traced, but for what is held until the whole flight goes out. */
  #flip: Flip | undefined;
  readonly #sentPlain: RecordEvent[] = [];

  constructor(suite: CipherSuite, group: string) {
    this.suite = suite;
    this.group = group;
  }

  get known(): readonly KnownValue[] {
    return this.#known;
  }

  /** What an event adds to the ladder. */
  tell(event: TraceEvent): readonly Row[] {
    const row = this.#row(event);
    const flip = event.type === "record" && event.direction === "sent" ? this.#takeFlip(event) : undefined;
    return [row, flip].filter((each) => each !== undefined);
  }

  /** What a flipped bit adds to the ladder: now where it is on its way to us, else right after the record that it was in, or the flight. */
  tellFlip(flip: Flip): readonly Row[] {
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

  #row(event: TraceEvent): Row | undefined {
    switch (event.type) {
      case "agreed":
        this.extendedMasterSecret = event.extendedMasterSecret;
        this.#known.push({ name: "client random", bytes: event.clientRandom });
        this.#known.push({ name: "server random", bytes: event.serverRandom });
        return undefined;
      case "record":
        if (event.contentType === "application_data") {
          return { kind: "application_data", direction: event.direction, record: event };
        }
        this.#stream(event.direction, event.contentType).carry(event);
        return undefined;
      case "handshake": {
        const carriers = this.#stream(event.direction, "handshake").take(event.bytes.length);
        const { direction, name, bytes, body } = event;
        return { kind: "handshake", direction, name, bytes, body, sealed: this.#sealed.has(direction), carriers };
      }
      case "change_cipher_spec": {
        const carriers = this.#stream(event.direction, "change_cipher_spec").take(1);
        this.#sealed.add(event.direction);
        return { kind: "change_cipher_spec", direction: event.direction, carriers };
      }
      case "alert": {
        const carriers = this.#stream(event.direction, "alert").take(2);
        const sealed = this.#sealed.has(event.direction);
        return { kind: "alert", direction: event.direction, alert: event, sealed, carriers };
      }
      case "secret":
        this.#known.push({ name: event.name.replaceAll("_", " "), bytes: event.bytes });
        if (event.name === "premaster_secret" || event.name === "master_secret")
          return { kind: "secret", secret: event };
        this.#keys.push(event);
        // The rest of the key block follows at once and joins the row of its first.
        return this.#keys.length === 1 ? { kind: "keys", keys: this.#keys } : undefined;
      default:
        return undefined;
    }
  }

  #stream(direction: Direction, contentType: string): Stream {
    const name = `${direction} ${contentType}`;
    const stream = this.#streams.get(name) ?? new Stream();
    this.#streams.set(name, stream);
    return stream;
  }
}

/** The suite of that IANA name, if Handclasp has it. */
export const suiteNamed = (name: string): CipherSuite | undefined => legacySuites.find((suite) => suite.name === name);

/**
 * Messages of one content type in one direction are a stream of bytes that records cut as they like (RFC 5246 §6.2.1):
 * a message travelled in those records whose stretch of the stream it overlaps.
 */
class Stream {
  readonly #records: { readonly record: RecordEvent; readonly start: number; readonly end: number }[] = [];
  #carried = 0;
  #taken = 0;

  carry(record: RecordEvent): void {
    const start = this.#carried;
    this.#carried += (record.plaintext ?? record.fragment).length;
    this.#records.push({ record, start, end: this.#carried });
  }

  take(length: number): Carriers {
    const start = this.#taken;
    const end = start + length;
    this.#taken = end;
    return () => this.#records.filter((each) => each.start < end && each.end > start).map(({ record }) => record);
  }
}

const isIn = ({ record }: Flip, { header, fragment }: RecordEvent): boolean =>
  record.length === header.length + fragment.length && indexOf(record, fragment) === header.length;
