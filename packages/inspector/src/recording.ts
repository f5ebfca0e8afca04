/**
 * Recordings of a connection: JSON, which the inspector loads again, and pcapng for Wireshark.
 * @module
 */
import type { Role } from "@handclasp/core";
import { fromHex, toHex } from "@handclasp/core/unstable";
import type { InspectorEvent } from "./event.ts";
import { maxEvents, maxRecordingLength } from "./limits.ts";

/** A recorded connection. */
export interface Recording {
  /** The end that recorded. */
  readonly role: Role;
  readonly events: readonly InspectorEvent[];
}

/** The first property of a recording as JSON. */
const format = "handclasp-trace/1";

/**
 * Writes a recording as JSON. Bytes become `{ "hex": "…" }`. It contains the secrets if the trace did.
 * @example
 * const empty = recordingToJson({ role: "client", events: [] });
 */
export function recordingToJson({ role, events }: Recording): string {
  return JSON.stringify({ format, role, events }, (_, value: unknown) => {
    if (value instanceof Uint8Array) return { hex: toHex(value) };
    if (!(value instanceof Error)) return value;
    const { message, name } = value;
    const { code, alert, by, fault, advice, reason, position } = value as Error & Record<string, unknown>;
    return { error: name, message, code, alert, by, fault, advice, reason, position };
  });
}

/**
 * Reads a recording from JSON.
 * @throws TypeError if the text is not a recording, or is longer than 64 MiB
 * @example
 * const response = await fetch("/recording.json");
 * const { role, events } = recordingFromJson(await response.text());
 */
export function recordingFromJson(text: string): Recording {
  if (text.length > maxRecordingLength) throw new TypeError("the recording is too long");
  let parsed: unknown;
  try {
    parsed = JSON.parse(text, (key, value: unknown) => {
      if (key === "__proto__" || !isObject(value)) return key === "__proto__" ? undefined : value;
      if (typeof value.hex === "string" && Object.keys(value).length === 1) return bytesOf(value.hex);
      if (typeof value.error === "string" && typeof value.message === "string")
        return Object.assign(new Error(value.message), value, { name: value.error });
      return value;
    });
  } catch (cause) {
    throw new TypeError("this is not a recording of Handclasp", { cause });
  }
  if (!isObject(parsed) || parsed.format !== format || (parsed.role !== "client" && parsed.role !== "server"))
    throw new TypeError(`this is not a recording of Handclasp: expected the format ${format}`);
  const { events, role } = parsed;
  if (!Array.isArray(events) || events.length > maxEvents || !events.every(isEvent))
    throw new TypeError(`the recording has a wrong event, or more than ${maxEvents} events`);
  return { role, events };
}

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null;

/** The properties that hold bytes, and those that hold texts or numbers, for each type of event. */
const shapes: Readonly<Record<InspectorEvent["type"], { readonly bytes?: string[]; readonly other?: string[] }>> = {
  handshake: { bytes: ["bytes"], other: ["direction", "name", "body"] },
  record: { bytes: ["header", "fragment"], other: ["direction", "contentType", "protected", "sequenceNumber"] },
  change_cipher_spec: { other: ["direction"] },
  alert: { other: ["direction", "level", "description"] },
  agreed: { bytes: ["clientRandom", "serverRandom"], other: ["suite", "extendedMasterSecret"] },
  resumption: { other: ["resumed"] },
  secret: { bytes: ["bytes"], other: ["name"] },
  established: {},
  closed: {},
  flip: { bytes: ["record"], other: ["direction", "offset", "before", "after"] },
  replay: { bytes: ["record"], other: ["direction"] },
  cut: {},
};

function isEvent(event: unknown): event is InspectorEvent {
  if (!isObject(event) || typeof event.type !== "string" || !Object.hasOwn(shapes, event.type)) return false;
  const { bytes = [], other = [] } = shapes[event.type as InspectorEvent["type"]];
  const { direction, plaintext, error } = event;
  return (
    bytes.every((name) => event[name] instanceof Uint8Array) &&
    other.every((name) => event[name] !== undefined) &&
    (!other.includes("direction") || direction === "sent" || direction === "received") &&
    (plaintext === undefined || plaintext instanceof Uint8Array) &&
    (error === undefined || error instanceof Error)
  );
}

function bytesOf(hex: string): Uint8Array {
  if (!/^(?:[0-9a-f]{2})*$/.test(hex)) throw new TypeError("a value is not in hexadecimal");
  return fromHex(hex);
}
