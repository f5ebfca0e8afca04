import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";

type Exports = Record<string, Record<string, string>>;
type Manifest = { private?: boolean; exports?: Exports; publishConfig?: { exports?: Exports } };

const packages = new URL("../../packages/", import.meta.url);
const manifests = readdirSync(packages).map((name): [string, Manifest] => {
  return [name, JSON.parse(readFileSync(new URL(`${name}/package.json`, packages), "utf8"))];
});

describe("the exports of a published package", () => {
  it.each(manifests.filter(([, { exports }]) => exports))(
    "%s: the entries of the workspace, without the sources",
    (_, manifest) => {
      const published = Object.entries(manifest.exports ?? {}).map(([path, { "handclasp-source": _, ...rest }]) => [
        path,
        rest,
      ]);
      expect(manifest.publishConfig?.exports).toEqual(Object.fromEntries(published));
    },
  );
});
