/**
 * Generates docs/errors.md from the tables. The tables are not in core, so that pages and servers do not load them.
 * @module
 */
import type { TlsErrorCode } from "@handclasp/core";
import { alertRows } from "./alerts.ts";
import { certificateRows, ocspRows } from "./certificates.ts";
import { enrolmentRows } from "./enrolment.ts";
import { httpRows } from "./http.ts";
import { localRows } from "./local.ts";
import { messageRows } from "./messages.ts";
import { protocolRows } from "./protocol.ts";
import type { ErrorRow } from "./row.ts";
import { transportRows } from "./transport.ts";

interface Section {
  readonly title: string;
  readonly introduction: string;
  readonly rows: Readonly<Record<string, ErrorRow>>;
}

/** One row for each code. The type check fails if a code has no row. */
export const errorRows: Readonly<Record<TlsErrorCode, ErrorRow>> = {
  ...alertRows,
  ...certificateRows,
  ...ocspRows,
  ...protocolRows,
  ...transportRows,
  ...messageRows,
  ...enrolmentRows,
  ...httpRows,
  ...localRows,
};

const sections: readonly Section[] = [
  {
    title: "The transport and the end of a connection",
    introduction:
      "Errors of host names, ports and WebSockets, and of connections that end. [ends.md](ends.md) " +
      "describes what a read returns after each kind of end.",
    rows: transportRows,
  },
  {
    title: "Certificates",
    introduction:
      "If the error is about one certificate, it has the `position` and the `subject` of that certificate. " +
      "[certificates.md](certificates.md) describes the rules.",
    rows: certificateRows,
  },
  {
    title: "OCSP",
    introduction: "Errors of the OCSP response for the server's certificate. The `ocsp` option requests the response.",
    rows: ocspRows,
  },
  {
    title: "The handshake and the records",
    introduction: "Errors for messages and records of the peer that Handclasp does not accept.",
    rows: protocolRows,
  },
  {
    title: "Messages",
    introduction:
      "Errors of message connections, which `openMessages` and `acceptMessages` of `@handclasp/core/messages` make. " +
      "[message-framing.md](message-framing.md) describes the framing. A message that is too long is " +
      "`message_too_big`.",
    rows: messageRows,
  },
  {
    title: "Enrolment",
    introduction:
      "Errors of a page's own client certificate, which `Identity` of `@handclasp/browser/enrolment` and `Issuer` of " +
      "`@handclasp/node/enrolment` make. [enrolment.md](guide/enrolment.md) describes both.",
    rows: enrolmentRows,
  },
  {
    title: "HTTP",
    introduction:
      "The `cause` of the TypeError with which the `fetch` of `createFetch` rejects, if it is not an error of " +
      "the channel. [fetch.md](fetch.md) describes that function.",
    rows: httpRows,
  },
  { title: "This side", introduction: "Errors of this side's options, calls, hooks and timers.", rows: localRows },
  {
    title: "Names of alerts",
    introduction:
      'If the peer sends a fatal alert, the code is the name of the alert and `by` is `"peer"`. An error that this ' +
      "side detects has such a code if no more specific code exists. If an entry lists no alert that we send, only " +
      "errors for received alerts have that code.",
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
  return `<!-- Generated from packages/conformance/src/errors. Do not edit: with HANDCLASP_ERRORS=write, the test of
that folder writes this file. -->

# Errors

Every error that Handclasp throws is a \`TlsError\`. Its properties:

- \`error.code\` is one of the names below. The names are stable. \`TlsErrorCode\` is the union of all names, so a
  misspelt code does not compile.
- \`error.alert\` is the alert that we sent, or, if \`error.by\` is \`"peer"\`, the alert that the peer sent. It is
  \`undefined\` if there was no alert.
- \`error.fault\` names the place of the fault: \`"peer"\` (a message of the peer), \`"configuration"\` (the options),
  \`"transport"\` (the transport of the connection), \`"application"\` (the program that uses Handclasp) or
  \`"internal"\` (Handclasp or its host, which is Node.js or the browser).
- \`error.advice\`, if present, says what to do. \`error.message\` repeats the advice in brackets at its end.
- \`error.cause\`, if present, is the error that led to this error. It comes from your program, the
  host or a library.

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
