/**
 * Shows the secrets that both sides compute, with the formulas (RFC 5246 §8.1, §6.3; RFC 7627).
 * @module
 */
import { type Child, h } from "../dom.ts";
import { count } from "../hex.ts";
import type { Row } from "../story.ts";
import type { Text } from "../text.ts";
import { markedHex } from "./bytes.ts";
import type { View } from "./view.ts";

type SecretRow = Extract<Row, { kind: "secret" | "keys" }>;

export function derivation(row: SecretRow, view: View): HTMLElement[] {
  if (row.kind === "keys") return sessionKeys(row, view);
  return row.secret.name === "premaster_secret"
    ? premasterSecret(row.secret.bytes, view)
    : masterSecret(row.secret.bytes, view);
}

/** The formula of a secret, in one line. */
export function formulaOf(row: SecretRow, view: View): Child[] {
  const { story } = view;
  if (row.kind === "keys")
    return [
      "key block = PRF(",
      term("master secret"),
      ", “key expansion”, ",
      term("server random"),
      " ‖ ",
      term("client random"),
      ")",
    ];
  if (row.secret.name === "premaster_secret") {
    const name = story.suite?.keyExchange.name;
    if (name === "rsa") return [term("premaster secret"), " = 03 03 ‖ random(46)"];
    if (name === "psk") return [term("premaster secret"), " = N ‖ 0^N ‖ N ‖ PSK"];
    if (name === "ecdhe_psk") return [term("premaster secret"), " = length ‖ ECDH ‖ length ‖ PSK"];
    const group = story.group ? `, ${story.group}` : "";
    return [
      term("premaster secret"),
      ` = ${name === "dhe" ? "DH" : "ECDH"}(own private key, peer’s public key${group})`,
    ];
  }
  if (story.resumed) return [term("master secret"), " = the master secret of the resumed session"];
  const seed: Child[] = story.extendedMasterSecret
    ? [`“extended master secret”, ${prfHash(view)}(ClientHello … ClientKeyExchange)`]
    : ["“master secret”, ", term("client random"), " ‖ ", term("server random")];
  return [term("master secret"), " = PRF(", term("premaster secret"), ", ", ...seed, ")"];
}

/** Shows the name of a value in the colour of its bytes. */
export const term = (name: string): HTMLElement => h("mark", { "data-value": name }, name);
export const formula = (...parts: Child[]): HTMLElement => h("p", { class: "formula" }, ...parts);
export const prfHash = ({ story }: Pick<View, "story">): string =>
  story.suite?.prf === "sha384" ? "SHA-384" : "SHA-256";

const premasterTexts: Readonly<Record<"rsa" | "dh" | "psk", Text>> = {
  rsa: {
    en:
      "The client alone chooses this secret. 03 03 is the version TLS 1.2, which the server checks, so that an " +
      "attacker cannot make the two sides use an older version. The client sends it in ClientKeyExchange, encrypted " +
      "with the server’s RSA key.",
    ko:
      "클라이언트가 혼자 고르는 값입니다. 03 03은 TLS 1.2라는 버전이고, 공격자가 양쪽에 더 낮은 버전을 쓰게 만들지 못하도록 " +
      "서버가 확인합니다. 클라이언트는 이 값을 서버의 RSA 키로 암호화하여 ClientKeyExchange에 보냅니다.",
  },
  dh: {
    en:
      "The Diffie-Hellman key exchange: the client’s private key with the server’s public key gives " +
      "the same value as " +
      "the server’s private key with the client’s public key. Anyone on the path can read the public keys in " +
      "ServerKeyExchange and ClientKeyExchange, but cannot compute the secret from them.",
    ko:
      "Diffie-Hellman 키 교환입니다. 클라이언트의 개인 키와 서버의 공개 키로 얻는 값은 서버의 개인 키와 클라이언트의 공개 키로 얻는 " +
      "값과 같습니다. 경로에 있는 누구나 ServerKeyExchange와 ClientKeyExchange의 공개 키를 읽을 수 있지만, 그것으로 비밀을 계산하지는 못합니다.",
  },
  psk: {
    en: "Both sides have had the pre-shared key before. The premaster secret contains it (RFC 4279 §2, RFC 5489 §2).",
    ko: "양쪽은 사전 공유 키를 미리 가지고 있었습니다. premaster secret에 그 키가 들어 있습니다 (RFC 4279 §2, RFC 5489 §2).",
  },
};

function premasterSecret(bytes: Uint8Array, view: View): HTMLElement[] {
  const name = view.story.suite?.keyExchange.name;
  const text = name === "rsa" ? premasterTexts.rsa : name?.includes("psk") ? premasterTexts.psk : premasterTexts.dh;
  return [markedHex(bytes, view.story.knownValues), h("p", {}, view.say(text))];
}

const masterTexts: Readonly<Record<"plain" | "extended" | "resumed", Text>> = {
  resumed: {
    en: "Both sides have kept it from the earlier session. New random values give new keys.",
    ko: "양쪽이 앞선 세션에서 간직한 값입니다. 새 난수가 새 키를 줍니다.",
  },
  plain: {
    en: "48 bytes, from the premaster secret and both random values (RFC 5246 §8.1).",
    ko: "48바이트이며, premaster secret과 두 난수에서 나옵니다 (RFC 5246 §8.1).",
  },
  extended: {
    en:
      "48 bytes. The textbook uses the two random values as the seed. RFC 7627 uses a hash of all handshake messages " +
      "so far, which include both random values and the certificate. So a man in the middle cannot give two " +
      "connections the same master secret.",
    ko:
      "48바이트입니다. 교과서는 두 난수를 씨앗으로 씁니다. RFC 7627은 지금까지의 모든 핸드셰이크 메시지의 해시를 쓰는데, " +
      "여기에는 두 난수와 인증서가 들어 있습니다. 그래서 중간자가 두 연결에 같은 master secret을 줄 수 없습니다.",
  },
};

function masterSecret(bytes: Uint8Array, view: View): HTMLElement[] {
  const { story, say } = view;
  const hash = prfHash(view);
  return [
    markedHex(bytes, story.knownValues),
    h("p", {}, say(masterTexts[story.resumed ? "resumed" : story.extendedMasterSecret ? "extended" : "plain"])),
    h(
      "details",
      { class: "aside" },
      h("summary", {}, say({ en: "The PRF", ko: "PRF" })),
      h(
        "p",
        {},
        say({
          en: `The pseudorandom function of TLS 1.2 expands a secret to any number of bytes. It repeats HMAC-${hash}:`,
          ko: `TLS 1.2의 의사 난수 함수는 비밀을 원하는 길이로 늘립니다. HMAC-${hash}를 되풀이합니다:`,
        }),
      ),
      formula("PRF(secret, label, seed) = HMAC(secret, A₁ ‖ label ‖ seed) ‖ HMAC(secret, A₂ ‖ label ‖ seed) ‖ …"),
      formula("A₀ = label ‖ seed,  Aᵢ = HMAC(secret, Aᵢ₋₁)"),
    ),
  ];
}

function sessionKeys(row: Extract<Row, { kind: "keys" }>, { say }: View): HTMLElement[] {
  const parts = row.keys.filter(({ name, bytes }) => name !== "key_block" && bytes.length > 0);
  return [
    h(
      "p",
      {},
      say({
        en: "The key block is cut into one set of keys for each direction:",
        ko: "키 블록을 잘라 방향마다 키 한 벌을 만듭니다:",
      }),
    ),
    h(
      "dl",
      { class: "keys" },
      ...parts.map(({ name, bytes }) =>
        h(
          "div",
          { "data-testid": name },
          h("dt", {}, name.replaceAll("_", " "), h("span", { class: "quiet" }, ` ${say(count(bytes.length))}`)),
          h("dd", {}, h("mark", { "data-value": name.replaceAll("_", " ") }, markedHex(bytes, []))),
        ),
      ),
    ),
  ];
}
