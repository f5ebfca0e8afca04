import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";

type Manifest = { name: string; exports: Record<string, unknown> };

const entries = ["core", "node", "browser", "testing"].flatMap((folder) => {
  const path = new URL(`../../${folder}/package.json`, import.meta.url);
  const { name, exports } = JSON.parse(readFileSync(path, "utf8")) as Manifest;
  return Object.keys(exports).map((entry): [name: string, path: URL] => [name + entry.slice(1), path]);
});

/** CommonJS programs require the built packages. A package may require itself by its name. */
describe("require()", () => {
  test.each(entries)("returns the same module as import() for %s", async (name, path) => {
    const source = `
      const required = require(${JSON.stringify(name)});
      import(${JSON.stringify(name)}).then((imported) => console.log(required === imported));
    `;
    const { stdout } = await promisify(execFile)(process.execPath, ["--eval", source], { cwd: new URL(".", path) });
    expect(stdout).toBe("true\n");
  });

  test("returns a @handclasp/node that uses the same @handclasp/core as the program that requires both", () => {
    const require = createRequire(import.meta.url);
    const { TlsError } = require("@handclasp/core") as { TlsError: unknown };
    expect(TlsError).toBeTypeOf("function");
    expect((require("@handclasp/node") as { TlsError: unknown }).TlsError).toBe(TlsError);
  });
});
