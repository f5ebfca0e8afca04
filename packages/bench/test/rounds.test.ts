import { expect, test } from "vitest";
import { verdictOf } from "../src/rounds.ts";

const spread = (from: number, median: number, to: number) => ({ from, median, to });
const before = spread(98, 100, 102);

test.each([
  ["a higher cost above the old quartiles", "worse", spread(103, 105, 107)],
  ["a higher cost whose quartiles overlap the old ones", "same", spread(101, 105, 109)],
  ["a higher cost above the old quartiles, by less than 3 %", "same", spread(102.1, 102.5, 103)],
  ["a lower cost below the old quartiles", "better", spread(93, 95, 97)],
  ["a lower cost whose quartiles overlap the old ones", "same", spread(91, 95, 99)],
  ["a lower cost below the old quartiles, by less than 3 %", "same", spread(97, 97.5, 97.9)],
  ["an equal cost", "same", before],
])("%s counts as %s", (_, verdict, after) => {
  expect(verdictOf(before, after)).toBe(verdict);
});
