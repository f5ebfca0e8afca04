/**
 * Shows a decoded message as a list of fields.
 * @module
 */
import type { Decoded } from "@handclasp/core";
import { describe } from "@handclasp/core/describe";
import { h } from "../dom.ts";
import type { Text } from "../text.ts";
import { markedHex } from "./bytes.ts";
import type { View } from "./view.ts";

export const showFields = (body: Decoded, view: View): HTMLElement => showValue(describe(body), view);

function showValue(value: Decoded | undefined, view: View): HTMLElement {
  if (value === null || value === undefined) return quiet(view.say(none));
  if (value instanceof Uint8Array)
    return value.length === 0 ? quiet(view.say(empty)) : markedHex(value, view.story.knownValues);
  if (isList(value)) return showList(value, view);
  if (typeof value === "object") return showStruct(value, view);
  return h("code", {}, String(value));
}

function showStruct(value: { readonly [field: string]: Decoded }, view: View): HTMLElement {
  const entries = Object.entries(value);
  if (entries.length === 0) return quiet(view.say(empty));
  const row = ([name, inner]: [string, Decoded]) =>
    h("div", {}, h("dt", {}, name), h("dd", {}, showValue(inner, view)));
  return h("dl", { class: "fields" }, ...entries.map(row));
}

function showList(items: readonly Decoded[], view: View): HTMLElement {
  if (items.length === 0) return quiet(view.say(none));
  return h("ul", { class: "items" }, ...items.map((item) => h("li", {}, showValue(item, view))));
}

const none: Text = { en: "none", ko: "없음" };
const empty: Text = { en: "empty", ko: "비어 있음" };

const isList = (value: Decoded): value is readonly Decoded[] => Array.isArray(value);

const quiet = (text: string): HTMLElement => h("span", { class: "quiet" }, text);
