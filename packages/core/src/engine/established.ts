import { TlsError } from "../errors.ts";
import type { Alerts } from "../handshake/alerts.ts";
import type { TlsRecord } from "../record/reader.ts";
import { contentTypes } from "../wire/record.ts";
import { RenegotiationRefuser } from "./renegotiation.ts";

/** Processes the records of an established connection, until an alert or an error ends it. */
export class EstablishedConnection {
  readonly #alerts: Alerts;
  readonly #inbound: { push(bytes: Uint8Array): void };
  readonly #role: "client" | "server";
  readonly #maxRefusals: number;
  /** Created when the first handshake message arrives, because few connections receive one. */
  #renegotiation: RenegotiationRefuser | undefined;

  constructor(
    alerts: Alerts,
    role: "client" | "server",
    maxRefusals: number,
    inbound: { push(bytes: Uint8Array): void },
  ) {
    this.#alerts = alerts;
    this.#role = role;
    this.#maxRefusals = maxRefusals;
    this.#inbound = inbound;
  }

  /** True if a part of a handshake message has arrived and the remaining part has not. */
  get isMidMessage(): boolean {
    return this.#renegotiation?.isMidMessage ?? false;
  }

  /**
   * Processes one record. Returns true if it was application data.
   * @throws `CloseNotify` if the peer has closed; otherwise the error that ends the connection
   */
  receive(record: TlsRecord): boolean {
    const { type, fragment } = record;
    if (type === contentTypes.application_data) {
      if (this.#renegotiation?.isMidMessage)
        throw new TlsError("unexpected_message", "application data inside a handshake message");
      if (!fragment.length) return true;
      this.#alerts.warnings = 0;
      this.#inbound.push(fragment);
      return true;
    }
    if (this.#alerts.handleAlert(record)) return false;
    if (type === contentTypes.handshake) {
      this.#renegotiation ??= new RenegotiationRefuser(this.#alerts, this.#role, this.#maxRefusals);
      this.#renegotiation.receive(fragment);
    } else throw new TlsError("unexpected_message", "ChangeCipherSpec on an established connection");
    return false;
  }
}
