/**
 * Shows a failure: the error, the side that noticed it, the alert and what to do.
 * @module
 */
import { TlsError } from "@handclasp/core";
import { h } from "../dom.ts";

export function errorCard(error: unknown): HTMLElement {
  if (!TlsError.is(error)) {
    return h(
      "div",
      { class: "failure", "data-testid": "error" },
      h("h2", {}, "The connection failed"),
      h("p", { "data-testid": "error-message" }, error instanceof Error ? error.message : String(error)),
    );
  }
  const facts: readonly (readonly [string, string])[] = [
    ["code", error.code],
    ["alert", error.alert ?? "none"],
    ["noticed by", error.by === "us" ? "this page (the client)" : "the server, which sent us the alert"],
    ["fault", error.fault],
  ];
  return h(
    "div",
    { class: "failure", "data-testid": "error" },
    h("h2", { "data-testid": "error-message" }, sentence(error)),
    h(
      "dl",
      {},
      ...facts.map(([name, value]) =>
        h("div", {}, h("dt", {}, name), h("dd", { "data-testid": `error-${name.replace(" ", "-")}` }, value)),
      ),
    ),
    h("p", { class: "advice" }, h("strong", {}, "Advice: "), advice(error)),
  );
}

/** Returns the message without the advice, which the card shows below the message. */
function sentence({ message, advice = "" }: TlsError): string {
  const text = message.replace(` (${advice})`, "");
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}

function advice(error: TlsError): string {
  if (error.advice) return error.advice;
  switch (error.fault) {
    case "transport":
      return "check that the server is running and reachable, then connect again.";
    case "configuration":
      return "choose another suite or group above.";
    case "peer":
      return /certificate|unknown_ca/.test(error.alert ?? "")
        ? "do not send anything. The server needs a valid certificate for this host, from a CA that this page trusts."
        : "connect again. That is safe, because no altered data was accepted. If the error comes " +
            "back without tampering, the last rows of the ladder show where the handshake failed.";
    default:
      return "connect again. If the error comes back, it is a bug in Handclasp.";
  }
}
