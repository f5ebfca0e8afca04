/**
 * A failure, told in full: what, who noticed, which alert, what to do.
 * @module
 */
import { TlsError } from "@handclasp/core";
import { h } from "../dom.ts";

export function errorCard(error: unknown): HTMLElement {
  if (!TlsError.is(error)) {
    return h(
      "div",
      { class: "failure", "data-testid": "error" },
      h("h2", {}, "That did not work"),
      h("p", { "data-testid": "error-message" }, error instanceof Error ? error.message : String(error)),
    );
  }
  const facts: readonly (readonly [string, string])[] = [
    ["code", error.code],
    ["alert", error.alert ?? "none"],
    ["noticed by", error.by === "us" ? "this page (the client)" : "the server, which told us by an alert"],
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
    h("p", { class: "advice" }, h("strong", {}, "What to do: "), advice(error)),
  );
}

/** The message alone: what to do stands below it. */
function sentence({ message, advice = "" }: TlsError): string {
  const text = message.replace(` (${advice})`, "");
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}

function advice(error: TlsError): string {
  if (error.advice) return error.advice;
  switch (error.fault) {
    case "transport":
      return "see whether the server is running and can be reached, then connect again.";
    case "configuration":
      return "choose another suite or group above.";
    case "peer":
      return /certificate|unknown_ca/.test(error.alert ?? "")
        ? "send nothing. Whoever runs the server has to show a certificate for this host, in date, from a CA that is trusted here."
        : "nothing that was damaged got through, so connecting again is safe. If it comes back although nobody tampers, the last rows of the ladder show where it went wrong.";
    default:
      return "connect again. If it comes back, this is a bug of ours.";
  }
}
