import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";

const main = fileURLToPath(new URL("../dist/main.js", import.meta.url));

interface Rows {
  readonly rows: readonly { readonly subject: string; readonly cpuRatio: number; readonly speed: number }[];
}

interface Cells {
  readonly cells: readonly (readonly (string | number)[])[];
}

const ends = ["Handclasp", "node:tls"];

async function bench<T>(only: string, names: readonly string[], ...more: readonly string[]): Promise<readonly T[]> {
  const chosen = names.flatMap((name) => ["--subject", name]);
  const effort = more.includes("--quick") ? [] : ["--smoke"];
  const args = [main, ...effort, "--json", "--only", only, ...chosen, ...more];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  return JSON.parse(stdout) as T[];
}

// These tests check that the scenarios run and give figures. They do not check how large the figures are.
test.each(["bulk-down", "resumed-ecdsa"])("the scenario %s gives figures with --smoke", async (only) => {
  const tables = await bench<Rows>(only, ends);
  expect(tables.length).toBeGreaterThan(0);
  for (const { rows } of tables) {
    if (only !== "resumed-ecdsa") expect(rows.map(({ subject }) => subject)).toEqual(ends);
    // If a subject could not be measured, it has no figures, and Math.min is NaN.
    for (const { cpuRatio, speed } of rows) expect(Math.min(cpuRatio, speed)).toBeGreaterThan(0);
  }
});

test("the scenario socket compares the channel, its sockets and node:tls", async () => {
  const tables = await bench<Rows>("socket", [], "--size", "16384");
  expect(tables.map(({ rows }) => rows.length)).toEqual([4, 4, 4, 4, 8]);
  for (const { rows } of tables) {
    for (const { speed } of rows) expect(speed).toBeGreaterThan(0);
  }
});

test("the scenario cold-ecdsa gives figures with --quick, in 2 lines", async () => {
  const [table] = await bench<Cells>("cold-ecdsa", ends, "--quick", "--rounds", "1");
  expectFigures(table, 2);
});

test("the scenario small gives figures with --smoke, for both rates", async () => {
  const [table] = await bench<Cells>("small", ["Handclasp"]);
  expectFigures(table, 2);
});

function expectFigures(table: Cells | undefined, lines: number): void {
  expect(table?.cells).toHaveLength(lines);
  for (const [, ...figures] of table?.cells ?? []) expect(Math.min(...figures.map(Number))).toBeGreaterThan(0);
}

test("the scenario floor gives figures with --smoke, for both directions", async () => {
  const [table] = await bench<Cells>("floor", [], "--size", "16384");
  expect(table?.cells.map(([direction]) => direction)).toEqual(["down, writes of", "up, writes of"]);
  for (const [, size, ...figures] of table?.cells ?? []) {
    expect(size).toBe(16_384);
    expect(figures).toHaveLength(8);
    for (const figure of figures) expect(figure).toBeGreaterThan(0);
  }
});

test("the scenario versus gives figures and verdicts with --smoke, for a worktree against itself", async () => {
  const root = fileURLToPath(new URL("../../..", import.meta.url));
  const tables = await bench<Cells>("versus", [], "--old", root, "--size", "1024");
  expect(tables.map(({ cells }) => cells.map(([what, cost]) => `${what}: ${cost}`))).toEqual([
    ["writes of 1 KiB: time", "writes of 1 KiB: CPU of both ends"],
    ["writes of 1 KiB: time", "writes of 1 KiB: CPU of both ends"],
    [
      "full handshake: CPU of the server",
      "full handshake: CPU of the client",
      "resumed handshake: CPU of the server",
      "resumed handshake: CPU of the client",
    ],
  ]);
  for (const [, , before, , after, , ratio, verdict] of tables.flatMap(({ cells }) => cells)) {
    for (const figure of [before, after, ratio]) expect(figure).toBeGreaterThan(0);
    expect(["worse", "better", "same"]).toContain(verdict);
  }
});

// `npm test` and scripts/with-browsers.mjs set HANDCLASP_CHROMIUM to the Chromium that they found.
const chromium = process.env.HANDCLASP_CHROMIUM;
const reason = chromium ? "" : ": no Chromium; set HANDCLASP_CHROMIUM to its path";
const pageUp = `the scenario page-up gives figures with --smoke${reason}`;
test.skipIf(!chromium)(pageUp, async () => {
  const pages = ["Handclasp, WebCrypto", "raw, same messages"];
  const tables = await bench<Rows>("page-up", pages);
  expect(tables.length).toBeGreaterThan(0);
  for (const { rows } of tables) {
    expect(rows.map(({ subject }) => subject)).toEqual(pages);
    for (const { speed } of rows) expect(speed).toBeGreaterThan(0);
  }
});

test("--write merges the figures with the stored ones, and writes the document and a plot", async () => {
  const docs = await mkdtemp(join(tmpdir(), "handclasp-bench-"));
  const path = join(docs, "performance.md");
  try {
    const [memory] = await bench<Cells>("memory", ends, "--write", "--docs", docs);
    expectFigures(memory, 4);
    const [handshakes] = await bench<Rows>("handshake-ecdsa", ends, "--write", "--docs", docs);
    expect(handshakes?.rows.map(({ subject }) => subject)).toEqual(ends);
    for (const { cpuRatio, speed } of handshakes?.rows ?? []) expect(Math.min(cpuRatio, speed)).toBeGreaterThan(0);
    const text = await readFile(path, "utf8");
    expect(text).toMatch(/^## In short$/m);
    expect(text).toMatch(/^### Handshakes over a pair of transports in memory$/m);
    expect(text).toContain("](performance/handshakes.svg)");
    expect(await readFile(join(docs, "performance", "handshakes.svg"), "utf8")).toMatch(/^<svg /);
  } finally {
    await rm(docs, { recursive: true });
  }
});
