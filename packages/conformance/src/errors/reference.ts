/**
 * The document that the tables make. They stand here, and not in core, so that no page and no server loads them.
 * @module
 */
import type { TlsErrorCode } from "@handclasp/core";
import { alertRows } from "./alerts.ts";
import { certificateRows, ocspRows } from "./certificates.ts";
import { localRows } from "./local.ts";
import { protocolRows } from "./protocol.ts";
import type { ErrorRow } from "./row.ts";
import { transportRows } from "./transport.ts";

interface Part {
  readonly title: string;
  readonly about: string;
  readonly rows: Readonly<Record<string, ErrorRow>>;
}

/** Every code has a row: what lacks one does not compile. */
export const errorRows: Readonly<Record<TlsErrorCode, ErrorRow>> = {
  ...alertRows,
  ...certificateRows,
  ...ocspRows,
  ...protocolRows,
  ...transportRows,
  ...localRows,
};

const parts: readonly Part[] = [
  {
    title: "No connection, or none any more",
    about: "What carries TLS: a name, a port, a WebSocket. [ends.md](ends.md) says what a reader sees of each end.",
    rows: transportRows,
  },
  {
    title: "Certificates",
    about:
      "The error has `position` and `subject` of the certificate. [certificates.md](certificates.md) has the rules.",
    rows: certificateRows,
  },
  { title: "OCSP", about: "The status of the server's certificate, where `ocsp` asks for it.", rows: ocspRows },
  { title: "The handshake and the records", about: "What the peer sent that cannot be accepted.", rows: protocolRows },
  { title: "This side", about: "Options, calls, hooks and timers of this side.", rows: localRows },
  {
    title: "Names of alerts",
    about:
      'The peer\'s fatal alert has its name as its code, and `by` is `"peer"`. An error of ours has it where nothing is more exact. Without an alert below, we never send it under this code.',
    rows: alertRows,
  },
];

const list = (names: readonly string[]): string => names.map((name) => `\`${name}\``).join(" or ");

const entry = ([code, row]: readonly [string, ErrorRow]): string => `### ${code}

${row.means}

- What to do: ${row.remedy}
- Alert that we send: ${row.alerts.length ? list(row.alerts) : "none"}. Fault: ${list(row.faults)}.
- Example: “${row.example.replaceAll("<", "\\<")}”
`;

const part = ({ title, about, rows }: Part): string => `## ${title}

${about}

${Object.entries(rows)
  .sort(([a], [b]) => (a < b ? -1 : 1))
  .map(entry)
  .join("\n")}`;

/** The text of docs/errors.md. */
export function reference(): string {
  return `# Errors

Made from \`packages/conformance/src/errors\`; do not edit (\`HANDCLASP_ERRORS=write\` with its test writes it).

Whatever fails is a \`TlsError\`. \`error.code\` is one of the names below, and stays what it is; \`TlsErrorCode\` is the union of them, so that a code that is
misspelt does not compile. \`error.alert\` is the alert that we sent, or that the peer sent where \`error.by\` is \`"peer"\`. \`error.fault\` says whose fault it is:
\`"peer"\` what we were sent, \`"configuration"\` how we were set up, \`"transport"\` what carries us, \`"application"\` the program that uses Handclasp,
\`"internal"\` ourselves. \`error.advice\`, where there is one, says what to do, and follows the message in brackets; \`error.cause\` is what another library threw. The words of
messages may change in any version.

\`\`\`ts
try {
  const channel = await connect("wss://relay.example/device", { ca, serverName: "device.internal" });
} catch (error) {
  if (TlsError.is(error) && error.code === "host_not_found") console.error(error.advice);
  else throw error;
}
\`\`\`

${parts.map(part).join("\n")}`;
}
