import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { coverage, statements } from "../../src/rfc/statements.ts";

const at = (path: string): string => fileURLToPath(new URL(`../../../../${path}`, import.meta.url));

test("every file and test that a statement names is there", () => {
  const gone = statements.flatMap(({ code, test: named }) => {
    const [, file = "", title = ""] = /^(\S+): (.*)$/.exec(named ?? "") ?? [];
    const path = at(`packages/core/test/${file}`);
    const missing = code && !existsSync(at(`packages/core/src/${code}`)) ? [code] : [];
    if (!named) return missing;
    return existsSync(path) && readFileSync(path, "utf8").includes(title) ? missing : [...missing, named];
  });
  expect(gone).toEqual([]);
});

test("docs/rfc-coverage.md says what the statements say", () => {
  const path = at("docs/rfc-coverage.md");
  if (process.env.HANDCLASP_RFC_COVERAGE === "write") writeFileSync(path, coverage(statements));
  expect(readFileSync(path, "utf8")).toBe(coverage(statements));
});
