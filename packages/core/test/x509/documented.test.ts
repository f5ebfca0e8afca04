import { readFileSync } from "node:fs";
import { expect, it } from "vitest";

const page = readFileSync(new URL("../../../../docs/certificates.md", import.meta.url), "utf8");
const rows = [...page.matchAll(/^\| [^|]+ \| (\S+\.test\.ts) \| (.+) \|$/gm)].map(
  ([, file, test]) => [file!, test!] as const,
);

it("docs/certificates.md names tests that exist", () => {
  expect(rows.length).toBeGreaterThan(80);
  for (const [file, test] of rows) {
    const source = readFileSync(new URL(`../${file}`, import.meta.url), "utf8").replaceAll("\\`", "`");
    expect(source.replace(/\(\s+"/g, '("').includes(`("${test}"`), `${file}: ${test}`).toBe(true);
  }
});
