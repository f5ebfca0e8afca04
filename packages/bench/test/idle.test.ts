import { expect, test } from "vitest";
import { idleCells } from "../src/scenarios/idle.ts";

const samples = new Map([
  ["raw ws", [{ heap: 8, rss: 16 }]],
  ["Handclasp", [{ heap: 10, rss: 20 }]],
]);
const ours = new Map([...samples].slice(1));

test("an idle connection is compared with raw ws", () => {
  expect(idleCells([...samples.keys()], samples, new Map())).toEqual([
    ["raw ws", 8, 0, 16],
    ["Handclasp", 10, 2, 20],
  ]);
});

test("if raw ws was not measured, there is no comparison, and no NaN", () => {
  const row = ["Handclasp", 10, "not measured", 20];
  expect(idleCells(["Handclasp"], ours, new Map())).toEqual([row]);
  const failures = new Map([["raw ws", "no port"]]);
  expect(idleCells([...samples.keys()], ours, failures)).toEqual([["raw ws", "not measured: no port", "", ""], row]);
});
