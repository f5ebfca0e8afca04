import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { type BogoConfig, outOfScope, readResult, report, switchedOff } from "../../src/bogo/results.ts";

const config = JSON.parse(readFileSync(new URL("../../bogo/config.json", import.meta.url), "utf8")) as BogoConfig;

describe("bogo/config.json", () => {
  test("has a reason for each test that is off", () => {
    const without = Object.entries(config.DisabledTests).filter(
      ([, reason]) => reason.replace(outOfScope, "").length < 6,
    );
    expect(without).toEqual([]);
  });
  test("a test of TLS 1.2 that is off is named, not matched by a pattern", () => {
    const off = switchedOff(config);
    expect(off.filter(([name]) => /[*?[\\]/.test(name))).toEqual([]);
    // 1,034 tests are in scope, and 900 are to pass.
    expect(off.length).toBeLessThanOrEqual(134);
  });
  test("maps each error to codes of ours, and none to whatever comes", () => {
    const sources = ["../../../core/src", "../../src/bogo"].flatMap((folder) => {
      const path = fileURLToPath(new URL(folder, import.meta.url));
      const names = readdirSync(path, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".ts"));
      return names.map((name) => readFileSync(join(path, name), "utf8"));
    });
    const codes = new Set(sources.flatMap((text) => text.match(/\b[a-z][a-z0-9_]+\b/g) ?? []));
    for (const [theirs, ours] of Object.entries(config.ErrorMap)) {
      expect(ours.length, theirs).toBeGreaterThan(0);
      for (const token of ours) expect(token, theirs).toMatch(/^:[a-z0-9_]+:$/);
      const unknown = ours.filter((token) => !codes.has(token.slice(1, -1).replace(/^peer_/, "")));
      expect(unknown, theirs).toEqual([]);
    }
  });
});

test("a run is counted, and what is off told with its reason", () => {
  const result = readResult("node", {
    tests: { One: { actual: "PASS" }, Two: { actual: "FAIL" }, Three: { actual: "SKIP" } },
  });
  expect(result).toEqual({ provider: "node", passed: 1, failed: ["Two"], unimplemented: ["Three"] });
  const off = { DisabledTests: { "*DTLS*": `${outOfScope}no DTLS`, Four: "not wanted" }, ErrorMap: {} };
  const text = report([result], off, "2026-11-25", "abc");
  expect(text).toContain("| node | 1 | 1 | 1 | 1 |");
  expect(text).toContain("### not wanted\n\n- Four\n");
  expect(text).not.toContain("DTLS");
});
