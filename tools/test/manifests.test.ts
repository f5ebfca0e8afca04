import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";

interface Manifest {
  private?: boolean;
  name: string;
  description: string;
  license: string;
  type: string;
  keywords: string[];
  engines: Record<string, string>;
  repository: { type: string; url: string; directory: string };
}

const root = new URL("../../", import.meta.url);
const read = (path: string): string => readFileSync(new URL(path, root), "utf8");
const workspace = JSON.parse(read("package.json")) as Manifest;
const folders = readdirSync(new URL("packages/", root));
const published = folders
  .map((folder): [string, Manifest] => [folder, JSON.parse(read(`packages/${folder}/package.json`))])
  .filter(([, manifest]) => !manifest.private);

describe.each(published)("packages/%s is ready for a registry", (folder, manifest) => {
  it("has a description, keywords, the licence, the engines and the repository of the workspace", () => {
    const { description, keywords, license, engines, type, repository } = manifest;
    expect({ license, engines, type }).toEqual({ license: "MIT", engines: workspace.engines, type: "module" });
    expect(repository).toEqual({ ...workspace.repository, directory: `packages/${folder}` });
    expect(description.length).toBeGreaterThan(20);
    expect(keywords).toEqual(expect.arrayContaining(["tls", "tls-1.2"]));
  });

  it("has a README with its name, its installation, an example and links to the documents", () => {
    const readme = read(`packages/${folder}/README.md`);
    expect(readme).toMatch(new RegExp(`^# ${manifest.name}\n`));
    expect(readme).toMatch(/^```sh\n(npm install|npx) /m);
    expect(readme).toMatch(/^```(ts|sh)\n.+\n.+/m);
    expect(readme).toContain("](../../README.md)");
    expect(readme).toContain("](../../docs/");
  });
});
