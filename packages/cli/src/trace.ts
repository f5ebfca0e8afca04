/**
 * Trace events as text and as JSON. Secrets are no part of it: they are not asked for, and would not be printed.
 * @module
 */
import { describe } from "@handclasp/core/describe";
import type { Decoded, NotResumed, TraceEvent } from "@handclasp/node";

/** Bytes of one value that are printed. */
const shown = 64;

/** Lines for people; `undefined` for what has its own event. */
export function traceText(event: TraceEvent): string | undefined {
  switch (event.type) {
    case "handshake":
      return [
        `${arrow(event)} ${event.name}, ${event.bytes.length} bytes`,
        ...fields(describe(event.body), "    "),
      ].join("\n");
    case "record": {
      const { contentType, fragment, sequenceNumber, protected: sealed } = event;
      return `${arrow(event)}   record ${contentType}, ${fragment.length} bytes${sealed ? `, protected, number ${sequenceNumber}` : ""}`;
    }
    case "change_cipher_spec":
      return `${arrow(event)} change_cipher_spec`;
    case "alert":
      return `${arrow(event)} alert ${event.level} ${event.description}`;
    case "agreed":
      return `  agreed ${[event.suite, event.group, event.extendedMasterSecret && "extended master secret"].filter(Boolean).join(", ")}`;
    case "resumption":
      return event.resumed
        ? "  an earlier session is resumed"
        : `  the session is not resumed: ${notResumed[event.reason]}`;
    default:
      return undefined;
  }
}

/** Fields for a line of JSON, bytes as hex. */
export function traceJson(event: TraceEvent): object | undefined {
  switch (event.type) {
    case "handshake":
      return { type: event.type, direction: event.direction, name: event.name, body: plain(event.body) };
    case "record": {
      const { type, direction, contentType, fragment, sequenceNumber, protected: sealed } = event;
      return { type, direction, contentType, protected: sealed, sequenceNumber, length: fragment.length };
    }
    case "change_cipher_spec":
    case "alert":
    case "resumption":
      return event;
    case "agreed":
      return plain({ ...event }) as object;
    default:
      return undefined;
  }
}

const notResumed: Readonly<Record<NotResumed, string>> = {
  unknown: "its ticket is under no key of ours, or altered, or its ID is not in the cache",
  expired: "its time is over",
  configuration: "it was made under another configuration",
  suite: "its suite is not offered, or not ours any more",
  server_name: "it was made for another server name",
  certificate: "it was made with another certificate of ours",
  renegotiation_info: "it has secure renegotiation, and this client does not",
  max_fragment_length: "it was made with another max_fragment_length",
  pre_shared_key: "its pre-shared key is another one now",
  untrusted: "whom it was made with is not trusted any more",
  declined: "the server did not take it",
};

const arrow = ({ direction }: { direction: "sent" | "received" }): string => (direction === "sent" ? "->" : "<-");

function fields(value: Decoded, indent: string): string[] {
  return entries(value).flatMap(([name, inner]) => {
    const short = inline(inner);
    return short === undefined ? [`${indent}${name}`, ...fields(inner, `${indent}  `)] : [`${indent}${name} ${short}`];
  });
}

function entries(value: Decoded): [string, Decoded][] {
  if (Array.isArray(value)) return value.map((inner: Decoded): [string, Decoded] => ["-", inner]);
  return isPlain(value) ? [["-", value]] : Object.entries(value);
}

type Plain = number | string | boolean | null | Uint8Array;
const isPlain = (value: Decoded): value is Plain =>
  typeof value !== "object" || value === null || value instanceof Uint8Array;

/** What fits one line: a value, or a list of short ones. The peer chose the texts: no control characters. */
function inline(value: Decoded): string | undefined {
  if (value instanceof Uint8Array) return hex(value);
  if (isPlain(value)) return printable(String(value));
  if (!Array.isArray(value)) return Object.keys(value).length === 0 ? "{}" : undefined;
  const texts = (value as readonly Decoded[]).map((inner) =>
    isPlain(inner) && !(inner instanceof Uint8Array) ? printable(String(inner)) : undefined,
  );
  return texts.includes(undefined) ? undefined : `[${texts.join(", ")}]`;
}

const printable = (text: string): string => text.replace(/[^ -~]/g, "?");

function hex(bytes: Uint8Array): string {
  const text = Buffer.from(bytes.subarray(0, shown)).toString("hex");
  return bytes.length > shown ? `${text}… (${bytes.length} bytes)` : text || "(empty)";
}

function plain(value: Decoded): unknown {
  if (value instanceof Uint8Array) return Buffer.from(value).toString("hex");
  if (Array.isArray(value)) return value.map(plain);
  if (isPlain(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, plain(inner)]));
}
