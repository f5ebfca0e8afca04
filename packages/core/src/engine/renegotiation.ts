import { TlsError } from "../errors.ts";
import type { Alerts } from "../handshake/alerts.ts";
import { HandshakeReader } from "../handshake/handshakeReader.ts";
import { clientHello, messageHeaderLength as headerLength, helloRequest, messageName } from "../wire/messages.ts";

/**
 * On an established connection, the only valid handshake message is a request to renegotiate. We refuse it with a
 * warning, and the connection goes on (RFC 5246 §7.2.2). After `maxRefusals` warnings, the next request ends the
 * connection.
 */
export class RenegotiationRefuser {
  readonly #alerts: Alerts;
  /** The message that requests a renegotiation: HelloRequest from a server, ClientHello from a client. */
  readonly #request: number;
  readonly #maxRefusals: number;
  readonly #messages = new HandshakeReader();
  #refused = 0;

  constructor(alerts: Alerts, role: "client" | "server", maxRefusals: number) {
    this.#alerts = alerts;
    this.#request = role === "client" ? helloRequest.id : clientHello.id;
    this.#maxRefusals = maxRefusals;
  }

  /** True if a part of a message has arrived and the remaining part has not. */
  get isMidMessage(): boolean {
    return this.#messages.pendingBytes > 0;
  }

  receive(fragment: Uint8Array): void {
    const messages = this.#messages;
    messages.append(fragment);
    while (messages.pendingBytes) {
      if (messages.type !== this.#request)
        throw new TlsError(
          "unexpected_message",
          `${messageName(messages.type as number)} on an established connection`,
        );
      if (this.#request === helloRequest.id && (messages.length ?? 0) > headerLength)
        throw new TlsError("decode_error", "a HelloRequest with a body");
      if (!messages.isWhole) return;
      messages.take();
      if (++this.#refused > this.#maxRefusals)
        throw new TlsError("no_renegotiation", `renegotiation attempt ${this.#refused}: we never renegotiate`);
      this.#alerts.send("warning", "no_renegotiation");
    }
  }
}
