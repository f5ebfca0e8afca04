/**
 * Bytes with captions: a record and what each stretch of it is, known values in their colours.
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

/** A record as it was on the wire; of the handshake messages in it, `message` is the one to explain. */
export function recordFigure(record: RecordEvent, story: Story, message?: Uint8Array): HTMLElement {
  const { header, fragment } = record;
  const stretches: Stretch[] = [
    { bytes: header.subarray(0, 1), caption: contentTypes[record.contentType], look: "header" },
    { bytes: header.subarray(1, 3), caption: "TLS version", look: "header" },
    { bytes: header.subarray(3, 5), caption: count(fragment.length), look: "header" },
    ...(record.protected ? sealed(fragment, story) : clear(fragment, message)),
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
          h("li", { class: `stretch ${look ?? ""}` }, toned(bytes, story.known), h("small", {}, caption)),
        ),
    ),
  );
}

function sealed(fragment: Uint8Array, story: Story): Stretch[] {
  let start = 0;
  return protectedParts(story.suite, fragment.length).map(({ name, length }) => {
    const bytes = fragment.subarray(start, start + length);
    start += length;
    return { bytes, caption: `${name}, ${count(length)}`, look: "sealed" };
  });
}

/** A record may carry several messages, and a message may go over several records: then its part is not taken apart. */
function clear(fragment: Uint8Array, message: Uint8Array | undefined): Stretch[] {
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

/** What is shorter turns up by chance. */
const leastMarked = 16;

/** Hex, with every known value in it marked by name. */
export function toned(bytes: Uint8Array, known: readonly KnownValue[]): HTMLElement {
  const first = known
    .filter((value) => value.bytes.length >= leastMarked)
    .map((value) => ({ ...value, start: indexOf(bytes, value.bytes) }))
    .filter(({ start }) => start >= 0)
    .sort((a, b) => a.start - b.start)[0];
  if (!first) return h("code", { class: "hex" }, shortened(bytes));
  const before = hex(bytes.subarray(0, first.start));
  const after = bytes.subarray(first.start + first.bytes.length);
  return h(
    "code",
    { class: "hex" },
    before && `${before} `,
    h("mark", { "data-value": first.name, title: first.name }, hex(first.bytes)),
    ...(after.length > 0 ? [" ", ...toned(after, known).childNodes] : []),
  );
}

const shown = 640;

const shortened = (bytes: Uint8Array): string =>
  bytes.length <= shown ? hex(bytes) : `${hex(bytes.subarray(0, shown))} … and ${count(bytes.length - shown)} more`;
