/**
 * A decoded message as a list of fields, whatever its shape.
 * @module
 */
import type { Decoded } from "@handclasp/core";
import { describe } from "@handclasp/core/describe";
import { h } from "../dom.ts";
import type { KnownValue } from "../story.ts";
import { toned } from "./bytes.ts";

export const fields = (body: Decoded, known: readonly KnownValue[]): HTMLElement => shown(describe(body), known);

function shown(value: Decoded | undefined, known: readonly KnownValue[]): HTMLElement {
  if (value === null || value === undefined) return quiet("none");
  if (value instanceof Uint8Array) return value.length === 0 ? quiet("empty") : toned(value, known);
  if (isList(value)) return list(value, known);
  if (typeof value === "object") return struct(value, known);
  return h("code", {}, String(value));
}

function struct(value: { readonly [field: string]: Decoded }, known: readonly KnownValue[]): HTMLElement {
  const entries = Object.entries(value);
  if (entries.length === 0) return quiet("empty");
  const row = ([name, inner]: [string, Decoded]) => h("div", {}, h("dt", {}, name), h("dd", {}, shown(inner, known)));
  return h("dl", { class: "fields" }, ...entries.map(row));
}

function list(items: readonly Decoded[], known: readonly KnownValue[]): HTMLElement {
  if (items.length === 0) return quiet("none");
  return h("ul", { class: "items" }, ...items.map((item) => h("li", {}, shown(item, known))));
}

const isList = (value: Decoded): value is readonly Decoded[] => Array.isArray(value);

const quiet = (text: string): HTMLElement => h("span", { class: "quiet" }, text);
