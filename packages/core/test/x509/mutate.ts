/**
 * The changes that fuzzing makes to the bytes or to the elements of DER. After a change to an element, the lengths
 * around it are corrected, so that the parser reaches the change.
 */
import fc from "fast-check";
import { concat } from "../../src/bytes/bytes.ts";
import { bytes } from "./make.ts";

/** Sets a byte, flips a bit, removes bytes, inserts a byte, or cuts off the end. */
export const byteChanges = fc.array(
  fc.tuple(fc.nat(), fc.constantFrom("set", "drop", "insert", "cut", "flip"), fc.nat(255)),
  { minLength: 1, maxLength: 4 },
);

export function changeBytes(original: Uint8Array, changes: readonly (readonly [number, string, number])[]): Uint8Array {
  let der: Uint8Array = original.slice();
  for (const [where, how, value] of changes) {
    const at = der.length ? where % der.length : 0;
    if (how === "set") der[at] = value;
    else if (how === "flip") der[at]! ^= 1 << (value & 7);
    else if (how === "cut") der = der.slice(0, at);
    else if (how === "drop") der = concat(der.slice(0, at), der.slice(at + 1 + (value & 15)));
    else der = concat(der.slice(0, at), bytes(value), der.slice(at));
  }
  return der;
}

/**
 * Gives an element another tag, other contents or a wrong length, removes it, repeats it, replaces it by another
 * element, or wraps it in another one.
 */
export const elementChanges = fc.array(
  fc.record({
    where: fc.nat(),
    how: fc.constantFrom("tag", "drop", "double", "swap", "borrow", "fill", "wrap", "length"),
    tag: fc.oneof(
      fc.constantFrom(1, 2, 3, 4, 5, 6, 12, 19, 22, 23, 24, 28, 30, 48, 49, 129, 130, 135, 160, 163, 164),
      fc.nat(255),
    ),
    fill: fc.uint8Array({ maxLength: 12 }),
    other: fc.nat(),
    length: fc.constantFrom(
      [0x80],
      [0x81, 1],
      [0x82, 0, 5],
      [0x83, 1, 0, 0],
      [0x84, 0xff, 0xff, 0xff, 0xff],
      [0x84, 0x7f, 0xff, 0xff, 0xff],
      [0x88, 1, 0, 0, 0, 0, 0, 0, 0],
      [0xff],
    ),
  }),
  { minLength: 1, maxLength: 3 },
);
type ElementChange = typeof elementChanges extends fc.Arbitrary<readonly (infer C)[]> ? C : never;

interface Node {
  tag: number;
  /** The byte before the children of a BIT STRING, which is the number of unused bits; empty for other types. */
  before: Uint8Array;
  children: Node[] | undefined;
  contents: Uint8Array;
  length?: readonly number[];
}

export function changeElements(original: Uint8Array, changes: readonly ElementChange[]): Uint8Array {
  const root: Node = { tag: 0, before: bytes(), children: elements(original) ?? [], contents: bytes() };
  for (const { where, how, tag, fill, other, length } of changes) {
    const places = walk(root);
    const place = places[where % places.length];
    if (!place) break;
    const { parent, index } = place;
    const node = parent.children![index]!;
    const donor = places[other % places.length]!;
    const donated = donor.parent.children![donor.index]!;
    if (how === "tag") node.tag = tag;
    else if (how === "drop") parent.children!.splice(index, 1);
    else if (how === "double") for (let i = 0; i <= other % 40; i++) parent.children!.splice(index, 0, copy(node));
    else if (how === "swap") parent.children!.splice(index, 1, copy(donated));
    else if (how === "borrow") Object.assign(node, { ...copy(donated), tag: node.tag });
    else if (how === "fill") Object.assign(node, { children: undefined, contents: fill, before: bytes() });
    else if (how === "length") node.length = length;
    else parent.children![index] = { tag, before: bytes(), children: [copy(node)], contents: bytes() };
  }
  return concat(...root.children!.map(encode));
}

const copy = (node: Node): Node => ({ ...node, ...(node.children && { children: node.children.map(copy) }) });

function walk(parent: Node): { parent: Node; index: number }[] {
  return (parent.children ?? []).flatMap((child, index) => [{ parent, index }, ...walk(child)]);
}

function encode({ tag, before, children, contents, length }: Node): Uint8Array {
  const value = children ? concat(before, ...children.map(encode)) : contents;
  const digits: number[] = [];
  for (let n = value.length; n; n >>= 8) digits.unshift(n & 255);
  const rightLength = value.length < 128 ? [value.length] : [0x80 | digits.length, ...digits];
  return concat(bytes(tag, ...(length ?? rightLength)), value);
}

/** Parses elements, also those in OCTET STRINGs and BIT STRINGs. `undefined` if the bytes are not DER elements. */
function elements(der: Uint8Array): Node[] | undefined {
  const nodes: Node[] = [];
  for (let at = 0; at < der.length; ) {
    const tag = der[at++]!;
    let length = der[at++] ?? Number.NaN;
    if (length > 0x80) {
      const width = length & 0x7f;
      length = 0;
      for (let i = 0; i < width; i++) length = length * 256 + (der[at++] ?? Number.NaN);
    }
    if (!(length <= der.length - at)) return undefined;
    const contents = der.slice(at, at + length);
    at += length;
    const before = contents.slice(0, tag === 3 ? 1 : 0);
    const inside =
      tag & 0x20 || ((tag === 3 || tag === 4) && length > 4) ? elements(contents.slice(before.length)) : undefined;
    nodes.push({ tag, before, children: inside, contents });
  }
  return nodes;
}
