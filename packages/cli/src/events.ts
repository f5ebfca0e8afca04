/**
 * The events of a connection, as text on stderr or, with `--json`, as one JSON object a line. `serve` prints JSON to
 * stdout, `connect` to stderr, because its stdout has the received data.
 * @module
 */
import { createHash } from "node:crypto";
import { type Session, TlsError } from "@handclasp/node";
import { errorLine, jsonLine, reason, UsageError, visible } from "./errors.ts";
import type { Style } from "./style.ts";

/** The numbers of application bytes that one connection received and sent. */
export interface Traffic {
  bytesIn: number;
  bytesOut: number;
}

export interface Events {
  /** The server makes a certificate of its own. Clients can trust it by this pin. */
  certificate(pin: string): void;
  listening(url: string): void;
  /** The server has read its files again. */
  reloaded(files: Reloaded): void;
  /** The server could not use its files, and goes on with what it had. */
  notReloaded(error: unknown): void;
  established(session: Session): void;
  closed(clean: boolean, traffic: Traffic): void;
  error(error: unknown): void;
}

export interface Reloaded {
  readonly files: readonly string[];
  readonly ticketKeys?: { readonly count: number; readonly file: string };
}

export type Print = (line: string) => void;

/** The events as JSON, for `--json`. */
export function jsonEvents(print: Print): Events {
  const event = (name: string, fields: object): void => print(jsonLine({ event: name, ...fields }));
  const error = (cause: unknown, message = reason(cause)): void => {
    const { alert = null, by = "us", code = "error" } = TlsError.is(cause) ? cause : codeOf(cause);
    event("error", { alert, by, code, message });
  };
  return {
    certificate: (pin) => event("certificate", { pin }),
    listening: (url) => event("listening", { url }),
    reloaded: (reloaded) => event("reloaded", reloaded),
    notReloaded: (cause) => error(cause, `${reason(cause)}; nothing has changed`),
    established: (session) => event("established", describe(session)),
    closed: (clean, { bytesIn, bytesOut }) => event("closed", { clean, bytesIn, bytesOut }),
    error: (cause) => error(cause),
  };
}

/** The fields of an error that is no TlsError. */
const codeOf = (error: unknown): { readonly code?: string; readonly alert?: null; readonly by?: "us" } =>
  error instanceof UsageError ? { code: "usage" } : {};

/** The events as text. */
export function textEvents(print: Print, style: Style): Events {
  const error = (line: string): void => print(line.replace(/^error:/, (word) => style("red", word)));
  return {
    certificate: (pin) => print(`throw-away certificate for localhost, pin ${pin}`),
    listening: (url) => print(`listening ${url}`),
    reloaded({ files, ticketKeys }) {
      if (files.length > 0) print(`reloaded ${files.join(", ")}`);
      if (ticketKeys) print(`ticket keys: ${ticketKeys.count} from ${ticketKeys.file}`);
    },
    notReloaded: (cause) => error(`${errorLine(cause)}; nothing has changed`),
    established: (session) => print(`${style("green", "established")} ${summary(session)}`),
    closed: (clean, { bytesIn, bytesOut }) =>
      print(`closed ${clean ? "cleanly" : style("red", "with an error")}, ${bytesIn} bytes in, ${bytesOut} bytes out`),
    error: (cause) => error(errorLine(cause)),
  };
}

function describe(session: Session): object {
  const { role, version, suite, group = null, signatureScheme = null, alpn, serverName } = session;
  const { resumed, extendedMasterSecret, encryptThenMac, peer } = session;
  const certificate = peer?.certificate;
  return {
    role,
    version,
    suite,
    group,
    signatureScheme,
    alpn,
    serverName,
    resumed,
    extendedMasterSecret,
    encryptThenMac,
    ...(session.ocspResponse && { ocsp: session.ocspStatus ?? "unchecked" }),
    ...(session.pskIdentity !== undefined && { pskIdentity: session.pskIdentity }),
    peer: certificate
      ? { subject: certificate.subject.text, sha256: createHash("sha256").update(certificate.raw).digest("hex") }
      : null,
  };
}

function summary(session: Session): string {
  const { version, suite, group, signatureScheme, resumed, alpn, serverName, pskIdentity, peer } = session;
  const parts = [
    version,
    suite,
    resumed && "resumed",
    group,
    signatureScheme,
    alpn && `ALPN ${alpn}`,
    serverName && `for ${serverName}`,
  ];
  const key = pskIdentity !== undefined && `PSK identity ${pskIdentity}`;
  const peerName = peer && `peer ${peer.certificate.subject.text || "without a subject"}`;
  const status = session.ocspResponse && `OCSP ${session.ocspStatus ?? "unchecked"}`;
  return visible([...parts, key, peerName, status].filter(Boolean).join(" "));
}
