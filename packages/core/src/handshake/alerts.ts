/**
 * The alert protocol, RFC 5246 §7.2, after the records that carry it.
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
  readonly #trace: ((event: TraceEvent) => void) | undefined;
  /** In a row, since the last record that said more. */
  warnings = 0;
  /** Of an alert whose description has not come yet. */
  #level: number | undefined;

  constructor(writer: RecordWriter, trace: ((event: TraceEvent) => void) | undefined) {
    this.#writer = writer;
    this.#trace = trace;
  }

  /** A client's: the server asked for a certificate, and got none. */
  showsNone = false;

  /** Our close_notify is out: no warning goes behind it. */
  closed = false;

  send(level: "warning" | "fatal", description: AlertDescription): void {
    if (this.closed && level === "warning") return;
    this.#trace?.({ type: "alert", direction: "sent", level, description });
    this.#writer.send(contentTypes.alert, Uint8Array.of(level === "fatal" ? 2 : 1, alertDescriptions[description]));
  }

  /**
   * True where the record has alerts, or parts of them, that only warn: an alert may take two records, and a record may
   * have several (RFC 5246 §6.2.1). Throws `CloseNotify`, and the error that a fatal alert is.
   */
  take({ type, fragment }: TlsRecord): boolean {
    if (type !== contentTypes.alert) {
      if (fragment.length) this.warnings = 0;
      return false;
    }
    if (!fragment.length) throw new TlsError("decode_error", "an alert record without a byte", { code: "bad_alert" });
    for (const byte of fragment) {
      const level = this.#level;
      this.#level = level === undefined ? byte : undefined;
      if (level !== undefined) this.#receive(level, byte);
    }
    return true;
  }

  /** Before the peer's keys change: half of an alert under the old ones and half under the new ones is none. */
  endKeys(): void {
    if (this.#level !== undefined)
      throw new TlsError("unexpected_message", "half an alert before ChangeCipherSpec", { code: "excess_alert_data" });
  }

  #receive(level: number, code: number): void {
    if (level !== 1 && level !== 2)
      throw new TlsError("illegal_parameter", `an alert of level ${level}: there are 1, warning, and 2, fatal`, {
        code: "bad_alert",
      });
    const description = alertName(code);
    this.#trace?.({
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
        advice: description && (this.showsNone && wantsCertificate.test(description) ? giveOne : advices[description]),
      });
    if (++this.warnings > maxWarningAlerts)
      throw new TlsError("unexpected_message", `more than ${maxWarningAlerts} warning alerts in a row`, {
        code: "too_many_warning_alerts",
      });
  }
}

/** The peer will send no more (RFC 5246 §7.2.1): an end, not a failure, unless it comes during a handshake. */
export class CloseNotify extends Error {}
// Always the same one: nobody looks at its stack, and to take one costs more than the alert.
const closeNotify: CloseNotify = /* @__PURE__ */ new CloseNotify();

/** What servers say that want a certificate and got none. */
const wantsCertificate = /certificate|handshake|access|unknown_ca/;
const giveOne = "it asked for a certificate, and got none: give credentials that it accepts";

/** What to do about an alert of the peer's. */
const advices: Readonly<Partial<Record<AlertDescription, string>>> = {
  unknown_ca: "it does not trust the CA of our certificate",
  handshake_failure: "no suite, group or signature scheme in common",
  protocol_version: "it does not speak TLS 1.2",
  inappropriate_fallback: "it speaks more than TLS 1.2: leave out fallbackScsv, or let a TLS 1.3 client try first",
  unrecognized_name: "it does not serve the server name we asked for",
};
