import { expect, it } from "vitest";
import { timeTable } from "../lib/steps.mjs";

it("timeTable: the longest part first, the whole run last", () => {
  const parts = [
    { name: "types", seconds: 12.34, note: "" },
    { name: "unit", seconds: 123.45, note: "7 passed, 0 failed" },
  ];
  expect(timeTable(parts, 130)).toBe(
    [
      "time by part",
      "     unit          123.5 s  7 passed, 0 failed",
      "     types          12.3 s",
      "     whole run     130.0 s  parts that ran side by side add up to more",
    ].join("\n"),
  );
});
