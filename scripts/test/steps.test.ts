import { expect, it } from "vitest";
import { timeTable } from "../lib/steps.mjs";

it("timeTable lists the longest part first and the total last", () => {
  const parts = [
    { name: "types", seconds: 12.34, note: "" },
    { name: "unit", seconds: 123.45, note: "7 passed, 0 failed" },
  ];
  expect(timeTable(parts, 130)).toBe(
    [
      "time by part",
      "     unit          123.5 s  7 passed, 0 failed",
      "     types          12.3 s",
      "     total         130.0 s  less than the sum, because parts run at the same time",
    ].join("\n"),
  );
});
