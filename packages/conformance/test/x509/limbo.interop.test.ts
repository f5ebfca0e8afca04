import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parsePemCertificates, toBase64 } from "@handclasp/core/unstable";

import { testCa } from "@handclasp/testing";
import { afterAll, describe, expect, test } from "vitest";

const command = fileURLToPath(new URL("../../dist/limbo.js", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "handclasp-limbo-"));
afterAll(() => rmSync(folder, { recursive: true }));

const ca = await testCa();
const certs = [ca.pem, (await ca.issue()).cert].map((pem) => toBase64(parsePemCertificates(pem)[0]!));
const one = { id: "one", tier: "must", kind: "SERVER", expect: "SUCCESS", roots: [0], ints: [], leaf: 1 };

function limbo(text: string, ...args: string[]): { lines: string[]; status: number | null; stderr: string } {
  const file = join(folder, "corpus.json");
  writeFileSync(file, text);
  const { stdout, stderr, status } = spawnSync(process.execPath, [command, ...args, file], { encoding: "utf8" });
  return { lines: stdout.trim().split("\n"), status, stderr };
}
const corpus = (...testcases: object[]) => JSON.stringify({ certs, testcases });

describe("limbo FILE", () => {
  test("the exit code is 0 if all verdicts of the tier must are right; other tiers are not judged", () => {
    const { lines, status } = limbo(corpus(one, { ...one, tier: "strict", expect: "FAILURE" }));
    expect(lines.at(-1)).toBe("must: 1 of 1");
    expect(status).toBe(0);
  });

  test("a wrong verdict is printed with its reason for each provider, counts once, and makes the exit code 1", () => {
    const wrong = { ...one, id: "two", roots: [] };
    const { lines, status } = limbo(corpus(one, wrong));
    for (const provider of ["noble", "node"])
      expect(lines.join("\n")).toMatch(
        new RegExp(`^wrong: two with ${provider}.*: expected SUCCESS, got FAILURE: unknown_issuer: `, "m"),
      );
    expect(lines.at(-1)).toBe("must: 1 of 2");
    expect(status).toBe(1);
    expect(
      limbo(corpus(one, wrong), "--provider", "noble").lines.filter((line) => line.startsWith("wrong")),
    ).toHaveLength(1);
  });

  test("the exit code is 2 for a file without a case of the tier must; a wrong provider prints the usage", () => {
    for (const text of ["", "{}", corpus({ ...one, tier: "skip" })]) {
      const { status, stderr } = limbo(text);
      expect(status).toBe(2);
      expect(stderr).toMatch(/^limbo: /);
    }
    expect(limbo(corpus(one), "--provider", "none").stderr).toMatch(/usage/);
  });
});
