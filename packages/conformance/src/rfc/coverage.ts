/**
 * Generates docs/rfc-coverage.md from the statements.
 * @module
 */
import type { Rfc, Statement, Verdict } from "./statement.ts";
import { fullyCovered, rfcs } from "./statements.ts";

const core = "packages/core";

/** The path of a test file, relative to the root of the repository. */
export const testFile = (file: string): string => (file.startsWith("packages/") ? file : `${core}/test/${file}`);
/** The path of a source file, relative to the root of the repository. */
export const codeFile = (file: string): string => `${core}/src/${file}`;

/** Splits `file: title`. */
export function splitCitation(test: string): readonly [file: string, title: string] {
  const at = test.indexOf(": ");
  return [test.slice(0, at), test.slice(at + 2)];
}

const cell = (text: string): string => text.replaceAll("|", "\\|").replaceAll("$", "\\$");

/** The names, one on each line, as a Markdown cell. A link to the file precedes the first name of each file. */
function placesIn(files: readonly (readonly [file: string, name: string])[], path: (file: string) => string): string {
  const lines = files.map(([file, name], i) =>
    i && files[i - 1]?.[0] === file ? name : `[${displayName(file)}](../${path(file)}) ${name}`,
  );
  return lines.join("<br>");
}
const displayName = (file: string): string =>
  file.replace(/^packages\/testing\/src\//, "").replace(/(\.test)?\.ts$/, "");

function codeCell({ code, verdict, reason }: Statement): string {
  const places = code.map((one) => {
    const [file = "", symbol = ""] = one.split("#");
    return [file, `\`${symbol}\``] as const;
  });
  const why = reason && (verdict === "deviates" ? `**Deviates:** ${reason}` : reason);
  return [why, placesIn(places, codeFile)].filter(Boolean).join("<br>");
}

const testCell = ({ tests }: Statement): string => placesIn(tests.map(splitCitation), testFile);

const rowOf = (one: Statement): string =>
  `| ${one.section} | ${cell(one.demand)} | ${cell(codeCell(one))} | ${cell(testCell(one))} |`;

const table = ({ number, title, statements }: Rfc): string => `## RFC ${number}, ${title}

| § | Demand | Code that obeys it, or the reason | Tests |
|---|---|---|---|
${statements.map(rowOf).join("\n")}
`;

const count = (statements: readonly Statement[], verdict: Verdict, tested?: boolean): number =>
  statements.filter((one) => one.verdict === verdict && (tested === undefined || one.tests.length > 0 === tested))
    .length;

function counts(statements: readonly Statement[]): string {
  return [
    statements.length,
    count(statements, "obeyed", true),
    count(statements, "obeyed", false),
    count(statements, "does not apply"),
    count(statements, "deviates"),
  ].join(" | ");
}

const summary = (list: readonly Rfc[]): string =>
  list
    .map(
      ({ number, title, statements }) => `| [RFC ${number}](#rfc-${number}-${anchor(title)}) | ${counts(statements)} |`,
    )
    .join("\n");

/** The anchor that GitHub generates for a heading. */
const anchor = (title: string): string =>
  title
    .toLowerCase()
    .replace(/[^a-z0-9 _-]/g, "")
    .replaceAll(" ", "-");

/** The text of docs/rfc-coverage.md. */
export function coverage(): string {
  const all = rfcs.flatMap(({ statements }) => statements);
  const covered = fullyCovered.map(({ number }) => number).join(", ");
  return `# RFC coverage

Generated from \`packages/conformance/src/rfc\`. Do not edit: the test of that folder writes this file if
\`HANDCLASP_RFC_COVERAGE=write\` is set.

This document lists the demands of RFC ${covered} in our words. It has each MUST,
MUST NOT, SHALL and REQUIRED, and each SHOULD that matters to security. One row may cover several sentences that the
same code obeys. Each row names the code under packages/core/src that obeys the demand, and the tests that fail if the
code no longer obeys it. For all other RFCs, the document lists only the demands on the parts that Handclasp
implements. "We" and "our" mean Handclasp, and "side" means the client or the server.

A test checks that this document matches its sources. It also checks that each file, symbol and test exists, and that
each demand that binds both roles has code and tests for both roles. A title with \`%s\` stands for several cases. The
suite in suites/coreSuite runs with each crypto provider. [interop.md](interop.md) lists the results against other
implementations, and [bogo.md](bogo.md) those of BoringSSL's test runner.

| RFC | Rows | Obeyed, with a test | Obeyed, but no test can check it | Does not apply | Deviates |
|---|---|---|---|---|---|
${summary(rfcs)}
| All | ${counts(all)} |

## Deviations

${rfcs
  .flatMap(({ number, statements }) =>
    statements
      .filter(({ verdict }) => verdict === "deviates")
      .map(({ section, demand, reason }) => `- RFC ${number} §${section}, “${demand}” ${reason}`),
  )
  .join("\n")}

${rfcs.map(table).join("\n")}`;
}
