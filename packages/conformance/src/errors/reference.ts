/**
 * Makes docs/errors.md from the tables. The tables are not in core, so that neither pages nor servers load them.
 * @module
 */
import type { TlsErrorCode } from "@handclasp/core";
import { alertRows } from "./alerts.ts";
import { certificateRows, ocspRows } from "./certificates.ts";
import { localRows } from "./local.ts";
import { protocolRows } from "./protocol.ts";
import type { ErrorRow } from "./row.ts";
import { transportRows } from "./transport.ts";

interface Section {
  readonly title: string;
  readonly introduction: string;
  readonly rows: Readonly<Record<string, ErrorRow>>;
}

/** A row for each code: if one is missing, this does not compile. */
export const errorRows: Readonly<Record<TlsErrorCode, ErrorRow>> = {
  ...alertRows,
  ...certificateRows,
  ...ocspRows,
  ...protocolRows,
  ...transportRows,
  ...localRows,
};

const sections: readonly Section[] = [
  {
    title: "The transport and the end of a connection",
    introduction:
      "Host names, ports, WebSockets, and the ways in which a connection ends. [ends.md](ends.md) says what a " +
      "reader sees of each end.",
    rows: transportRows,
  },
  {
    title: "Certificates",
    introduction:
      "The error has the `position` and the `subject` of the certificate. [certificates.md](certificates.md) " +
      "has the rules.",
    rows: certificateRows,
  },
  {
    title: "OCSP",
    introduction: "The status of the server's certificate, if the `ocsp` option asks for it.",
    rows: ocspRows,
  },
  {
    title: "The handshake and the records",
    introduction: "Messages and records of the peer that Handclasp cannot accept.",
    rows: protocolRows,
  },
  { title: "This side", introduction: "The options, calls, hooks and timers of this side.", rows: localRows },
  {
    title: "Names of alerts",
    introduction:
      'If the peer sends a fatal alert, the code is the name of the alert and `by` is `"peer"`. An error of ' +
      "Handclasp has such a code if no more exact code exists. If an entry lists no alert to send, no error of " +
      "Handclasp has that code.",
    rows: alertRows,
  },
];

const list = (names: readonly string[]): string => names.map((name) => `\`${name}\``).join(" or ");

const entryText = ([code, row]: readonly [string, ErrorRow]): string => `### ${code}

${row.means}

- Remedy: ${row.remedy}
- Alert that we send: ${row.alerts.length ? list(row.alerts) : "none"}. Fault: ${list(row.faults)}.
- Example: “${row.example.replaceAll("<", "\\<")}”
`;

const sectionText = ({ title, introduction, rows }: Section): string => `## ${title}

${introduction}

${Object.entries(rows)
  .sort(([a], [b]) => (a < b ? -1 : 1))
  .map(entryText)
  .join("\n")}`;

/** The text of docs/errors.md. */
export function reference(): string {
  return `# Errors

Generated from \`packages/conformance/src/errors\`. Do not edit: the test of that folder writes this file if
\`HANDCLASP_ERRORS=write\` is set.

Every error that Handclasp throws is a \`TlsError\`. Its properties:

- \`error.code\` is one of the names below. The names are stable. \`TlsErrorCode\` is their union, so a misspelt code
  does not compile.
- \`error.alert\` is the alert that we sent, or the alert that the peer sent if \`error.by\` is \`"peer"\`.
- \`error.fault\` says where the fault is: \`"peer"\` (what the peer sent), \`"configuration"\` (the options),
  \`"transport"\` (the transport of the connection), \`"application"\` (the program that uses Handclasp) or
  \`"internal"\`
  (Handclasp or its host).
- \`error.advice\`, if there is any, says what to do. It follows the message in brackets.
- \`error.cause\` is what another library threw.

The text of a message may change in any version. "We" and "our" below mean this side of the connection.

\`\`\`ts
try {
  const channel = await connect("wss://relay.example/device", { ca, serverName: "device.internal" });
} catch (error) {
  if (!TlsError.is(error) || error.code !== "host_not_found") throw error;
  console.error(error.advice);
}
\`\`\`

${sections.map(sectionText).join("\n")}`;
}
