/**
 * The document that the statements make.
 * @module
 */
import type { Rfc, Statement, Verdict } from "./statement.ts";
import { rfcs, six } from "./statements.ts";

const core = "packages/core";

/** Where a test's file is, from the root of the repository. */
export const testFile = (file: string): string => (file.startsWith("packages/") ? file : `${core}/test/${file}`);
/** The same of a file of code. */
export const codeFile = (file: string): string => `${core}/src/${file}`;

/** `file: title` in two. */
export function parted(test: string): readonly [file: string, title: string] {
  const at = test.indexOf(": ");
  return [test.slice(0, at), test.slice(at + 2)];
}

const cell = (text: string): string => text.replaceAll("|", "\\|").replaceAll("$", "\\$");

/** `[file](link) one<br>two` for what stands in one file, the next file on a line of its own. */
function placesIn(files: readonly (readonly [file: string, what: string])[], path: (file: string) => string): string {
  const lines = files.map(([file, what], i) =>
    i && files[i - 1]?.[0] === file ? what : `[${shown(file)}](../${path(file)}) ${what}`,
  );
  return lines.join("<br>");
}
const shown = (file: string): string => file.replace(/^packages\/testing\/src\//, "").replace(/(\.test)?\.ts$/, "");

function codeCell({ code, verdict, reason }: Statement): string {
  const places = code.map((one) => {
    const [file = "", symbol = ""] = one.split("#");
    return [file, `\`${symbol}\``] as const;
  });
  const why = reason && (verdict === "not as written" ? `**not as written:** ${reason}` : reason);
  return [why, placesIn(places, codeFile)].filter(Boolean).join("<br>");
}

const testCell = ({ tests }: Statement): string => placesIn(tests.map(parted), testFile);

const table = ({ number, title, statements }: Rfc): string => `## RFC ${number}, ${title}

| § | what is demanded | where it is obeyed, or why not | tests that hold it |
|---|---|---|---|
${statements.map((one) => `| ${one.section} | ${cell(one.demand)} | ${cell(codeCell(one))} | ${cell(testCell(one))} |`).join("\n")}
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
    count(statements, "not as written"),
  ].join(" | ");
}

const summary = (list: readonly Rfc[]): string =>
  list
    .map(
      ({ number, title, statements }) => `| [RFC ${number}](#rfc-${number}-${anchor(title)}) | ${counts(statements)} |`,
    )
    .join("\n");

/** Of a heading, as GitHub makes it. */
const anchor = (title: string): string =>
  title
    .toLowerCase()
    .replace(/[^a-z0-9 _-]/g, "")
    .replaceAll(" ", "-");

/** The text of docs/rfc-coverage.md. */
export function coverage(): string {
  const all = rfcs.flatMap(({ statements }) => statements);
  return `# RFC coverage

Made from \`packages/conformance/src/rfc\`; do not edit (\`HANDCLASP_RFC_COVERAGE=write\` with its test writes it). Each demand of RFC
${six.map(({ number }) => number).join(", ")} (MUST, MUST NOT, SHALL, REQUIRED, and each SHOULD that matters to security), in our words and
grouped where one place obeys several sentences, with the code under packages/core/src that obeys it and the tests that fail where it does not;
of the others what concerns what we have of them. The test that holds this document and the statements together also looks whether
each file, symbol and test is there, and whether a demand that binds both roles has code and a test of both. A title with \`%s\` in it stands for a table of cases; suites/coreSuite runs with each provider of cryptography. What peers and BoringSSL's runner say about the same is in [interop.md](interop.md).

| | rows | obeyed, with a test | obeyed, and no test can tell | does not apply | not as written |
|---|---|---|---|---|---|
${summary(rfcs)}
| all | ${counts(all)} |

## Where we do otherwise

${rfcs
  .flatMap(({ number, statements }) =>
    statements
      .filter(({ verdict }) => verdict === "not as written")
      .map(({ section, demand, reason }) => `- RFC ${number} §${section}, “${demand}”: ${reason}.`),
  )
  .join("\n")}

${rfcs.map(table).join("\n")}`;
}
