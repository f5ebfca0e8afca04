import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { codeFile, coverage, parted, testFile } from "../../src/rfc/coverage.ts";
import { rfcs, six } from "../../src/rfc/statements.ts";

const at = (path: string): string => fileURLToPath(new URL(`../../../../${path}`, import.meta.url));
const text = (path: string): string => (existsSync(at(path)) ? readFileSync(at(path), "utf8") : "");
const statements = rfcs.flatMap(({ number, statements: list }) => list.map((one) => ({ ...one, rfc: number })));

/** True where a source declares this name: a function, a constant, a type, or a member. */
function declares(source: string, name: string): boolean {
  const escaped = name.replace(/[^A-Za-z0-9_]/g, "\\$&");
  const top = new RegExp(`\\b(?:function\\*?|const|class|interface|type) ${escaped}\\b`);
  const member = new RegExp(
    `^ +(?:abstract |readonly |protected |static |async |get )*\\*?#?${escaped}(?:<[^>]*>)?[(:]`,
    "m",
  );
  return top.test(source) || member.test(source);
}

/** True where the parts of a title stand in a file as string literals, each behind the one before. */
function says(source: string, title: string): boolean {
  let from = 0;
  return title.split(" > ").every((part) => {
    const places = ['"', "'", "`"].map((quote) => source.indexOf(`${quote}${part}${quote}`, from));
    // A title that begins with what a template puts in.
    places.push(source.indexOf(`} ${part}\``, from));
    const found = places.filter((place) => place >= 0);
    if (!found.length) return false;
    from = Math.min(...found) + part.length;
    return true;
  });
}

describe("what a statement names is there", () => {
  test("each symbol of code", () => {
    const gone = statements
      .flatMap(({ code }) => code)
      .filter((place) => {
        const [file = "", symbol] = place.split("#");
        const source = text(codeFile(file));
        return !symbol?.split(".").every((name) => declares(source, name));
      });
    expect(gone).toEqual([]);
  });

  test("each test, by its title and those around it", () => {
    const gone = statements
      .flatMap(({ tests }) => tests)
      .filter((one) => {
        const [file, title] = parted(one);
        return !says(text(testFile(file)), title);
      });
    expect(gone).toEqual([]);
  });

  test("and a name that is not there is found out", () => {
    expect(declares("export const one = 1;\nclass Two {\n  #three(): void {}\n}", "three")).toBe(true);
    expect(declares("export const one = 1; // three()", "three")).toBe(false);
    const source = 'describe("a", () => {\n  test("b", () => {});\n});';
    expect([says(source, "a > b"), says(source, "b > a"), says(source, "c")]).toEqual([true, false, false]);
  });
});

describe("each statement", () => {
  test("says where it is obeyed and what holds it, or why not", () => {
    const unsaid = statements.filter(({ verdict, code, tests, reason }) =>
      verdict === "obeyed" ? !code.length || !(tests.length || reason) : !reason,
    );
    expect(unsaid).toEqual([]);
  });

  test("stands in the order of sections", () => {
    const key = (section: string): string =>
      (section.split(/[ ,]/)[0] ?? "")
        .split(".")
        .map((part) => part.padStart(3, /^[0-9]/.test(part) ? "0" : "~"))
        .join(".");
    for (const { number, statements: list } of rfcs) {
      const sections = list.map(({ section }) => key(section));
      expect([number, ...sections]).toEqual([number, ...[...sections].sort()]);
    }
  });
});

test("the six RFCs are covered, each once, and so are the others", () => {
  expect(six.map(({ number }) => number)).toEqual([5246, 5746, 7627, 5077, 7366, 8422]);
  expect(new Set(rfcs.map(({ number }) => number)).size).toBe(rfcs.length);
});

test("docs/rfc-coverage.md says what the statements say", () => {
  const path = at("docs/rfc-coverage.md");
  if (process.env.HANDCLASP_RFC_COVERAGE === "write") writeFileSync(path, coverage());
  expect(readFileSync(path, "utf8")).toBe(coverage());
});
