/**
 * Shows an event on the path between the two ends, or a note.
 * @module
 */
import { type Child, h } from "../dom.ts";
import type { Flip, PathEvent } from "../event.ts";
import { hex, hexByte } from "../hex.ts";
import type { Text } from "../text.ts";
import type { View } from "./view.ts";

const titles: Readonly<Record<PathEvent["type"], Text>> = {
  flip: { en: "Someone on the path flips one bit", ko: "경로의 누군가가 비트 하나를 뒤집습니다" },
  replay: { en: "Someone on the path sends the record again", ko: "경로의 누군가가 레코드를 다시 보냅니다" },
  cut: { en: "Someone on the path cuts the connection", ko: "경로의 누군가가 연결을 끊습니다" },
};

const texts: Readonly<Record<PathEvent["type"], Text>> = {
  flip: {
    en: "This is the path’s fault, not the fault of either end: both ends sent the correct bytes.",
    ko: "이것은 양 끝의 잘못이 아니라 경로의 잘못입니다. 양 끝은 올바른 바이트를 보냈습니다.",
  },
  replay: {
    en: "The copy has the sequence number of the first one, but the receiver expects the next number.",
    ko: "복사본의 순서 번호는 처음 것과 같지만, 받는 쪽은 다음 번호를 기대합니다.",
  },
  cut: {
    en:
      "There is no close_notify, which only the other end can send. So the end is not clean, and data " +
      "may be missing.",
    ko: "상대만 보낼 수 있는 close_notify가 없습니다. 그래서 깨끗한 끝이 아니고, 데이터가 빠졌을 수 있습니다.",
  },
};

export const pathTitle = ({ type }: PathEvent): Text => titles[type];

export function pathCard(event: PathEvent, { say }: View): HTMLElement {
  const size = event.type === "flip" ? say(place(event)) : "";
  return card(say(titles[event.type]), size, event.type === "flip" && alteredBytes(event), say(texts[event.type]));
}

export const noteCard = (title: string, text: string): HTMLElement => card(title, "", false, text);

const card = (title: string, size: string, middle: Child, text: string): HTMLElement =>
  h(
    "div",
    { class: "card" },
    h("div", { class: "head" }, h("h3", {}, title), h("span", { class: "size" }, size)),
    middle,
    h("p", {}, text),
  );

const place = ({ offset, record }: Flip): Text => ({
  en: `byte ${offset} of ${record.length}`,
  ko: `${record.length}바이트 중 ${offset}번`,
});

/** Shows the altered byte with its neighbours. */
function alteredBytes({ record, offset, before, after }: Flip): HTMLElement {
  const from = Math.max(0, offset - 4);
  return h(
    "p",
    {},
    h(
      "code",
      { class: "hex" },
      `${from > 0 ? "… " : ""}${hex(record.subarray(from, offset))} `,
      h("del", {}, hexByte(before)),
      " ",
      h("ins", {}, hexByte(after)),
      ` ${hex(record.subarray(offset + 1, offset + 5))}`,
    ),
  );
}
