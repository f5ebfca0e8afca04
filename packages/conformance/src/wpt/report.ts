import { checkExceptions, type Exception } from "./exceptions.ts";
import { type Comparison, compare, type Results } from "./results.ts";
import { folders, isStream, type Suite } from "./tests.ts";

/** The comparisons of one engine. */
export interface Report {
  readonly suite: Suite;
  readonly engine: string;
  readonly version: string;
  readonly sockets: Comparison;
  readonly streams: Comparison;
}

export const reportOf = (own: Results, ours: Results, suite: Suite = "websockets"): Report => ({
  suite,
  engine: own.engine,
  version: own.version,
  sockets: compare(own, ours, (file) => !isStream(file)),
  streams: compare(own, ours, isStream),
});

const names: Readonly<Record<string, string>> = {
  node: "Node.js",
  chromium: "Chromium",
  firefox: "Firefox",
  webkit: "WebKitGTK",
};
const head = [
  "| Engine | Class | Files | Own | Ours | Subtests | Own | Ours | Lost | Won |",
  "|---|---|---|---|---|---|---|---|---|---|",
];

/** The rows of the table of results. */
export function rows({ suite, engine, version, sockets, streams }: Report): string[] {
  const row = (name: string, comparison: Comparison): string => {
    const { files, filesPassed, subtests, passed, lost, won } = comparison;
    const cells = [
      `${names[engine]} ${version.replace(/^v/, "")}`,
      name,
      files,
      filesPassed.own,
      filesPassed.ours,
      subtests,
      passed.own,
      passed.ours,
      lost.length,
      won,
    ];
    return `| ${cells.join(" | ")} |`;
  };
  return [
    ...(sockets.files ? [row(suite === "fetch" ? "fetch" : "WebSocket", sockets)] : []),
    ...(streams.files ? [row("WebSocketStream", streams)] : []),
  ];
}

/** Replaces the rows of an engine in the document, or adds them. */
export function withRows(document: string, report: Report): string {
  const lines = document.split("\n");
  const start = lines.indexOf(head[0] ?? "");
  if (start < 0) throw new Error("the document has no table of results");
  const length = lines.slice(start).findIndex((line) => !line.startsWith("|"));
  const others = lines
    .slice(start + head.length, start + length)
    .filter((line) => !line.startsWith(`| ${names[report.engine]} `));
  lines.splice(start, length, ...head, ...[...others, ...rows(report)].sort());
  return lines.join("\n");
}

/**
 * Prints the comparisons, and returns whether our class loses exactly the exceptions.
 * @param isWhole whether all pages ran, so that every exception must have occurred
 */
export function judge(report: Report, exceptions: readonly Exception[], isWhole: boolean): boolean {
  const { suite, engine, sockets, streams } = report;
  const lost = [...sockets.lost, ...streams.lost];
  const { notListed, notSeen } = checkExceptions(engine, lost, exceptions, folders[suite]);
  console.log([...head, ...rows(report)].join("\n"));
  for (const { path, name, how } of notListed) console.log(`LOST ${path}: ${name}: ${how.slice(0, 300)}`);
  if (isWhole) for (const { file, subtest } of notSeen) console.log(`NOT SEEN: the exception ${file}: ${subtest}`);
  return notListed.length === 0 && (notSeen.length === 0 || !isWhole);
}
