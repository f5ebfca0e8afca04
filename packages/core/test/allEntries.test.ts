import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import * as whole from "../src/allEntries.ts";

type Conditions = Readonly<Record<string, string>>;
interface Manifest {
  readonly exports: Readonly<Record<string, Conditions>>;
}
const manifest = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")) as Manifest;
const apart = ["./keys", "./noble"];
const inOne = Object.entries(manifest.exports).filter(([name]) => !apart.includes(name));

describe("what Node.js loads", () => {
  test.each(inOne)("%s: takes its names from the whole, which has them all", async (_name, conditions) => {
    const { "handclasp-source": source = "", node, default: elsewhere } = conditions;
    // The build writes it, a line with the entry's names; require.interop.test.ts loads it.
    expect(node).toBe(elsewhere?.replace("./dist/", "./dist/node/"));
    const entry = (await import(/* @vite-ignore */ `../${source}`)) as Record<string, unknown>;
    for (const [name, value] of Object.entries(entry)) expect(whole).toHaveProperty(name, value);
  });

  test.each(apart)("%s: stands beside it", (name) => {
    const { node } = manifest.exports[name] ?? {};
    expect(node).toBe(`./dist/node/${name.slice(2)}.js`);
  });
});
