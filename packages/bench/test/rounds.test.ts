import { expect, test } from "vitest";
import { verdict } from "../src/rounds.ts";

const spread = (from: number, median: number, to: number) => ({ from, median, to });
const before = spread(98, 100, 102);

test.each([
  ["slower, outside the old quartiles", spread(103, 105, 107), "worse"],
  ["slower, but the quartiles overlap", spread(101, 105, 109), "same"],
  ["slower, outside the old quartiles, by less than 3 %", spread(102.1, 102.5, 103), "same"],
  ["faster, outside the old quartiles", spread(93, 95, 97), "better"],
  ["faster, but the quartiles overlap", spread(91, 95, 99), "same"],
  ["faster, outside the old quartiles, by less than 3 %", spread(97, 97.5, 97.9), "same"],
  ["the same", before, "same"],
])("%s: %s", (_, after, expected) => {
  expect(verdict(before, after)).toBe(expected);
});
