import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import * as allEntries from "../src/allEntries.ts";

type Conditions = Readonly<Record<string, string>>;
interface Manifest {
  readonly exports: Readonly<Record<string, Conditions>>;
}
const manifest = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")) as Manifest;
const separateEntries = ["./keys", "./message-sessions", "./messages", "./noble"];
const joinedEntries = Object.entries(manifest.exports).filter(([name]) => !separateEntries.includes(name));

describe("the entries in Node.js", () => {
  test.each(joinedEntries)("%s: `allEntries.ts` exports every name of the entry", async (_name, conditions) => {
    const { "handclasp-source": source = "", node, default: browser } = conditions;
    // The build writes the file that the condition `node` names. It has one line, which re-exports the entry's names.
    expect(node).toBe(browser?.replace("./dist/", "./dist/node/"));
    const entry = (await import(/* @vite-ignore */ `../${source}`)) as Record<string, unknown>;
    for (const [name, value] of Object.entries(entry)) expect(allEntries).toHaveProperty(name, value);
  });

  test.each(separateEntries)("%s: the entry has a file of its own", (name) => {
    const { node } = manifest.exports[name] ?? {};
    const file = name.slice(2).replace(/-./, ([, letter = ""]) => letter.toUpperCase());
    expect(node).toBe(`./dist/node/${file}.js`);
  });
});
