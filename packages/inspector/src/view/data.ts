/**
 * Shows application data and its ciphertext next to each other, so that readers compare them.
 * @module
 */
import { h } from "../dom.ts";
import { hex } from "../hex.ts";
import type { RecordEvent } from "../story.ts";
import type { View } from "./view.ts";

export const dataGist = (record: RecordEvent, view: View): HTMLElement =>
  h("span", { class: "pair" }, plaintext(record, view), ciphertext(record, view));

function plaintext({ plaintext }: RecordEvent, { say }: View): HTMLElement {
  return h(
    "span",
    {},
    h("small", {}, say({ en: "Plaintext", ko: "평문" })),
    plaintext
      ? h("q", { "data-testid": "plaintext" }, new TextDecoder().decode(plaintext.subarray(0, 400)))
      : say({ en: "not in the trace", ko: "기록에 없음" }),
  );
}

function ciphertext({ header, fragment }: RecordEvent, { say }: View): HTMLElement {
  const excerpt = fragment.subarray(0, 27);
  return h(
    "span",
    {},
    h("small", {}, say({ en: "Sent on the wire", ko: "선으로 보낸 것" })),
    h(
      "code",
      { class: "hex", "data-testid": "ciphertext" },
      `${hex(header)} ${hex(excerpt)}${excerpt.length < fragment.length ? " …" : ""}`,
    ),
  );
}
