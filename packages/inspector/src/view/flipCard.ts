import { h } from "../dom.ts";
import type { Flip } from "../event.ts";
import { hex, hexByte } from "../hex.ts";
import type { View } from "./view.ts";

/** Shows the altered byte with its neighbours. */
export function flipCard({ record, offset, before, after }: Flip, { say }: View): HTMLElement {
  const from = Math.max(0, offset - 4);
  return h(
    "div",
    { class: "card" },
    h(
      "p",
      { class: "head" },
      h("h3", {}, say({ en: "Someone on the path flips one bit", ko: "경로의 누군가가 비트 하나를 뒤집습니다" })),
      h(
        "span",
        { class: "size" },
        say({
          en: `byte ${offset + 1} of ${record.length}`,
          ko: `${record.length}바이트 중 ${offset + 1}번째`,
        }),
      ),
    ),
    h(
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
    ),
    h(
      "p",
      {},
      say({
        en: "This is the path’s fault, not the fault of either end: both ends sent the correct bytes.",
        ko: "이것은 양 끝의 잘못이 아니라 경로의 잘못입니다. 양 끝은 올바른 바이트를 보냈습니다.",
      }),
    ),
  );
}
