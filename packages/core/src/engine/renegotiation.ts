import { TlsError } from "../errors.ts";
import type { Alerts } from "../handshake/alerts.ts";
import { HandshakeReader } from "../handshake/handshakeReader.ts";
import { clientHello, messageHeaderLength as headerLength, helloRequest, messageName } from "../wire/messages.ts";

/**
 * Handshake messages on an established connection can only ask for a new handshake. We refuse it with a warning, and
 * the connection goes on (RFC 5246 §7.2.2). A peer that insists is cut off.
 */
export class RefusedRenegotiation {
  readonly #alerts: Alerts;
  /** The message by which the peer asks. */
  readonly #request: number;
  readonly #most: number;
  readonly #messages = new HandshakeReader();
  #refused = 0;

  constructor(alerts: Alerts, role: "client" | "server", most: number) {
    this.#alerts = alerts;
    this.#request = role === "client" ? helloRequest.id : clientHello.id;
    this.#most = most;
  }

  /** Some of a message is there, and not all of it. */
  get midMessage(): boolean {
    return this.#messages.pending > 0;
  }

  receive(fragment: Uint8Array): void {
    const messages = this.#messages;
    messages.append(fragment);
    while (messages.pending) {
      if (messages.type !== this.#request)
        throw new TlsError(
          "unexpected_message",
          `${messageName(messages.type as number)} on an established connection`,
        );
      if (this.#request === helloRequest.id && (messages.length ?? 0) > headerLength)
        throw new TlsError("decode_error", "a HelloRequest with a body");
      if (!messages.isWhole) return;
      messages.take();
      if (++this.#refused > this.#most)
        throw new TlsError("no_renegotiation", `${this.#refused} tries to renegotiate, which we never do`);
      this.#alerts.send("warning", "no_renegotiation");
    }
  }
}
