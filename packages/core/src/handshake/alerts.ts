/**
 * The alert protocol, RFC 5246 §7.2.
 * @module
 */
import { type AlertDescription, alertDescriptions, alertName, TlsError } from "../errors.ts";
import { maxWarningAlerts } from "../limits.ts";
import type { TlsRecord } from "../record/reader.ts";
import type { RecordWriter } from "../record/writer.ts";
import type { TraceEvent } from "../trace.ts";
import { contentTypes } from "../wire/record.ts";

export class Alerts {
  readonly #writer: RecordWriter;
  /** Takes the alerts. A server's observer may replace it before the flow starts. */
  trace: ((event: TraceEvent) => void) | undefined;
  /** The number of warnings since the last record with other content. */
  warnings = 0;
  /** The level byte of an alert whose description has not arrived yet. */
  #level: number | undefined;

  constructor(writer: RecordWriter, trace: ((event: TraceEvent) => void) | undefined) {
    this.#writer = writer;
    this.trace = trace;
  }

  /** Client only: whether the server asked for a certificate and the client sent none. */
  sentNoCertificate = false;

  /** Whether we have sent close_notify. We send no warning after it. */
  closed = false;

  send(level: "warning" | "fatal", description: AlertDescription): void {
    if (this.closed && level === "warning") return;
    this.trace?.({ type: "alert", direction: "sent", level, description });
    this.#writer.send(contentTypes.alert, Uint8Array.of(level === "fatal" ? 2 : 1, alertDescriptions[description]));
  }

  /**
   * Processes a record. Returns true for alerts after which the connection goes on, and false for a record of another
   * type. A record may contain several alerts, and an alert may be split over two records (RFC 5246 §6.2.1). Throws
   * `CloseNotify` for close_notify, and a `TlsError` for a fatal or invalid alert, or for too many warnings.
   */
  handleAlert({ type, fragment }: TlsRecord): boolean {
    if (type !== contentTypes.alert) {
      if (fragment.length) this.warnings = 0;
      return false;
    }
    if (!fragment.length) throw new TlsError("decode_error", "an empty alert record", { code: "bad_alert" });
    for (const byte of fragment) {
      const level = this.#level;
      this.#level = level === undefined ? byte : undefined;
      if (level !== undefined) this.#receive(level, byte);
    }
    return true;
  }

  /** Called before the peer's keys change. Throws if an alert is split between the old and the new keys. */
  checkComplete(): void {
    if (this.#level !== undefined)
      throw new TlsError("unexpected_message", "half an alert before ChangeCipherSpec", { code: "excess_alert_data" });
  }

  #receive(level: number, code: number): void {
    if (level !== 1 && level !== 2)
      throw new TlsError("illegal_parameter", `alert level ${level}, expected 1 (warning) or 2 (fatal)`, {
        code: "bad_alert",
      });
    const description = alertName(code);
    this.trace?.({
      type: "alert",
      direction: "received",
      level: level === 2 ? "fatal" : "warning",
      description: description ?? code,
    });
    if (description === "close_notify") throw closeNotify;
    if (level === 2)
      throw new TlsError(description, `the peer ended the connection: ${description ?? `unknown alert ${code}`}`, {
        by: "peer",
        code: description ?? "unknown_alert",
        advice:
          description &&
          (this.sentNoCertificate && wantsCertificate.test(description) ? giveCertificate : advices[description]),
      });
    if (++this.warnings > maxWarningAlerts)
      throw new TlsError("unexpected_message", `more than ${maxWarningAlerts} warning alerts in a row`, {
        code: "too_many_warning_alerts",
      });
  }
}

/** Thrown for close_notify: the peer sends nothing more (RFC 5246 §7.2.1). It is a failure only in a handshake. */
export class CloseNotify extends Error {}
// One instance for all connections: no caller reads its stack, and capturing a stack costs more than the alert.
const closeNotify: CloseNotify = /* @__PURE__ */ new CloseNotify();

/** Matches the alerts that a server sends if it requires a certificate and got none. */
const wantsCertificate = /certificate|handshake|access|unknown_ca/;
const giveCertificate = "it asked for a certificate and got none: give credentials that it accepts";

/** Hints for alerts that we receive. "It" is the peer. */
const advices: Readonly<Partial<Record<AlertDescription, string>>> = {
  unknown_ca: "it does not trust the CA of our certificate",
  handshake_failure: "no suite, group or signature scheme in common",
  protocol_version: "it does not speak TLS 1.2",
  inappropriate_fallback: "it speaks more than TLS 1.2: leave out fallbackScsv, or let a TLS 1.3 client try first",
  unrecognized_name: "it does not serve the server name we asked for",
};
