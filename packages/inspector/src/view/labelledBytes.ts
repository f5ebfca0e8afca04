/**
 * Shows the bytes of a message. The reader points at bytes, or walks through them with the arrow keys, and sees the
 * field, its section in the RFC and its meaning.
 * @module
 */
import { type Field, layout } from "@handclasp/core/describe";
import { h } from "../dom.ts";
import { hex } from "../hex.ts";
import { fieldName, meaningOf } from "../meanings.ts";
import type { View } from "./view.ts";

/** A stretch of bytes whose most exact field is the same. */
interface Stretch {
  readonly field: Field;
  readonly start: number;
  end: number;
}

let nextId = 0;

export function labelledBytes(bytes: Uint8Array, { story, say }: View): HTMLElement {
  const fields = layout(bytes, story.suite?.name);
  const stretches = stretchesOf(bytes.length, fields);
  const id = `bytes-${nextId++}`;
  const options = stretches.map(({ field, start, end }, i) =>
    h(
      "span",
      {
        role: "option",
        id: `${id}-${i}`,
        "aria-selected": "false",
        "data-path": field.path,
      },
      hex(bytes.subarray(start, end)),
    ),
  );
  const label = h("p", { class: "label", "data-testid": "byte-label", "aria-live": "polite" });
  const box = h(
    "div",
    {
      class: "hex labelled",
      role: "listbox",
      tabindex: "0",
      "data-testid": "bytes",
      "aria-label": say({ en: "The bytes of the message", ko: "메시지의 바이트" }),
    },
    ...options.flatMap((option) => [option, " "]),
  );
  let current = -1;
  const select = (index: number): void => {
    const stretch = stretches[index];
    if (!stretch || index === current) return;
    options[current]?.setAttribute("aria-selected", "false");
    options[index]?.setAttribute("aria-selected", "true");
    current = index;
    box.setAttribute("aria-activedescendant", `${id}-${index}`);
    const { field } = stretch;
    const meaning = meaningOf(field);
    label.replaceChildren(
      h("strong", {}, fieldName(field)),
      h("span", { class: "quiet" }, ` ${field.section} · ${range(stretch, say)}`),
      ...(field.value === undefined ? [] : [h("code", { class: "value" }, field.value)]),
      ...(meaning ? [h("span", { class: "meaning" }, say(meaning))] : []),
    );
  };
  const selectTarget = (event: Event): void => {
    const option = event.target instanceof Element ? event.target.closest<HTMLElement>("[role=option]") : null;
    if (option) select(options.indexOf(option));
  };
  box.addEventListener("pointerover", selectTarget);
  box.addEventListener("click", selectTarget);
  box.addEventListener("keydown", (event) => {
    const destinations: Readonly<Record<string, number>> = {
      ArrowRight: current + 1,
      ArrowDown: current + 1,
      ArrowLeft: Math.max(0, current - 1),
      ArrowUp: Math.max(0, current - 1),
      Home: 0,
      End: stretches.length - 1,
    };
    const destination = destinations[event.key];
    if (destination === undefined) return;
    event.preventDefault();
    select(Math.min(destination, stretches.length - 1));
    options[current]?.scrollIntoView({ block: "nearest" });
  });
  select(0);
  return h(
    "figure",
    { class: "record" },
    h(
      "figcaption",
      {},
      say({ en: "Every byte: point at one, or use the arrow keys", ko: "모든 바이트: 가리키거나 화살표 키를 쓰세요" }),
    ),
    label,
    box,
  );
}

const range = ({ start, end }: Stretch, say: View["say"]): string =>
  end === start + 1
    ? say({ en: `byte ${start}`, ko: `${start}번 바이트` })
    : say({ en: `bytes ${start} to ${end - 1}`, ko: `${start}번부터 ${end - 1}번까지의 바이트` });

/** Cuts a message into stretches. Fields are in the order in which a field precedes the fields inside it. */
function stretchesOf(length: number, fields: readonly Field[]): readonly Stretch[] {
  const exact = Array.from<Field | undefined>({ length });
  for (const field of fields) exact.fill(field, field.start, field.end);
  const stretches: Stretch[] = [];
  for (const [i, field] of exact.entries()) {
    const last = stretches.at(-1);
    if (last && last.field === field) last.end = i + 1;
    else if (field) stretches.push({ field, start: i, end: i + 1 });
  }
  return stretches;
}
