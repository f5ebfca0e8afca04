/**
 * The lists in docs/node-tls.md: the tests of Node.js that count, and those that may fail, with the reason.
 * @module
 */

export type Carrier = "tcp" | "ws";

export interface Lists {
  readonly tests: readonly string[];
  /** The reason for each test that may fail. */
  readonly exceptions: ReadonlyMap<string, string>;
}

const headings: Readonly<Record<Carrier, string>> = { tcp: "### Over TCP", ws: "### Over a WebSocket" };

/** @param document the text of docs/node-tls.md */
export function readLists(document: string, carrier: Carrier): Lists {
  const [, block = ""] = document.split(`\n${headings[carrier]}\n`)[1]?.split("\n```\n") ?? [];
  const tests = block.split(/\s+/).filter(Boolean);
  if (!tests.length) throw new Error(`docs/node-tls.md has no list below "${headings[carrier]}"`);
  const section = document.split("\n### Exceptions\n")[1]?.split("\n## ")[0] ?? "";
  const exceptions = new Map<string, string>();
  for (const row of section.split("\n").filter((line) => line.startsWith("| ") && !line.startsWith("| Test |"))) {
    const [, name = "", carriers = "", reason = ""] = row.split("|").map((cell) => cell.trim());
    if (!name || !reason || !/^(TCP|WebSocket|both)$/.test(carriers))
      throw new Error(`this exception has no test, carrier and reason: ${row}`);
    if (carriers === "both" || (carriers === "TCP") === (carrier === "tcp")) exceptions.set(name, reason);
  }
  return { tests, exceptions };
}
