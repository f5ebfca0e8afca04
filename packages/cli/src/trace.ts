/**
 * Trace events as text and as JSON. They contain no secrets: the CLI does not set the option `secrets` of the trace,
 * and does not print `secret` events.
 * @module
 */
import { describeCertificate, layout } from "@handclasp/core/describe";
import { fieldName, meaningOf } from "@handclasp/inspector/headless";
import { type Decoded, type NotResumed, parseCertificate, type TraceEvent, type TraceListener } from "@handclasp/node";
import { jsonLine } from "./errors.ts";
import type { Print } from "./events.ts";
import type { Style } from "./style.ts";

type HandshakeEvent = Extract<TraceEvent, { type: "handshake" }>;

/** The most bytes of a value that are printed as text. JSON has all bytes. */
const printedBytes = 64;

/** Makes a listener that prints events as text. */
export function textTrace(print: Print, style: Style): TraceListener {
  let suite: string | undefined;
  return (event) => {
    if (event.type === "agreed") suite = event.suite;
    const text = traceText(event, suite, style);
    if (text !== undefined) print(text);
  };
}

/** Makes a listener that prints events as JSON. */
export function jsonTrace(print: Print): TraceListener {
  let suite: string | undefined;
  return (event) => {
    if (event.type === "agreed") suite = event.suite;
    const json = traceJson(event, suite);
    if (json) print(jsonLine({ event: "trace", ...json }));
  };
}

/**
 * An event as text. `undefined` for an event that `Events` prints in another way or not at all.
 * @param suite the agreed suite, on which the format of some messages depends
 */
function traceText(event: TraceEvent, suite: string | undefined, style: Style): string | undefined {
  switch (event.type) {
    case "handshake":
      return [
        `${arrow(event)} ${style("bold", event.name)}, ${event.bytes.length} bytes`,
        ...labels(event.bytes, suite, style),
        ...certificates(event).flatMap((certificate, i) => [`    certificate ${i}`, ...fields(certificate, "      ")]),
      ].join("\n");
    case "record": {
      const { contentType, header, fragment, sequenceNumber, protected: isProtected } = event;
      const protection = isProtected ? `, protected, number ${sequenceNumber}` : "";
      const bytes = style("dim", `header ${hex(header)}`);
      return `${arrow(event)}   record ${contentType}, ${fragment.length} bytes${protection}  ${bytes}`;
    }
    case "change_cipher_spec":
      return `${arrow(event)} ${style("bold", "change_cipher_spec")}`;
    case "alert": {
      const text = `alert ${event.level} ${event.description}`;
      return `${arrow(event)} ${event.level === "fatal" ? style("red", text) : style("bold", text)}`;
    }
    case "agreed": {
      const parts = [event.suite, event.group, event.extendedMasterSecret && "extended master secret"];
      return `  agreed ${style("cyan", parts.filter(Boolean).join(", "))}`;
    }
    case "resumption":
      return event.resumed
        ? "  an earlier session is resumed"
        : `  the session is not resumed: ${notResumed[event.reason]}`;
    default:
      return undefined;
  }
}

/**
 * A line for each field of a message: its offset, its name, its value or bytes, the section that defines it and, once
 * in a message, its meaning.
 */
function labels(message: Uint8Array, suite: string | undefined, style: Style): string[] {
  // A field comes before its length, and before the fields inside it.
  const all = [...layout(message, suite)].sort((a, b) => a.start - b.start || b.end - a.end);
  const parents = new Set(all.flatMap(({ path }) => /^(.*)(?:\.[^.[]+|\[\d+\])$/.exec(path)?.[1] ?? []));
  const explained = new Set<string>();
  return all
    .filter(({ path }) => path !== "body" || all.length === 3)
    .map((field) => {
      const { path, isLength, start, end, value, section } = field;
      const length = all.find((one) => one.isLength && one.path === path && one.start === start);
      const bytes = message.subarray(isLength ? start : (length?.end ?? start), end);
      const name = fieldName(field);
      const isParent = !isLength && parents.has(path);
      const meaning = explained.has(name) ? undefined : meaningOf(field)?.en;
      explained.add(name);
      const depth = "  ".repeat((path.match(/[.[]/g) ?? []).length);
      const parts = [
        `${String(start).padStart(5)}  ${depth}${name}`,
        value === undefined ? undefined : printable(value),
        isParent ? undefined : value === undefined ? hex(bytes) : style("dim", hex(bytes)),
        section && style("dim", `[${section}]`),
        meaning && style("dim", meaning),
      ];
      return parts.filter(Boolean).join(" ");
    });
}

/** The certificates of a message in readable form. */
function certificates({ name, body }: HandshakeEvent): Decoded[] {
  const { certificateList } = name === "certificate" ? (body as { certificateList?: Decoded }) : {};
  const list = Array.isArray(certificateList) ? (certificateList as readonly Decoded[]) : [];
  return list.flatMap((der) => (der instanceof Uint8Array ? [decoded(der)] : []));
}

function decoded(der: Uint8Array): Decoded {
  try {
    return describeCertificate(parseCertificate(der));
  } catch {
    return der;
  }
}

/**
 * An event's fields for a line of JSON, with bytes as hex. `undefined` for an event that `Events` prints in another way
 * or not at all.
 */
function traceJson(event: TraceEvent, suite: string | undefined): object | undefined {
  switch (event.type) {
    case "handshake": {
      const { type, direction, name, body, bytes } = event;
      const decodedCertificates = certificates(event).map(plain);
      return {
        type,
        direction,
        name,
        body: plain(body),
        bytes: Buffer.from(bytes).toString("hex"),
        fields: layout(bytes, suite).map((field) => ({
          name: fieldName(field),
          start: field.start,
          end: field.end,
          section: field.section,
          ...(field.value !== undefined && { value: field.value }),
          ...(meaningOf(field) && { meaning: meaningOf(field)?.en }),
        })),
        ...(decodedCertificates.length > 0 && { certificates: decodedCertificates }),
      };
    }
    case "record": {
      const { type, direction, contentType, fragment, sequenceNumber, protected: isProtected } = event;
      return { type, direction, contentType, protected: isProtected, sequenceNumber, length: fragment.length };
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
  unknown: "its ticket is not under one of our keys or was altered, or its session ID is not in the cache",
  expired: "it has expired",
  configuration: "it was established with another configuration",
  suite: "the client does not offer its suite, or our configuration no longer has it",
  server_name: "it was established for another server name",
  certificate: "it was established with another certificate of ours",
  renegotiation_info: "it was established with secure renegotiation, which this client does not offer",
  max_fragment_length: "it was established with another max_fragment_length",
  pre_shared_key: "its pre-shared key has changed",
  untrusted: "its peer is no longer trusted",
  declined: "the server declined it",
};

const arrow = ({ direction }: { direction: "sent" | "received" }): string => (direction === "sent" ? "->" : "<-");

function fields(value: Decoded, indent: string): string[] {
  return entries(value).flatMap(([name, inner]) => {
    const text = inline(inner);
    return text === undefined ? [`${indent}${name}`, ...fields(inner, `${indent}  `)] : [`${indent}${name} ${text}`];
  });
}

function entries(value: Decoded): [string, Decoded][] {
  if (Array.isArray(value)) return value.map((inner: Decoded): [string, Decoded] => ["-", inner]);
  return isPlain(value) ? [["-", value]] : Object.entries(value);
}

type Plain = number | string | boolean | null | Uint8Array;
const isPlain = (value: Decoded): value is Plain =>
  typeof value !== "object" || value === null || value instanceof Uint8Array;

/**
 * The text of a value that needs only one line, or of a list of such values. All characters but printable ASCII are
 * replaced, because the peer chose the texts.
 */
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
  const text = Buffer.from(bytes.subarray(0, printedBytes)).toString("hex");
  return bytes.length > printedBytes ? `${text}… (${bytes.length} bytes)` : text || "(empty)";
}

function plain(value: Decoded): unknown {
  if (value instanceof Uint8Array) return Buffer.from(value).toString("hex");
  if (Array.isArray(value)) return value.map(plain);
  if (isPlain(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, plain(inner)]));
}
