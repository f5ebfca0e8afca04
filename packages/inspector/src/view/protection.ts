/**
 * Shows how the sender builds a protected record and how the receiver takes it apart (RFC 5246 §6.2.3).
 * @module
 */
import { openRecord, type RecordPart, type RecordProtection } from "@handclasp/core/describe";
import { recordCommands } from "../commands.ts";
import { contrasts } from "../contrast.ts";
import { type Child, h } from "../dom.ts";
import { hex } from "../hex.ts";
import type { RecordEvent } from "../story.ts";
import type { Text } from "../text.ts";
import { commandsFigure } from "./commands.ts";
import { contrastFigure } from "./contrast.ts";
import { formula } from "./derivation.ts";
import type { View } from "./view.ts";

/** Shows the protection of a record. The element is filled when the record is decrypted. */
export function protectionFigure(record: RecordEvent, view: View): HTMLElement | undefined {
  const { story } = view;
  const keys = story.keysOf(story.endOf(record.direction));
  const suite = story.suite?.name;
  if (!record.protected || !keys || !suite) return undefined;
  const element = h("div", { class: "protection", "data-testid": "protection" });
  openRecord(record, suite, keys).then(
    (protection) => {
      if (protection) element.append(h("div", { class: "protection" }, ...steps(protection, record, view)));
    },
    (error: unknown) => element.append(error instanceof Error ? error.message : String(error)),
  );
  return element;
}

const partNames: Readonly<Record<RecordPart["name"], Text>> = {
  explicit_nonce: { en: "explicit nonce", ko: "명시적 논스" },
  IV: { en: "IV, random for each record", ko: "IV, 레코드마다 새 난수" },
  ciphertext: { en: "ciphertext", ko: "암호문" },
  tag: { en: "tag", ko: "태그" },
  content: { en: "content", ko: "내용" },
  MAC: { en: "MAC", ko: "MAC" },
  padding: { en: "padding", ko: "패딩" },
  padding_length: { en: "padding_length", ko: "padding_length(패딩 길이)" },
};

function steps(protection: RecordProtection, record: RecordEvent, view: View): Child[] {
  const { say, story } = view;
  const end = story.endOf(record.direction);
  const isCbc = protection.mac !== undefined;
  const [build, take] = isCbc ? (story.encryptThenMac ? encryptThenMac : macThenEncrypt) : aead;
  const macName = `HMAC-${(story.suite?.mac ?? "").toUpperCase()}`;
  return [
    h("h4", {}, say({ en: "Built by the sender", ko: "보내는 쪽이 만드는 과정" })),
    h("ol", { class: "numbered" }, ...build.map((text) => h("li", {}, say(text)))),
    additionalData(protection, view),
    protection.nonce && h("p", {}, h("small", {}, say(nonceName)), code(protection.nonce)),
    isCbc &&
      formula(
        `MAC = ${macName}(${end}_write_MAC_key, seq_num ‖ type ‖ version ‖ length ‖ ` +
          `${story.encryptThenMac ? "IV ‖ ciphertext" : "content"})`,
      ),
    parts(protection.opened, { en: "Before encryption", ko: "암호화하기 전" }, view),
    parts(protection.sealed, { en: "On the wire, after the header", ko: "선 위에서, 머리 다음" }, view),
    h("h4", {}, say({ en: "Taken apart by the receiver", ko: "받는 쪽이 푸는 과정" })),
    h("ol", { class: "numbered" }, ...take.map((text) => h("li", {}, say(text)))),
    contrastFigure(contrasts.record, view),
    commandsFigure(recordCommands(record, protection, story), view),
  ];
}

const nonceName: Text = {
  en: "nonce, 12 bytes, never used twice with one key",
  ko: "논스, 12바이트, 한 키로 두 번 쓰지 않음",
};

/** Shows seq_num, type, version and length, RFC 5246 §6.2.3.1. */
function additionalData({ additionalData: data }: RecordProtection, { say }: View): HTMLElement {
  const fields: readonly (readonly [name: string, start: number, end: number])[] = [
    ["seq_num", 0, 8],
    ["type", 8, 9],
    ["version", 9, 11],
    ["length", 11, 13],
  ];
  return h(
    "figure",
    {},
    h("figcaption", {}, say({ en: "Authenticated, but not sent as such", ko: "인증되지만 그대로 보내지는 않음" })),
    h(
      "ol",
      { class: "stretches" },
      ...fields.map(([name, start, end]) =>
        h("li", { class: "stretch header" }, code(data.subarray(start, end)), h("small", {}, name)),
      ),
    ),
  );
}

const parts = (all: readonly RecordPart[], title: Text, { say }: View): HTMLElement =>
  h(
    "figure",
    {},
    h("figcaption", {}, say(title)),
    h(
      "ol",
      { class: "stretches" },
      ...all.map(({ name, bytes }) =>
        h("li", { class: "stretch sealed", "data-testid": name }, code(bytes), h("small", {}, say(partNames[name]))),
      ),
    ),
  );

const code = (bytes: Uint8Array): HTMLElement => {
  const shown = hex(bytes.subarray(0, maxShown));
  return h("code", { class: "hex" }, bytes.length > maxShown ? `${shown} … (+${bytes.length - maxShown})` : shown);
};

const maxShown = 320;

type Steps = readonly [build: readonly Text[], take: readonly Text[]];

const macThenEncrypt: Steps = [
  [
    {
      en: "Compute the MAC over the sequence number, the header and the content.",
      ko: "순서 번호와 머리, 내용에 대해 MAC을 계산합니다.",
    },
    { en: "Append the MAC to the content.", ko: "내용 뒤에 MAC을 붙입니다." },
    {
      en: "Append padding up to a whole block of 16 bytes. Each byte of it is the number of padding bytes.",
      ko: "16바이트 블록이 차도록 패딩을 붙입니다. 패딩의 각 바이트는 패딩의 길이입니다.",
    },
    { en: "Choose a random IV and encrypt with AES-CBC.", ko: "무작위 IV를 고르고 AES-CBC로 암호화합니다." },
    { en: "Send the header, the IV and the ciphertext.", ko: "머리, IV, 암호문을 보냅니다." },
  ],
  [
    { en: "Decrypt with the key and the IV of the record.", ko: "키와 레코드의 IV로 복호화합니다." },
    {
      en: "Read the last byte: the length of the padding. Check every padding byte.",
      ko: "마지막 바이트인 패딩 길이를 읽고, 모든 패딩 바이트를 확인합니다.",
    },
    {
      en:
        "Compute the MAC again and compare. A wrong MAC and a wrong padding give the same " +
        "bad_record_mac, after the same time.",
      ko: "MAC을 다시 계산하여 비교합니다. 틀린 MAC과 틀린 패딩은 같은 시간 뒤에 같은 bad_record_mac이 됩니다.",
    },
  ],
];

const encryptThenMac: Steps = [
  [
    { en: "Append padding up to a whole block of 16 bytes.", ko: "16바이트 블록이 차도록 패딩을 붙입니다." },
    { en: "Choose a random IV and encrypt with AES-CBC.", ko: "무작위 IV를 고르고 AES-CBC로 암호화합니다." },
    {
      en: "Compute the MAC over the sequence number, the header, the IV and the ciphertext.",
      ko: "순서 번호와 머리, IV, 암호문에 대해 MAC을 계산합니다.",
    },
    { en: "Send the header, the IV, the ciphertext and the MAC.", ko: "머리, IV, 암호문, MAC을 보냅니다." },
  ],
  [
    {
      en: "Compute the MAC and compare. If it is wrong, stop here with bad_record_mac.",
      ko: "MAC을 계산하여 비교합니다. 틀리면 여기서 bad_record_mac으로 끝냅니다.",
    },
    { en: "Decrypt, and remove the padding.", ko: "복호화하고 패딩을 뗍니다." },
  ],
];

const aead: Steps = [
  [
    {
      en:
        "Make the nonce: the IV from the key block and the explicit nonce, or for ChaCha20 the XOR of " +
        "the IV and the sequence number.",
      ko: "논스를 만듭니다. 키 블록의 IV와 명시적 논스를 잇거나, ChaCha20이면 IV와 순서 번호를 XOR합니다.",
    },
    {
      en: "Encrypt the content and compute the tag over the ciphertext and the additional data, in one operation.",
      ko: "한 번의 연산으로 내용을 암호화하고, 암호문과 추가 데이터에 대한 태그를 계산합니다.",
    },
    {
      en: "Send the header, the explicit nonce, the ciphertext and the tag.",
      ko: "머리, 명시적 논스, 암호문, 태그를 보냅니다.",
    },
  ],
  [
    { en: "Make the same nonce and the same additional data.", ko: "같은 논스와 같은 추가 데이터를 만듭니다." },
    {
      en: "Check the tag. If it is wrong, no byte is decrypted: bad_record_mac.",
      ko: "태그를 확인합니다. 틀리면 한 바이트도 복호화하지 않습니다: bad_record_mac.",
    },
    { en: "Decrypt the content.", ko: "내용을 복호화합니다." },
  ],
];
