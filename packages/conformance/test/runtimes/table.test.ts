import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import type { Row } from "../../src/runtimes/run.ts";
import { runtimes } from "../../src/runtimes/runtimes.ts";
import { withTable } from "../../src/runtimes/table.ts";

const readme = readFileSync(fileURLToPath(new URL("../../../../README.md", import.meta.url)), "utf8");
const [begin, end] = ["<!-- runtimes: pnpm runtimes --write -->", "<!-- end of runtimes -->"];
const [first, second] = runtimes as unknown as readonly [Row["runtime"], Row["runtime"]];

const row = (runtime: Row["runtime"], change: Partial<Row> = {}): Row => ({
  runtime,
  version: "1.2.3",
  provider: "noble",
  suite: { passed: 7, failures: [] },
  echoed: 1,
  isResumed: true,
  ...change,
});

test("the table has the rows in which everything worked, and no others", () => {
  const failures = [{ test: "a", error: "b" }];
  for (const change of [{ echoed: 0 }, { isResumed: false }, { suite: { passed: 7, failures } }] as Partial<Row>[]) {
    const text = withTable(`before\n${begin}\nold\n${end}\nafter`, [row(first), row(second, change)]);
    expect(text).toContain(`| ${first.name} | 1.2.3 |`);
    expect(text).not.toContain(second.name);
    expect(text).not.toContain("old");
    expect(text).toMatch(/^before\n[\s\S]*\nafter$/);
  }
});

test("a document without a place for the table is refused", () => {
  expect(() => withTable("no place", [])).toThrow("the document has no");
});

test("README has a row for every runtime", () => {
  const table = readme.slice(readme.indexOf(begin), readme.indexOf(end));
  expect(runtimes.length).toBeGreaterThanOrEqual(12);
  for (const { name } of runtimes) expect(table).toContain(`| ${name} |`);
});
