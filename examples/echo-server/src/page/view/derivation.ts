/**
 * Shows the secrets that both sides compute, with the formulas (RFC 5246 §8.1, §6.3; RFC 7627).
 * @module
 */
import { type Child, h } from "../dom.ts";
import { count } from "../hex.ts";
import type { Row, Story } from "../story.ts";
import { markedHex } from "./bytes.ts";

type SecretRow = Extract<Row, { kind: "secret" | "keys" }>;

export function derivation(row: SecretRow, story: Story): HTMLElement[] {
  if (row.kind === "keys") return sessionKeys(row);
  return row.secret.name === "premaster_secret"
    ? premasterSecret(row.secret.bytes, story)
    : masterSecret(row.secret.bytes, story);
}

/** Shows the name of a value in the colour of its bytes. */
const term = (name: string): HTMLElement => h("mark", { "data-value": name }, name);
const formula = (...parts: Child[]): HTMLElement => h("p", { class: "formula" }, ...parts);
const prfHash = (story: Story): string => (story.suite.prf === "sha384" ? "SHA-384" : "SHA-256");

function premasterSecret(bytes: Uint8Array, story: Story): HTMLElement[] {
  const value = markedHex(bytes, story.knownValues);
  if (story.suite.keyExchange.name === "rsa") {
    return [
      formula(term("premaster secret"), " = 03 03 ‖ 46 random bytes"),
      value,
      h(
        "p",
        {},
        "The client alone chooses this secret. 03 03 is the version TLS 1.2, which the server checks, so that " +
          "an attacker cannot make the two sides use an older version. The client sends it in " +
          "ClientKeyExchange, encrypted with the server’s RSA key.",
      ),
    ];
  }
  return [
    formula(term("premaster secret"), ` = ECDH(own private key, peer’s public key) on ${story.group}`),
    value,
    h(
      "p",
      {},
      "The Diffie-Hellman key exchange: the client’s private key with the server’s public key gives " +
        "the same value as the server’s private key with the client’s public key. Anyone on the path " +
        "can read the public keys in ServerKeyExchange and ClientKeyExchange, but cannot compute the " +
        "secret from them.",
    ),
  ];
}

function masterSecret(bytes: Uint8Array, story: Story): HTMLElement[] {
  const seed: Child[] = story.extendedMasterSecret
    ? [`“extended master secret”, ${prfHash(story)}(ClientHello … ClientKeyExchange)`]
    : ["“master secret”, ", term("client random"), " ‖ ", term("server random")];
  return [
    formula(term("master secret"), " = PRF(", term("premaster secret"), ", ", ...seed, ")"),
    markedHex(bytes, story.knownValues),
    h(
      "p",
      {},
      story.extendedMasterSecret
        ? "48 bytes. The textbook uses the two random values as the seed. RFC 7627 uses a hash of " +
            "all handshake messages so far, which include both random values and the certificate. So a " +
            "man in the middle cannot give two connections the same master secret."
        : "48 bytes, from the premaster secret and both random values.",
    ),
    h(
      "details",
      { class: "aside" },
      h("summary", {}, "The PRF"),
      h(
        "p",
        {},
        `The pseudorandom function of TLS 1.2 expands a secret to any number of bytes. It repeats ` +
          `HMAC-${prfHash(story)}:`,
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
    h("p", {}, "The key block is cut into one set of keys for each direction:"),
    h(
      "dl",
      { class: "keys" },
      ...parts.map(({ name, bytes }) =>
        h(
          "div",
          { "data-testid": name },
          h("dt", {}, name.replaceAll("_", " "), h("span", { class: "quiet" }, ` ${count(bytes.length)}`)),
          h("dd", {}, h("mark", { "data-value": name.replaceAll("_", " ") }, markedHex(bytes, []))),
        ),
      ),
    ),
  ];
}
