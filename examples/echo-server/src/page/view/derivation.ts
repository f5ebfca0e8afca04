/**
 * What both sides compute, with the calculation spelled out (RFC 5246 §8.1, §6.3; RFC 7627).
 * @module
 */
import { type Child, h } from "../dom.ts";
import { count } from "../hex.ts";
import type { Row, Story } from "../story.ts";
import { toned } from "./bytes.ts";

type SecretRow = Extract<Row, { kind: "secret" | "keys" }>;

export function derivation(row: SecretRow, story: Story): HTMLElement[] {
  if (row.kind === "keys") return sessionKeys(row);
  return row.secret.name === "premaster_secret"
    ? premasterSecret(row.secret.bytes, story)
    : masterSecret(row.secret.bytes, story);
}

/** A name of a value, in the colour that its bytes have everywhere. */
const term = (name: string): HTMLElement => h("mark", { "data-value": name }, name);
const formula = (...parts: Child[]): HTMLElement => h("p", { class: "formula" }, ...parts);
const prfHash = (story: Story): string => (story.suite.prf === "sha384" ? "SHA-384" : "SHA-256");

function premasterSecret(bytes: Uint8Array, story: Story): HTMLElement[] {
  const value = toned(bytes, story.known);
  if (story.suite.keyExchange.name === "rsa") {
    return [
      formula(term("premaster secret"), " = 03 03 ‖ 46 random bytes"),
      value,
      h(
        "p",
        {},
        "Made by the client alone. 03 03 is TLS 1.2, so that nobody can talk the two into an older version. It travels in ClientKeyExchange, encrypted to the server’s RSA key.",
      ),
    ];
  }
  return [
    formula(term("premaster secret"), ` = ECDH(own private key, peer’s public key) on ${story.group}`),
    value,
    h(
      "p",
      {},
      "Diffie and Hellman’s trick: client’s private key with server’s public key gives the same as server’s private key with client’s public key. The public keys are in ServerKeyExchange and ClientKeyExchange for all to see, but they do not suffice.",
    ),
  ];
}

function masterSecret(bytes: Uint8Array, story: Story): HTMLElement[] {
  const seed: Child[] = story.extendedMasterSecret
    ? [`“extended master secret”, ${prfHash(story)}(ClientHello … ClientKeyExchange)`]
    : ["“master secret”, ", term("client random"), " ‖ ", term("server random")];
  return [
    formula(term("master secret"), " = PRF(", term("premaster secret"), ", ", ...seed, ")"),
    toned(bytes, story.known),
    h(
      "p",
      {},
      story.extendedMasterSecret
        ? "48 bytes. The textbook mixes in the two randoms; RFC 7627 mixes in a hash of every message so far, which holds both randoms and the certificate too, so that a man in the middle cannot bring two connections to one master secret."
        : "48 bytes, from the premaster secret and both randoms.",
    ),
    h(
      "details",
      { class: "aside" },
      h("summary", {}, "What PRF is"),
      h(
        "p",
        {},
        `The pseudo-random function of TLS 1.2 stretches a secret to as many bytes as are needed, with HMAC-${prfHash(story)} over and over:`,
      ),
      formula("PRF(secret, label, seed) = HMAC(secret, A₁ ‖ label ‖ seed) ‖ HMAC(secret, A₂ ‖ label ‖ seed) ‖ …"),
      formula("A₀ = label ‖ seed,  Aᵢ = HMAC(secret, Aᵢ₋₁)"),
    ),
  ];
}

function sessionKeys(row: Extract<Row, { kind: "keys" }>): HTMLElement[] {
  const parts = row.keys.filter(({ name, bytes }) => name !== "key_block" && bytes.length > 0);
  return [
    formula(
      "key block = PRF(",
      term("master secret"),
      ", “key expansion”, ",
      term("server random"),
      " ‖ ",
      term("client random"),
      ")",
    ),
    h("p", {}, "Cut into pieces, one set for each direction:"),
    h(
      "dl",
      { class: "keys" },
      ...parts.map(({ name, bytes }) =>
        h(
          "div",
          { "data-testid": name },
          h("dt", {}, name.replaceAll("_", " "), h("span", { class: "quiet" }, ` ${count(bytes.length)}`)),
          h("dd", {}, h("mark", { "data-value": name.replaceAll("_", " ") }, toned(bytes, []))),
        ),
      ),
    ),
  ];
}
