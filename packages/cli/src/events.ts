/**
 * The events of a connection, as text on stderr or, with `--json`, as one JSON object a line. `serve` prints JSON to
 * stdout, `connect` to stderr, because its stdout has the received data.
 * @module
 */
import { createHash } from "node:crypto";
import { type Session, TlsError, type TraceListener } from "@handclasp/node";
import { errorLine, reason } from "./errors.ts";
import { traceJson, traceText } from "./trace.ts";

/** The numbers of application bytes that one connection received and sent. */
export interface Traffic {
  bytesIn: number;
  bytesOut: number;
}

export interface Events {
  established(session: Session): void;
  closed(clean: boolean, traffic: Traffic): void;
  error(error: unknown): void;
  readonly trace: TraceListener;
}

type Print = (line: string) => void;

/** The events as JSON, for `--json`. */
export function jsonEvents(print: Print): Events {
  const event = (name: string, fields: object): void => print(JSON.stringify({ event: name, ...fields }));
  return {
    established: (session) => event("established", describe(session)),
    closed: (clean, { bytesIn, bytesOut }) => event("closed", { clean, bytesIn, bytesOut }),
    error: (error) => {
      const { alert = null, by = "us", code = "error" } = TlsError.is(error) ? error : {};
      event("error", { alert, by, code, message: reason(error) });
    },
    trace: (traceEvent) => {
      const json = traceJson(traceEvent);
      if (json) event("trace", json);
    },
  };
}

/** The events as text. */
export function textEvents(print: Print): Events {
  return {
    established: (session) => print(`established ${summary(session)}`),
    closed: (clean, { bytesIn, bytesOut }) =>
      print(`closed ${clean ? "cleanly" : "with an error"}, ${bytesIn} bytes in, ${bytesOut} bytes out`),
    error: (error) => print(errorLine(error)),
    trace: (traceEvent) => {
      const text = traceText(traceEvent);
      if (text) print(text);
    },
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
  return [...parts, key, peerName, status].filter(Boolean).join(" ");
}
