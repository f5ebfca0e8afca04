/**
 * Trace events as text and as JSON. They contain no secrets: the CLI does not set the option `secrets` of the trace,
 * and does not print `secret` events.
 * @module
 */
import { describe, describeCertificate } from "@handclasp/core/describe";
import { type Decoded, type NotResumed, parseCertificate, type TraceEvent } from "@handclasp/node";

/** The most bytes of a value that are printed as text. JSON has all bytes. */
const printedBytes = 64;

/** An event as text. `undefined` for an event that `Events` prints in another way or not at all. */
export function traceText(event: TraceEvent): string | undefined {
  switch (event.type) {
    case "handshake":
      return [`${arrow(event)} ${event.name}, ${event.bytes.length} bytes`, ...fields(readable(event), "    ")].join(
        "\n",
      );
    case "record": {
      const { contentType, fragment, sequenceNumber, protected: isProtected } = event;
      const protection = isProtected ? `, protected, number ${sequenceNumber}` : "";
      return `${arrow(event)}   record ${contentType}, ${fragment.length} bytes${protection}`;
    }
    case "change_cipher_spec":
      return `${arrow(event)} change_cipher_spec`;
    case "alert":
      return `${arrow(event)} alert ${event.level} ${event.description}`;
    case "agreed": {
      const parts = [event.suite, event.group, event.extendedMasterSecret && "extended master secret"];
      return `  agreed ${parts.filter(Boolean).join(", ")}`;
    }
    case "resumption":
      return event.resumed
        ? "  an earlier session is resumed"
        : `  the session is not resumed: ${notResumed[event.reason]}`;
    default:
      return undefined;
  }
}

/** The body of a message in readable form, with certificates decoded. A malformed certificate remains bytes. */
function readable({ name, body }: Extract<TraceEvent, { type: "handshake" }>): Decoded {
  const described = describe(body);
  if (name !== "certificate" || isPlain(described) || !("certificateList" in described)) return described;
  const { certificateList } = described;
  if (!Array.isArray(certificateList)) return described;
  return { certificateList: certificateList.map((der: Decoded) => (der instanceof Uint8Array ? decoded(der) : der)) };
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
export function traceJson(event: TraceEvent): object | undefined {
  switch (event.type) {
    case "handshake":
      return { type: event.type, direction: event.direction, name: event.name, body: plain(event.body) };
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
