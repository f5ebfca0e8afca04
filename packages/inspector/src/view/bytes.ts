/**
 * Shows the bytes of a record, with a caption for each stretch of bytes, and marks known values with their colours.
 * @module
 */
import type { CipherSuite } from "@handclasp/core";
import { h } from "../dom.ts";
import { count, hex, indexOf } from "../hex.ts";
import { protectedParts } from "../lesson.ts";
import type { KnownValue, RecordEvent } from "../story.ts";
import type { Text } from "../text.ts";
import type { View } from "./view.ts";

interface Stretch {
  readonly bytes: Uint8Array;
  readonly caption: Text;
  readonly look?: "header" | "sealed" | "neighbour";
}

/** A text that is the same in every language. */
const always = (text: string): Text => ({ en: text, ko: text });

/** Shows a record as it was on the wire. `message` is the handshake message that the figure explains, if any. */
export function recordFigure(record: RecordEvent, { story, say }: View, message?: Uint8Array): HTMLElement {
  const { header, fragment } = record;
  const stretches: Stretch[] = [
    { bytes: header.subarray(0, 1), caption: always(record.contentType), look: "header" },
    { bytes: header.subarray(1, 3), caption: { en: "TLS version", ko: "TLS 버전" }, look: "header" },
    { bytes: header.subarray(3, 5), caption: count(fragment.length), look: "header" },
    ...(record.protected ? protectedStretches(fragment, story.suite) : plainStretches(fragment, message)),
  ];
  const title: Text = record.protected
    ? { en: "Record on the wire, encrypted", ko: "선 위의 레코드, 암호화됨" }
    : { en: "Record on the wire", ko: "선 위의 레코드" };
  const number: Text = {
    en: `sequence number ${record.sequenceNumber}`,
    ko: `순서 번호 ${record.sequenceNumber}`,
  };
  const total = say(count(header.length + fragment.length));
  return h(
    "figure",
    { class: "record" },
    h("figcaption", {}, say(title), h("span", { class: "quiet" }, ` ${total} · ${say(number)}`)),
    h(
      "ol",
      { class: "stretches" },
      ...stretches
        .filter(({ bytes }) => bytes.length > 0)
        .map(({ bytes, caption, look }) =>
          h(
            "li",
            { class: `stretch ${look ?? ""}` },
            markedHex(bytes, story.knownValues),
            h("small", {}, say(caption)),
          ),
        ),
    ),
  );
}

function protectedStretches(fragment: Uint8Array, suite: CipherSuite | undefined): Stretch[] {
  if (!suite) return [{ bytes: fragment, caption: { en: "encrypted", ko: "암호화됨" }, look: "sealed" }];
  let start = 0;
  return protectedParts(suite, fragment.length).map(({ name, length }) => {
    const bytes = fragment.subarray(start, start + length);
    start += length;
    const size = count(length);
    return { bytes, caption: { en: `${name.en}, ${size.en}`, ko: `${name.ko}, ${size.ko}` }, look: "sealed" };
  });
}

/** Splits a fragment that contains the whole message into stretches. Any other fragment is one stretch. */
function plainStretches(fragment: Uint8Array, message: Uint8Array | undefined): Stretch[] {
  const start = message ? indexOf(fragment, message) : -1;
  if (!message || start < 0) return [{ bytes: fragment, caption: { en: "content", ko: "내용" } }];
  const [type, length, body] = [message.subarray(0, 1), message.subarray(1, 4), message.subarray(4)];
  return [
    {
      bytes: fragment.subarray(0, start),
      caption: { en: "messages before this one", ko: "앞의 메시지들" },
      look: "neighbour",
    },
    { bytes: type, caption: { en: "message type", ko: "메시지 종류" } },
    { bytes: length, caption: count(body.length) },
    { bytes: body, caption: { en: "body", ko: "본문" } },
    {
      bytes: fragment.subarray(start + message.length),
      caption: { en: "messages after this one", ko: "뒤의 메시지들" },
      look: "neighbour",
    },
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
  bytes.length <= maxBytes ? hex(bytes) : `${hex(bytes.subarray(0, maxBytes))} … (+${bytes.length - maxBytes})`;
