/** SECURITY.md: each known attack has a row and a test in the list below it, and each test of a list exists. */
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { hasTitle, testsIn } from "./testTitles.ts";

/** The attacks that the document must name. */
const known = [
  "BEAST",
  "Lucky 13",
  "POODLE",
  "GOLDENDOODLE",
  "Zombie POODLE",
  "CRIME",
  "Sweet32",
  "RC4",
  "nonce reuse",
  "truncation",
  "cookie cutter",
  "Bleichenbacher",
  "ROBOT",
  "Marvin",
  "DROWN",
  "FREAK",
  "Logjam",
  "Raccoon",
  "invalid curves",
  "SLOTH",
  "SMACK",
  "renegotiation",
  "triple handshake",
  "downgrade",
  "cross-protocol",
  "KCI",
  "ALPACA",
  "STARTTLS",
  "ticket theft",
  "ticket keys",
  "virtual hosts",
  "Ticketbleed",
  "Heartbleed",
  "fleet's Redis",
  "X-Forwarded-For",
  "floods of connections",
];

const readRepositoryFile = (path: string): string | undefined => {
  const file = fileURLToPath(new URL(`../../../${path}`, import.meta.url));
  return existsSync(file) ? readFileSync(file, "utf8") : undefined;
};

/**
 * The faults of the section "Attacks": missing attacks, rows of a table without tests in the list of their subsection,
 * tests without a row, and tests that do not exist.
 */
function faultsIn(document: string, attacks: readonly string[], read = readRepositoryFile): readonly string[] {
  const section = document.split(/^## /m).find((part) => part.startsWith("Attacks\n")) ?? "";
  const subsections = section.split(/^### /m).map((text) => ({
    names: [...text.matchAll(/^\| \*\*(.+?)\*\* \| .+ \|$/gm)].map(([, name = ""]) => name),
    lists: [...text.matchAll(/^- \*\*(.+?)\*\*\n((?: {2}- .*\n)*)/gm)].map(
      ([, name = "", tests = ""]) => [name, [...tests.matchAll(/\[((?:[^\]\\]|\\.)+)\]\((\S+)\)/g)]] as const,
    ),
  }));
  const names = subsections.flatMap((part) => part.names).map((name) => name.toLowerCase());
  const found = new Map<string, ReturnType<typeof testsIn>>();
  const testsOf = (path: string): ReturnType<typeof testsIn> => {
    const tests = found.get(path) ?? testsIn(read(path) ?? "").filter(({ kind }) => kind === "test");
    found.set(path, tests);
    return tests;
  };
  return [
    ...attacks.filter((attack) => !names.some((name) => name.includes(attack.toLowerCase()))),
    ...subsections.flatMap((part) =>
      part.names
        .filter((name) => !part.lists.some(([listed, links]) => listed === name && links.length > 0))
        .map((name) => `${name}: no test`),
    ),
    ...subsections.flatMap((part) =>
      part.lists.filter(([name]) => !part.names.includes(name)).map(([name]) => `${name}: no row`),
    ),
    ...subsections.flatMap(({ lists }) =>
      lists.flatMap(([name, links]) =>
        links
          .filter(([, title = "", path = ""]) => !hasTitle(testsOf(path), title.replaceAll("\\", "")))
          .map(([, title, path]) => `${name}: ${path} has no test "${title}"`),
      ),
    ),
  ];
}

const document = readRepositoryFile("SECURITY.md") ?? "";

test("each known attack has a row with tests, and each test exists", () => {
  expect(faultsIn(document, known)).toEqual([]);
});

test("a removed attack, a renamed test and a row without a test are faults", () => {
  const without = document.replace(/^\| \*\*Lucky 13.*\n/m, "");
  expect(faultsIn(without, known)).toEqual(["Lucky 13", "Lucky 13 (2013): no row"]);
  const table = "## Attacks\n\n### Of one kind\n\n| **A** | how |\n";
  const files: Readonly<Record<string, string>> = {
    "a.test.ts": `
      // test("commented", () => {});
      const text = "not a test";
      describe("block", () => {
        test.each([1])("case %i", () => {});
        test.skip("skipped", () => {});
        test(\`\${text} and more\`, () => {});
      });
      describe.skip("no", () => test("inside", () => {}));
      describe("empty", () => {});`,
  };
  const faultsWith = (list: string): readonly string[] => faultsIn(`${table}\n${list}`, [], (path) => files[path]);
  const faults = (...links: readonly string[]): readonly string[] =>
    faultsWith(`- **A**\n${links.map((link) => `  - ${link}\n`).join("")}`);
  for (const good of ["case %i", "block > case %i", "and more"]) expect(faults(`[${good}](a.test.ts)`)).toEqual([]);
  expect(faults()).toEqual(["A: no test"]);
  expect(faultsWith("")).toEqual(["A: no test"]);
  // A list of another attack, or of another subsection, does not count.
  expect(faultsWith("- **B**\n  - [case %i](a.test.ts)\n")).toEqual(["A: no test", "B: no row"]);
  expect(faultsWith("### Of another\n\n- **A**\n  - [case %i](a.test.ts)\n")).toEqual(["A: no test", "A: no row"]);
  expect(faults("[case %i](b.test.ts)")).toEqual(['A: b.test.ts has no test "case %i"']);
  for (const bad of ["commented", "not a test", "skipped", "inside", "block", "empty", "no > case %i", "case"])
    expect(faults(`[${bad}](a.test.ts)`)).toEqual([`A: a.test.ts has no test "${bad}"`]);
  // One test that exists does not excuse another one.
  expect(faults("[case %i](a.test.ts)", "[case](a.test.ts)")).toHaveLength(1);
});
