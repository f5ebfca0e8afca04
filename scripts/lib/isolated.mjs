/** Finds the unit tests that need a module graph of their own. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { root } from "./process.mjs";

/** Changes that later tests in the same process would notice, and the word by which a test asks for isolation. */
const changesItsWorld = new RegExp(
  [
    "@isolated",
    "@vitest-environment",
    String.raw`vi\.(mock|doMock|stubGlobal|stubEnv|useFakeTimers|resetModules)`,
    String.raw`\bglobalThis\b`,
    String.raw`Object\.(defineProperty|prototype)`,
    String.raw`process\.env\b`,
  ].join("|"),
);

/** The paths, from the root, of the unit tests that change modules, globals or time, themselves or by a helper. */
export function isolatedTests() {
  /** @type {Map<string, boolean>} */
  const known = new Map();
  /** @type {(file: string) => boolean} */
  const isIsolated = (file) => {
    const answer = known.get(file);
    if (answer !== undefined) return answer;
    known.set(file, false); // for modules that import each other
    const text = readFileSync(file, "utf8");
    const helpers = [...text.matchAll(/from "(\.[^"]+\.ts)"/g)].map(([, path = ""]) => join(dirname(file), path));
    const inTests = helpers.filter((path) => /[\\/]test[\\/]/.test(path) && existsSync(path));
    const result = changesItsWorld.test(text) || inTests.some(isIsolated);
    known.set(file, result);
    return result;
  };
  return testFiles()
    .filter(isIsolated)
    .map((file) => relative(root, file));
}

function testFiles() {
  const children = (/** @type {string} */ folder) => readdirSync(join(root, folder)).map((name) => join(folder, name));
  return [...children("packages"), ...children("examples"), "scripts", "site", "tools"]
    .map((folder) => join(root, folder, "test"))
    .filter((folder) => existsSync(folder))
    .flatMap((folder) => readdirSync(folder, { recursive: true, encoding: "utf8" }).map((file) => join(folder, file)))
    .filter((file) => file.endsWith(".test.ts"));
}
