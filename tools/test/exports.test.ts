import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";

type Exports = Record<string, Record<string, string>>;
type Manifest = { private?: boolean; exports?: Exports; publishConfig?: { exports?: Exports } };

const packages = new URL("../../packages/", import.meta.url);
const manifests = readdirSync(packages).map((name): [string, Manifest] => {
  return [name, JSON.parse(readFileSync(new URL(`${name}/package.json`, packages), "utf8"))];
});

describe("publishConfig.exports", () => {
  it.each(manifests.filter(([, { exports }]) => exports))(
    "has the same entries as the exports of packages/%s, without the condition for sources",
    (_, manifest) => {
      const published = Object.entries(manifest.exports ?? {}).map(([path, { "handclasp-source": _, ...rest }]) => [
        path,
        rest,
      ]);
      expect(manifest.publishConfig?.exports).toEqual(Object.fromEntries(published));
    },
  );
});
