import { expect, it } from "vitest";
import { wideLines } from "../width.mjs";

it("wideLines reports code of more than 120 columns, but no hexadecimal values, Markdown and vectors", () => {
  const line = (length: number) => "§".repeat(length);
  expect(wideLines("a.ts", `${line(120)}\n${line(121)}\n`)).toEqual([2]);
  expect(["a.tsx", "a.vue"].map((file) => wideLines(file, line(121)))).toEqual([[1], [1]]);
  expect(wideLines("a.ts", `const key = "${"0f".repeat(80)}";`)).toEqual([]);
  expect(wideLines("a.md", line(500))).toEqual([]);
  expect(wideLines("packages/testing/src/vectors/a.ts", line(500))).toEqual([]);
});
