import { engineNames } from "./engines/engine.ts";
import type { Loss } from "./results.ts";

/** A row of the table of exceptions in docs/wpt.md or docs/wpt-fetch.md: subtests that our class may lose. */
export interface Exception {
  readonly engines: readonly string[];
  /** The file below the folder of the suite, without its extension. */
  readonly file: string;
  readonly subtest: string;
}

const heading = "## Exceptions";

/**
 * Reads the table of exceptions.
 * @param document the text of the document
 */
export function readExceptions(document: string): Exception[] {
  const section = document.split(`\n${heading}\n`)[1]?.split("\n## ")[0] ?? "";
  const rows = section.split("\n").filter((line) => line.startsWith("| ") && !line.startsWith("| Engines |"));
  return rows.map((row) => {
    const [, engines = "", file = "", subtest = "", reason = ""] = row.split("|").map((cell) => cell.trim());
    const names = engines.split(", ");
    const isComplete = file && subtest && reason && names.every((name) => engineNames.some((known) => known === name));
    if (!isComplete) throw new Error(`this exception has no engine, file, subtest and reason: ${row}`);
    return { engines: names, file, subtest };
  });
}

/** The reasons for which a run fails. */
export interface Findings {
  readonly notListed: readonly Loss[];
  readonly notSeen: readonly Exception[];
}

/** @param folder the folder of the suite */
export function checkExceptions(
  engine: string,
  lost: readonly Loss[],
  all: readonly Exception[],
  folder = "websockets",
): Findings {
  const exceptions = all.filter(({ engines }) => engines.includes(engine));
  const matches = (loss: Loss, { file, subtest }: Exception): boolean =>
    loss.file.replace(/\.\w+$/, "") === `/${folder}/${file}` && loss.name === subtest;
  return {
    notListed: lost.filter((loss) => !exceptions.some((exception) => matches(loss, exception))),
    notSeen: exceptions.filter((exception) => !lost.some((loss) => matches(loss, exception))),
  };
}
