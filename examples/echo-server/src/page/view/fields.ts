/**
 * A decoded message as a list of fields, whatever its shape.
 * @module
 */
import type { Decoded } from "@handclasp/core";
import { h } from "../dom.ts";
import { extensionContent, nameNumber } from "../names.ts";
import type { KnownValue } from "../story.ts";
import { toned } from "./bytes.ts";

type Struct = { readonly [field: string]: Decoded };

/** `field` is the name of the field that holds `body`: numbers are named by it. */
export function fields(body: Decoded, known: readonly KnownValue[], field = ""): HTMLElement {
  if (body === null || body === undefined) return quiet("none");
  if (body instanceof Uint8Array) return body.length === 0 ? quiet("empty") : toned(body, known);
  if (typeof body === "number") return h("code", {}, nameNumber(field, body));
  if (isList(body)) return list(body, known, field);
  if (typeof body === "object") return isExtension(body) ? extension(body, known) : struct(body, known);
  return h("code", {}, String(body));
}

function struct(body: Struct, known: readonly KnownValue[]): HTMLElement {
  const entries = Object.entries(body);
  return entries.length === 0
    ? quiet("empty")
    : rows(entries.map(([name, value]) => [name, fields(value, known, name)]));
}

function list(items: readonly Decoded[], known: readonly KnownValue[], field: string): HTMLElement {
  if (items.length === 0) return quiet("none");
  return h("ul", { class: "items" }, ...items.map((item) => h("li", {}, fields(item, known, field))));
}

const extension = ({ type, data }: Extension, known: readonly KnownValue[]): HTMLElement =>
  rows([[nameNumber("extension", type), fields(extensionContent(type, data), known)]]);

const rows = (entries: readonly (readonly [string, HTMLElement])[]): HTMLElement =>
  h("dl", { class: "fields" }, ...entries.map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, value))));

interface Extension {
  readonly type: number;
  readonly data: Uint8Array;
}

const isExtension = (body: Struct | Extension): body is Extension =>
  typeof body.type === "number" && body.data instanceof Uint8Array;
const isList = (body: Decoded): body is readonly Decoded[] => Array.isArray(body);

const quiet = (text: string): HTMLElement => h("span", { class: "quiet" }, text);
