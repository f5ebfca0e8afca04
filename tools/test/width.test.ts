import { expect, it } from "vitest";
import { wideLines } from "../width.mjs";

it("a line of code or of a comment has at most 120 columns, counted in characters", () => {
  const line = (length: number) => "§".repeat(length);
  expect(wideLines("a.ts", `${line(120)}\n${line(121)}\n`)).toEqual([2]);
  expect(wideLines("a.ts", `const key = "${"0f".repeat(80)}";`)).toEqual([]);
  expect(wideLines("a.md", line(500))).toEqual([]);
  expect(wideLines("packages/testing/src/vectors/a.ts", line(500))).toEqual([]);
});
