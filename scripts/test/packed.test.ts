import { expect, it } from "vitest";
import { filesOf, inOrder } from "../lib/packed.mjs";
import { blockers, describe as describePackage } from "../lib/release.mjs";

const manifest = (name: string, dependencies: Record<string, string> = {}) => ({ manifest: { name, dependencies } });
const namesOf = (packages: { manifest: { name: string } }[]) => packages.map(({ manifest: { name } }) => name);

/** An entry of a tar archive, with the fields that filesOf reads. */
function entry(name: string, text: string, { prefix = "", type = "0" } = {}): Buffer {
  const header = Buffer.alloc(512);
  header.write(name, 0);
  header.write(text.length.toString(8).padStart(11, "0"), 124);
  header.write(type, 156);
  header.write(prefix, 345);
  return Buffer.concat([header, Buffer.from(text.padEnd(Math.ceil(text.length / 512) * 512, "\0"))]);
}

it("publishes each package after its dependencies, and refuses a cycle", () => {
  const packages = [manifest("cli", { node: "1", ws: "8" }), manifest("node", { core: "1" }), manifest("core")];
  expect(namesOf(inOrder(packages))).toEqual(["core", "node", "cli"]);
  expect(() => inOrder([manifest("a", { b: "1" }), manifest("b", { a: "1" })])).toThrow(
    "a cycle of dependencies: a, b",
  );
});

it("filesOf reads the files of an archive, also those with long paths, and refuses links", () => {
  const long = entry("deep.js", "deep", { prefix: "package/dist" });
  const tar = Buffer.concat([entry("package/package.json", "{}"), long, Buffer.alloc(1024)]);
  expect([...filesOf(tar)].map(([name, bytes]) => [name, Buffer.from(bytes).toString()])).toEqual([
    ["package.json", "{}"],
    ["dist/deep.js", "deep"],
  ]);
  expect(() => filesOf(entry("package/link", "", { type: "2" }))).toThrow("an entry of type 2");
});

const repository = { type: "git", url: "git+https://handclasp.example/handclasp.git" };

it("describes a package by its sizes, its dependencies and its files", () => {
  const packed = {
    manifest: { name: "a", version: "1.2.3", repository, dependencies: { b: "^1.2.3" } },
    bytes: new Uint8Array(1500),
    files: new Map([
      ["README.md", new Uint8Array(500)],
      ["dist/index.js", new Uint8Array(1000)],
      ["dist/deep/part.js", new Uint8Array(2000)],
    ]),
  };
  const heading = "a 1.2.3: 1.5 kB, unpacked 3.5 kB in 3 files\n   needs b ^1.2.3\n        0.5 kB  README.md\n";
  expect(describePackage(packed, false)).toBe(`${heading}        3.0 kB  dist/**/*.js (2)`);
  expect(describePackage(packed, true)).toContain("2.0 kB  dist/deep/part.js");
});

it("names what a release still lacks", () => {
  expect(blockers([{ name: "a", version: "0.0.0", repository }])).toEqual([
    "give a version to a",
    "set `repository` in package.json and packages/*/package.json: it is a placeholder",
  ]);
  const placed = { type: "git", url: "git+https://git.test/handclasp.git" };
  expect(blockers([{ name: "a", version: "1.0.0", repository: placed }])).toEqual([]);
});
