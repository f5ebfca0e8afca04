/** The comparison of `pnpm wpt`, and the exceptions that docs/wpt.md lists. */
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { checkExceptions, readExceptions } from "../../src/wpt/exceptions.ts";
import { reportOf, rows, withRows } from "../../src/wpt/report.ts";
import { compare, type Results, type Subtest } from "../../src/wpt/results.ts";

const file = "/websockets/a.html";
const results = (tests: readonly Subtest[], failure?: string): Results => ({
  engine: "chromium",
  version: "1",
  results: [{ path: file, file, tests, failure }],
});
const pass = (name: string): Subtest => ({ name, status: "PASS" });
const fail = (name: string): Subtest => ({ name, status: "FAIL", message: "why" });
const everything = (): boolean => true;

describe("compare", () => {
  test("a subtest that passes with the engine's own class alone is lost, and the reverse is won", () => {
    const own = results([pass("both"), pass("lost"), fail("won"), fail("neither")]);
    const ours = results([pass("both"), fail("lost"), pass("won"), fail("neither")]);
    const { lost, won, subtests, passed } = compare(own, ours, everything);
    expect(lost.map(({ name, how }) => [name, how])).toEqual([["lost", "FAIL: why"]]);
    expect({ won, subtests, passed }).toEqual({ won: 1, subtests: 4, passed: { own: 2, ours: 2 } });
  });

  test("a subtest that a page did not report is lost", () => {
    const { lost, filesPassed } = compare(results([pass("a")]), results([], "the page crashed"), everything);
    expect(lost.map(({ how }) => how)).toEqual(["not reported: the page crashed"]);
    expect(filesPassed).toEqual({ own: 1, ours: 0 });
  });

  test("the port in a name does not matter", () => {
    const { lost } = compare(results([pass("ws://localhost:1/")]), results([pass("ws://localhost:2/")]), everything);
    expect(lost).toEqual([]);
  });
});

describe("exceptions", () => {
  const table = (row: string): string =>
    `# T\n\n## Exceptions\n\n| Engines | File | Subtest | Reason |\n|---|---|---|---|\n${row}\n`;
  const exceptions = readExceptions(table("| chromium, node | a | lost | because |"));
  const { lost } = compare(results([pass("lost")]), results([fail("lost")]), everything);

  test("a loss must be listed for its engine", () => {
    expect(checkExceptions("chromium", lost, exceptions)).toEqual({ notListed: [], notSeen: [] });
    expect(checkExceptions("firefox", lost, exceptions)).toEqual({ notListed: lost, notSeen: [] });
    expect(checkExceptions("chromium", lost, []).notListed).toEqual(lost);
  });

  test("an exception must occur", () => {
    expect(checkExceptions("node", [], exceptions).notSeen).toEqual(exceptions);
  });

  test("a row without a reason or with an unknown engine is refused", () => {
    expect(() => readExceptions(table("| chromium | a | lost | |"))).toThrow("no engine, file, subtest and reason");
    expect(() => readExceptions(table("| opera | a | lost | because |"))).toThrow("no engine");
  });
});

test("docs/wpt.md has a table of exceptions that can be read, and one of results that can be written", () => {
  const document = readFileSync(new URL("../../../../docs/wpt.md", import.meta.url), "utf8");
  expect(readExceptions(document).length).toBeGreaterThan(0);
  const report = { ...reportOf(results([pass("a")]), results([pass("a")])), version: "none" };
  const [row = ""] = rows(report);
  const written = withRows(document, report);
  expect(written).toContain(row);
  expect(withRows(written, report)).toBe(written);
});
