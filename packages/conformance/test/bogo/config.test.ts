import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import {
  type BogoConfig,
  outOfScope,
  readExpectedFailures,
  readResult,
  report,
  switchedOff,
  unusedMappings,
} from "../../src/bogo/results.ts";

const config = JSON.parse(readFileSync(new URL("../../bogo/config.json", import.meta.url), "utf8")) as BogoConfig;

describe("bogo/config.json", () => {
  test("has a reason for each test that does not run", () => {
    const withoutReason = Object.entries(config.DisabledTests).filter(
      ([, reason]) => reason.replace(outOfScope, "").length < 6,
    );
    expect(withoutReason).toEqual([]);
  });
  test("switches off tests in scope by name, not by a pattern, and at most 149 of them", () => {
    const off = switchedOff(config);
    expect(off.filter(([name]) => /[*?[\\]/.test(name))).toEqual([]);
    // 1,114 tests are in scope, and 965 of them must run.
    expect(off.length).toBeLessThanOrEqual(149);
  });
  test("maps each error of BoringSSL to one or more existing codes of Handclasp", () => {
    const sources = ["../../../core/src", "../../src/bogo"].flatMap((folder) => {
      const path = fileURLToPath(new URL(folder, import.meta.url));
      const names = readdirSync(path, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".ts"));
      return names.map((name) => readFileSync(join(path, name), "utf8"));
    });
    const codes = new Set(sources.flatMap((text) => text.match(/\b[a-z][a-z0-9_]+\b/g) ?? []));
    for (const [boringCode, mapped] of Object.entries(config.ErrorMap)) {
      expect(mapped.length, boringCode).toBeGreaterThan(0);
      for (const token of mapped) expect(token, boringCode).toMatch(/^:[a-z0-9_]+:$/);
      const unknown = mapped.filter((token) => !codes.has(token.slice(1, -1).replace(/^peer_/, "")));
      expect(unknown, boringCode).toEqual([]);
    }
  });
});

const wrongFailure = (runnerError: string, code: string) => ({
  actual: "FAIL" as const,
  error:
    'unexpected error\ngot:\n\tlocal: "EOF"\n\n' +
    `want:\n\tlocal: "${runnerError}"\n\tremote: "${code}"${code && " mapped to one of:"}\n`,
});

test("the results of the shim that always fails give the failures that tests expect, and the unused mappings", () => {
  const failures = readExpectedFailures({
    tests: {
      Positive: { actual: "FAIL", error: 'unexpected failure\ngot:\n\tlocal: "EOF"\n' },
      Code: wrongFailure("", ":BAD_ALERT:"),
      Both: wrongFailure("remote error: illegal parameter", ":WRONG_CURVE:"),
      Runner: wrongFailure("tls: unexpected server name", ""),
      Any: { actual: "PASS" },
    },
  });
  expect(failures).toEqual([
    { code: ":BAD_ALERT:", runnerError: "" },
    { code: ":WRONG_CURVE:", runnerError: "remote error: illegal parameter" },
    { code: "", runnerError: "tls: unexpected server name" },
    { code: "", runnerError: "" },
  ]);
  const ErrorMap = { ":BAD_ALERT:": [":bad_alert:"], ":NO_RENEGOTIATION:": [":no_renegotiation:"] };
  expect(unusedMappings({ DisabledTests: {}, ErrorMap }, failures)).toEqual([":NO_RENEGOTIATION:"]);
});

test("the report counts outcomes and comparisons, and gives the reason for each test that is switched off", () => {
  const result = readResult("node", {
    tests: { One: { actual: "PASS" }, Two: { actual: "FAIL" }, Three: { actual: "SKIP" } },
  });
  expect(result).toEqual({ provider: "node", passed: 1, failed: ["Two"], unimplemented: ["Three"] });
  const text = report({
    results: [result],
    failures: [
      { code: ":A:", runnerError: "" },
      { code: ":A:", runnerError: "remote error: decode error" },
      { code: "", runnerError: "no fallback SCSV found" },
    ],
    config: { DisabledTests: { "*DTLS*": `${outOfScope}no DTLS`, Four: "Not wanted" }, ErrorMap: {} },
    date: "2026-11-25",
    revision: "abc",
  });
  expect(text).toContain("| node | 1 | 1 | 1 | 1 |");
  expect(text).toContain("3 of the tests that run expect the connection to fail.");
  expect(text).toContain("the error code that the shim prints, in 2 tests;");
  expect(text).toContain("the alert that the shim sends, in 1 tests;");
  expect(text).toContain("- Not wanted. `Four`\n");
  expect(text).not.toContain("DTLS");
});
