/**
 * docs/interop.md.
 * @module
 */
import type { Cell, Kind } from "./matrix.ts";

export interface Result {
  readonly cell: Cell;
  /** The suite that was agreed on, where it went well. */
  readonly suite?: string;
  readonly failure?: string;
}

const head = `# Interoperability

Made by \`pnpm interop\`; do not edit. Every peer speaks TLS 1.2 over loopback TCP with Handclasp on node:crypto. A cell is
"ok" where certificates were verified, application data came back whole, and our side saw what the column says: a second
connection that resumed the session of the first, by ticket (RFC 5077) or by session ID; a client certificate that was verified. \`npm test\` runs the same cells with the peers that are installed.

"Role" is the peer's; the suite is the one that both agreed on, of all ours with that key exchange.

| peer | role | key exchange | full | ticket | session ID | client certificate | the same, resumed | suite |
|---|---|---|---|---|---|---|---|---|
`;

export function table(
  results: readonly Result[],
  versions: ReadonlyMap<string, string>,
  notes: readonly string[],
  date: string,
): string {
  const reasons: string[] = [];
  const mark = ({ cell: { absent }, failure }: Result): string => {
    if (failure !== undefined) return `FAILED: ${failure}`;
    if (absent === undefined) return "ok";
    if (!reasons.includes(absent)) reasons.push(absent);
    return `– (${reasons.indexOf(absent) + 1})`;
  };
  const rows = new Map<string, Result[]>();
  for (const result of results) {
    const { peer, role, keyExchange } = result.cell;
    const key = `| ${peer.name} | ${role} | ${keyExchange} |`;
    rows.set(key, [...(rows.get(key) ?? []), result]);
  }
  const lines = [...rows].map(([key, row]) => {
    const of = (kind: Kind): string => mark(row.find(({ cell }) => cell.kind === kind) as Result);
    const suite = row.find((result) => result.suite)?.suite ?? "";
    return `${key} ${of("full")} | ${of("ticket")} | ${of("session ID")} | ${of("client certificate")} | ${of("client certificate, resumed")} | ${suite} |`;
  });
  const run = results.filter(({ cell }) => cell.absent === undefined);
  const ok = run.filter(({ failure }) => failure === undefined);
  return [
    head + lines.join("\n"),
    `${ok.length} of ${run.length} cells ok, on ${date}, with:`,
    [...versions].map(([name, version]) => `- ${name}: ${version}`).join("\n"),
    reasons.length ? reasons.map((reason, i) => `(${i + 1}) ${reason}.`).join("\n") : "",
    notes.map((note) => `${note}.`).join("\n"),
  ]
    .filter(Boolean)
    .join("\n\n")
    .concat("\n");
}
