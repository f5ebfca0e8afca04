import { describe, expect, test } from "vitest";
import { concat } from "../../src/bytes/bytes.ts";
import { Der, derElement, derInteger, tags } from "../../src/bytes/der.ts";

describe("written DER", () => {
  test.each([
    [0, [4, 0]],
    [127, [4, 127]],
    [128, [4, 0x81, 128]],
    [255, [4, 0x81, 255]],
    [256, [4, 0x82, 1, 0]],
    [65_536, [4, 0x83, 1, 0, 0]],
  ])("the length of an element with %i bytes of content is encoded in the fewest bytes", (length, header) => {
    const contents = new Uint8Array(length).fill(7);
    const written = derElement(tags.octetString, contents.subarray(0, 100), contents.subarray(100));
    expect(written).toEqual(concat(Uint8Array.from(header), contents));
    expect(new Der(written).contents(tags.octetString)).toEqual(contents);
  });

  test.each([
    [[0], [2, 1, 0]],
    [
      [0, 0],
      [2, 1, 0],
    ],
    [[127], [2, 1, 127]],
    [[128], [2, 2, 0, 128]],
    [
      [0, 0, 1, 2],
      [2, 2, 1, 2],
    ],
    [
      [0, 255, 0],
      [2, 3, 0, 255, 0],
    ],
  ])("an INTEGER with the bytes %j is written in the fewest bytes that keep it non-negative", (bytes, written) => {
    expect(derInteger(Uint8Array.from(bytes))).toEqual(Uint8Array.from(written));
  });
});
