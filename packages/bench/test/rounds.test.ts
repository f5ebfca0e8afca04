import { expect, test } from "vitest";
import { verdict } from "../src/rounds.ts";

const spread = (from: number, median: number, to: number) => ({ from, median, to });
const before = spread(98, 100, 102);

test.each([
  ["dearer, clear of the old quartiles", spread(103, 105, 107), "worse"],
  ["dearer, but the quartiles overlap", spread(101, 105, 109), "same"],
  ["dearer, clear of the old quartiles, by less than 3 %", spread(102.1, 102.5, 103), "same"],
  ["cheaper, clear of the old quartiles", spread(93, 95, 97), "better"],
  ["cheaper, but the quartiles overlap", spread(91, 95, 99), "same"],
  ["cheaper, clear of the old quartiles, by less than 3 %", spread(97, 97.5, 97.9), "same"],
  ["the same", before, "same"],
])("%s: %s", (_, after, said) => {
  expect(verdict(before, after)).toBe(said);
});
