import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";

const folder = new URL("../../api/", import.meta.url);
const reports = readdirSync(folder).map((name): [name: string, text: string] => {
  return [name, readFileSync(new URL(name, folder), "utf8")];
});

/** These tests need no build. `node tools/api.mjs --check`, which needs one, checks that the reports are up to date. */
describe("the reports in api/", () => {
  it.each(["core", "node", "browser", "testing"])("include exactly one report for each entry of %s", (name) => {
    const path = new URL(`../../packages/${name}/package.json`, import.meta.url);
    const { exports } = JSON.parse(readFileSync(path, "utf8")) as { exports: object };
    const entries = Object.keys(exports).map((entry) => `${entry.replace(".", name).replaceAll("/", "-")}.api.md`);
    const found = reports.map(([file]) => file).filter((file) => file.split(/[-.]/)[0] === name);
    expect(found.sort()).toEqual(entries.sort());
  });

  it.each(reports)("contain no path of the machine that wrote them: %s", (_, text) => {
    expect(text).not.toMatch(/node_modules|import\(["']\/|file:\/\//);
  });
});
