import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";

const main = fileURLToPath(new URL("../dist/main.js", import.meta.url));

/** No figure is tested here: only that the harness still runs, so that it is there when figures are wanted. */
test.each(["handshake-ecdsa", "bulk-down"])("%s, at its quickest", async (only) => {
  const names = ["Handclasp", "node:tls"];
  const chosen = names.flatMap((name) => ["--subject", name]);
  const { stdout } = await promisify(execFile)(process.execPath, [
    main,
    "--quick",
    "--json",
    "--only",
    only,
    ...chosen,
  ]);
  const tables = JSON.parse(stdout) as { rows: { subject: string; cpuRatio: number; speed: number }[] }[];
  expect(tables.length).toBeGreaterThan(0);
  for (const { rows } of tables) {
    expect(rows.map(({ subject }) => subject)).toEqual(names);
    for (const { cpuRatio, speed } of rows) expect(Math.min(cpuRatio, speed)).toBeGreaterThan(0);
  }
});
