/**
 * Turns trace events into the rows of the ladder, in the order of the events. The row of a message can find the records
 * that carried the message.
 * @module
 */
import {
  type CipherSuite,
  ccmSuites,
  type Decoded,
  type Direction,
  dheSuites,
  ecdhePskSuites,
  legacySuites,
  pskSuites,
  type Role,
  type TraceEvent,
} from "@handclasp/core";
import { names, type RecordKeys } from "@handclasp/core/describe";
import type { Flip, InspectorEvent, PathEvent } from "./event.ts";
import { indexOf } from "./hex.ts";

export type RecordEvent = Extract<TraceEvent, { type: "record" }>;
type SecretEvent = Extract<TraceEvent, { type: "secret" }>;
type ResumptionEvent = Extract<TraceEvent, { type: "resumption" }>;
type AlertEvent = Extract<TraceEvent, { type: "alert" }>;
/** Either end of the connection. */
export type End = Role;

export type Row =
  | {
      readonly kind: "handshake";
      readonly from: End;
      readonly name: string;
      readonly bytes: Uint8Array;
      readonly body: Decoded;
      /** The number of handshake messages before this one. */
      readonly index: number;
      readonly isEncrypted: boolean;
      readonly findRecords: FindRecords;
    }
  | { readonly kind: "change_cipher_spec"; readonly from: End; readonly findRecords: FindRecords }
  | {
      readonly kind: "alert";
      readonly from: End;
      readonly alert: AlertEvent;
      readonly isEncrypted: boolean;
      readonly findRecords: FindRecords;
    }
  | { readonly kind: "application_data"; readonly from: End; readonly record: RecordEvent }
  | { readonly kind: "secret"; readonly secret: SecretEvent; readonly index: number }
  | { readonly kind: "keys"; readonly keys: readonly SecretEvent[]; readonly index: number }
  | { readonly kind: "path"; readonly event: PathEvent }
  | { readonly kind: "resumption"; readonly event: ResumptionEvent }
  | { readonly kind: "failure"; readonly error: Error };

/**
 * Finds the records that carried a message. The trace reports a record and its messages one after the other, so call
 * this function only after all of them were reported.
 */
export type FindRecords = () => readonly RecordEvent[];

/** A value with a name. The page marks the value's bytes wherever they occur. */
export interface KnownValue {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** The events of one connection so far. */
export class Story {
  /** The end that recorded the events. */
  readonly role: Role;
  /** The suite of the connection, once ServerHello names it. `undefined` also for a suite that Handclasp lacks. */
  suite: CipherSuite | undefined;
  extendedMasterSecret = false;
  /** The name of the group of the key exchange, once ServerKeyExchange names it. */
  group: string | undefined;
  encryptThenMac = false;
  /** Whether the handshake is abbreviated: figure 2 of RFC 5246. */
  resumed = false;
  /** The handshake messages so far, which are the transcript. */
  readonly messages: Uint8Array[] = [];
  readonly #certificates = new Map<End, readonly Uint8Array[]>();
  readonly #secrets = new Map<string, Uint8Array>();
  readonly #knownValues: KnownValue[] = [];
  readonly #streams = new Map<string, Stream>();
  readonly #keys: SecretEvent[] = [];
  /** The directions in which a ChangeCipherSpec was sent. All later records in these directions are encrypted. */
  readonly #encryptedDirections = new Set<Direction>();
  /** Whether someone on the path has altered, repeated or cut what the ends sent. */
  isAttacked = false;
  #hasFailed = false;

  /** The flip in a sent record that the trace has not reported yet. */
  #flip: Flip | undefined;
  /**
   * The unprotected records that the trace has reported as sent. The trace reports the unprotected records of a flight
   * before the transport gets the flight.
   */
  readonly #sentPlain: RecordEvent[] = [];

  constructor(role: Role) {
    this.role = role;
  }

  get knownValues(): readonly KnownValue[] {
    return this.#knownValues;
  }

  /**
   * The value of `client random`, `server random` or a secret such as `master_secret`, if the trace has reported
   * it.
   */
  secret(name: string): Uint8Array | undefined {
    return this.#secrets.get(name);
  }

  /** The certificates of one end, its own first, as DER. */
  certificatesOf(end: End): readonly Uint8Array[] {
    return this.#certificates.get(end) ?? [];
  }

  /** The keys that protect what one end sends. `undefined` if the trace has no secrets. */
  keysOf(end: End): RecordKeys | undefined {
    const key = this.secret(`${end}_write_key`);
    const empty = new Uint8Array(0);
    return (
      key && {
        key,
        iv: this.secret(`${end}_write_IV`) ?? empty,
        macKey: this.secret(`${end}_write_MAC_key`) ?? empty,
        encryptThenMac: this.encryptThenMac,
      }
    );
  }

  /** The end that sends in a direction. */
  endOf(direction: Direction): End {
    return (direction === "sent") === (this.role === "client") ? "client" : "server";
  }

  /** Adds an event, and returns the rows that it adds to the ladder. */
  add(event: InspectorEvent): readonly Row[] {
    if (event.type === "flip" || event.type === "replay" || event.type === "cut") return this.#addPath(event);
    const row = this.#toRow(event);
    const flip = event.type === "record" && event.direction === "sent" ? this.#takeFlip(event) : undefined;
    return [row, flip].filter((added) => added !== undefined);
  }

  /** Adds the failure of the connection, unless the trace has reported one. */
  fail(error: Error): readonly Row[] {
    if (this.#hasFailed) return [];
    this.#hasFailed = true;
    return [{ kind: "failure", error }];
  }

  #addPath(event: PathEvent): readonly Row[] {
    this.isAttacked = true;
    return event.type === "flip" ? this.#addFlip(event) : [{ kind: "path", event }];
  }

  /**
   * If the trace has not reported the flip's sent record yet, `add` returns the flip's row after the record's row.
   */
  #addFlip(flip: Flip): readonly Row[] {
    if (flip.direction === "received" || this.#sentPlain.some((record) => isIn(flip, record)))
      return [{ kind: "path", event: flip }];
    this.#flip = flip;
    return [];
  }

  #takeFlip(record: RecordEvent): Row | undefined {
    if (!record.protected) this.#sentPlain.push(record);
    const flip = this.#flip;
    if (!flip || !isIn(flip, record)) return undefined;
    this.#flip = undefined;
    return { kind: "path", event: flip };
  }

  #toRow(event: TraceEvent): Row | undefined {
    switch (event.type) {
      case "agreed":
        this.suite = suiteNamed(event.suite);
        this.extendedMasterSecret = event.extendedMasterSecret;
        this.#know("client random", event.clientRandom);
        this.#know("server random", event.serverRandom);
        return undefined;
      case "record":
        if (event.contentType === "application_data") {
          return { kind: "application_data", from: this.endOf(event.direction), record: event };
        }
        this.#streamOf(event.direction, event.contentType).addRecord(event);
        return undefined;
      case "handshake": {
        const findRecords = this.#streamOf(event.direction, "handshake").addMessage(event.bytes.length);
        const { direction, name, bytes, body } = event;
        this.group ??= groupOf(body);
        const index = this.messages.length;
        if (name !== "hello_request") this.messages.push(bytes);
        if (name === "server_hello") this.encryptThenMac = hasExtension(body, encryptThenMac);
        if (name === "certificate") this.#certificates.set(this.endOf(direction), certificatesIn(body));
        return {
          kind: "handshake",
          from: this.endOf(direction),
          name,
          bytes,
          body,
          index,
          isEncrypted: this.#encryptedDirections.has(direction),
          findRecords,
        };
      }
      case "change_cipher_spec": {
        const findRecords = this.#streamOf(event.direction, "change_cipher_spec").addMessage(1);
        this.#encryptedDirections.add(event.direction);
        return { kind: "change_cipher_spec", from: this.endOf(event.direction), findRecords };
      }
      case "alert": {
        const findRecords = this.#streamOf(event.direction, "alert").addMessage(2);
        const isEncrypted = this.#encryptedDirections.has(event.direction);
        return { kind: "alert", from: this.endOf(event.direction), alert: event, isEncrypted, findRecords };
      }
      case "secret":
        this.#know(event.name, event.bytes);
        if (event.name === "premaster_secret" || event.name === "master_secret")
          return { kind: "secret", secret: event, index: this.messages.length };
        this.#keys.push(event);
        // The keys that the key block contains follow at once. The key block's row shows them too.
        return this.#keys.length === 1 ? { kind: "keys", keys: this.#keys, index: this.messages.length } : undefined;
      case "resumption":
        this.resumed = event.resumed;
        return { kind: "resumption", event };
      case "closed":
        return event.error && this.fail(event.error)[0];
      default:
        return undefined;
    }
  }

  #know(name: string, bytes: Uint8Array): void {
    this.#secrets.set(name, bytes);
    this.#knownValues.push({ name: name.replaceAll("_", " "), bytes });
  }

  #streamOf(direction: Direction, contentType: string): Stream {
    const name = `${direction} ${contentType}`;
    const stream = this.#streams.get(name) ?? new Stream();
    this.#streams.set(name, stream);
    return stream;
  }
}

/** The number of encrypt_then_mac, RFC 7366 §2. */
const encryptThenMac = 22;

const hasExtension = (body: Decoded, id: number): boolean => {
  const extensions = fieldOf(body, "extensions");
  return Array.isArray(extensions) && extensions.some((extension: Decoded) => fieldOf(extension, "type") === id);
};

const certificatesIn = (body: Decoded): readonly Uint8Array[] => {
  const list = fieldOf(body, "certificateList");
  return Array.isArray(list) ? list.filter((der: Decoded): der is Uint8Array => der instanceof Uint8Array) : [];
};

/** The name of the group in the body of a ServerKeyExchange. */
function groupOf(body: Decoded): string | undefined {
  const params = fieldOf(body, "params");
  const id = params === undefined ? undefined : fieldOf(params, "namedCurve");
  return typeof id === "number" ? names.groups.get(id) : undefined;
}

/** A field of a decoded struct, or `undefined` if the value is not a struct or lacks the field. */
export const fieldOf = (body: Decoded, name: string): Decoded | undefined =>
  typeof body === "object" && body !== null ? (body as { readonly [field: string]: Decoded })[name] : undefined;

const allSuites = [...legacySuites, ...dheSuites, ...ccmSuites, ...ecdhePskSuites, ...pskSuites];
const suiteNamed = (name: string): CipherSuite | undefined => allSuites.find((suite) => suite.name === name);

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
