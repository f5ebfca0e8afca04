/**
 * Shows the bytes of a record, with a caption for each stretch of bytes, and marks known values with their colours.
 * @module
 */
import { h } from "../dom.ts";
import { count, hex, indexOf } from "../hex.ts";
import { protectedParts } from "../lesson.ts";
import type { KnownValue, RecordEvent, Story } from "../story.ts";

interface Stretch {
  readonly bytes: Uint8Array;
  readonly caption: string;
  readonly look?: "header" | "sealed" | "neighbour";
}

const contentTypes: Readonly<Record<RecordEvent["contentType"], string>> = {
  change_cipher_spec: "change cipher spec",
  alert: "alert",
  handshake: "handshake",
  application_data: "application data",
};

/** Shows a record as it was on the wire. `message` is the handshake message that the figure explains, if any. */
export function recordFigure(record: RecordEvent, story: Story, message?: Uint8Array): HTMLElement {
  const { header, fragment } = record;
  const stretches: Stretch[] = [
    { bytes: header.subarray(0, 1), caption: contentTypes[record.contentType], look: "header" },
    { bytes: header.subarray(1, 3), caption: "TLS version", look: "header" },
    { bytes: header.subarray(3, 5), caption: count(fragment.length), look: "header" },
    ...(record.protected ? protectedStretches(fragment, story) : plainStretches(fragment, message)),
  ];
  const title = record.protected ? "Record on the wire, encrypted" : "Record on the wire";
  const total = count(header.length + fragment.length);
  return h(
    "figure",
    { class: "record" },
    h("figcaption", {}, title, h("span", { class: "quiet" }, ` ${total} · sequence number ${record.sequenceNumber}`)),
    h(
      "ol",
      { class: "stretches" },
      ...stretches
        .filter(({ bytes }) => bytes.length > 0)
        .map(({ bytes, caption, look }) =>
          h("li", { class: `stretch ${look ?? ""}` }, markedHex(bytes, story.knownValues), h("small", {}, caption)),
        ),
    ),
  );
}

function protectedStretches(fragment: Uint8Array, story: Story): Stretch[] {
  let start = 0;
  return protectedParts(story.suite, fragment.length).map(({ name, length }) => {
    const bytes = fragment.subarray(start, start + length);
    start += length;
    return { bytes, caption: `${name}, ${count(length)}`, look: "sealed" };
  });
}

/** Splits a fragment that contains the whole message into stretches. Any other fragment is one stretch. */
function plainStretches(fragment: Uint8Array, message: Uint8Array | undefined): Stretch[] {
  const start = message ? indexOf(fragment, message) : -1;
  if (!message || start < 0) return [{ bytes: fragment, caption: "content" }];
  const [type, length, body] = [message.subarray(0, 1), message.subarray(1, 4), message.subarray(4)];
  return [
    { bytes: fragment.subarray(0, start), caption: "messages before this one", look: "neighbour" },
    { bytes: type, caption: "message type" },
    { bytes: length, caption: count(body.length) },
    { bytes: body, caption: "body" },
    { bytes: fragment.subarray(start + message.length), caption: "messages after this one", look: "neighbour" },
  ];
}

/** The minimum length in bytes of a marked value. Shorter values could occur by chance. */
const minMarkedLength = 16;

/** Shows bytes as hex and marks every known value in them. */
export function markedHex(bytes: Uint8Array, knownValues: readonly KnownValue[]): HTMLElement {
  const first = knownValues
    .filter((value) => value.bytes.length >= minMarkedLength)
    .map((value) => ({ ...value, start: indexOf(bytes, value.bytes) }))
    .filter(({ start }) => start >= 0)
    .sort((a, b) => a.start - b.start)[0];
  if (!first) return h("code", { class: "hex" }, truncatedHex(bytes));
  const before = hex(bytes.subarray(0, first.start));
  const after = bytes.subarray(first.start + first.bytes.length);
  return h(
    "code",
    { class: "hex" },
    before && `${before} `,
    h("mark", { "data-value": first.name, title: first.name }, hex(first.bytes)),
    ...(after.length > 0 ? [" ", ...markedHex(after, knownValues).childNodes] : []),
  );
}

const maxBytes = 640;

const truncatedHex = (bytes: Uint8Array): string =>
  bytes.length <= maxBytes
    ? hex(bytes)
    : `${hex(bytes.subarray(0, maxBytes))} … and ${count(bytes.length - maxBytes)} more`;
