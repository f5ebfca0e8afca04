/**
 * Shows a decoded message as a list of fields.
 * @module
 */
import type { Decoded } from "@handclasp/core";
import { describe } from "@handclasp/core/describe";
import { h } from "../dom.ts";
import type { KnownValue } from "../story.ts";
import { markedHex } from "./bytes.ts";

export const showFields = (body: Decoded, knownValues: readonly KnownValue[]): HTMLElement =>
  showValue(describe(body), knownValues);

function showValue(value: Decoded | undefined, knownValues: readonly KnownValue[]): HTMLElement {
  if (value === null || value === undefined) return quiet("none");
  if (value instanceof Uint8Array) return value.length === 0 ? quiet("empty") : markedHex(value, knownValues);
  if (isList(value)) return showList(value, knownValues);
  if (typeof value === "object") return showStruct(value, knownValues);
  return h("code", {}, String(value));
}

function showStruct(value: { readonly [field: string]: Decoded }, knownValues: readonly KnownValue[]): HTMLElement {
  const entries = Object.entries(value);
  if (entries.length === 0) return quiet("empty");
  const row = ([name, inner]: [string, Decoded]) =>
    h("div", {}, h("dt", {}, name), h("dd", {}, showValue(inner, knownValues)));
  return h("dl", { class: "fields" }, ...entries.map(row));
}

function showList(items: readonly Decoded[], knownValues: readonly KnownValue[]): HTMLElement {
  if (items.length === 0) return quiet("none");
  return h("ul", { class: "items" }, ...items.map((item) => h("li", {}, showValue(item, knownValues))));
}

const isList = (value: Decoded): value is readonly Decoded[] => Array.isArray(value);

const quiet = (text: string): HTMLElement => h("span", { class: "quiet" }, text);
