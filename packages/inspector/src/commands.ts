/**
 * Commands that repeat the calculations of a connection with its own numbers, so that a reader need not believe the
 * inspector. A test runs them.
 * @module
 */
import type { RecordProtection } from "@handclasp/core/describe";
import { concat, toBase64, toHex } from "@handclasp/core/unstable";
import { fieldOf, type RecordEvent, type Row, type Story } from "./story.ts";
import type { Text } from "./text.ts";

/** A command for a shell, and the bytes that it prints. */
export interface Command {
  readonly title: Text;
  readonly tool: "openssl" | "node";
  readonly command: string;
  readonly result: Uint8Array;
}

/** The commands for a secret, the key block, or a message. */
export function commandsFor(row: Row, story: Story): readonly Command[] {
  switch (row.kind) {
    case "secret":
      return row.secret.name === "master_secret" ? masterSecret(row.secret.bytes, row.index, story) : [];
    case "keys":
      return keyBlock(row.keys[0]?.bytes, story);
    case "handshake":
      return row.name === "finished" ? verifyData(row, story) : [];
    default:
      return [];
  }
}

const prfTitle: Text = { en: "The PRF, with openssl", ko: "openssl로 PRF" };
const prfNodeTitle: Text = { en: "The PRF, with node", ko: "node로 PRF" };

function masterSecret(result: Uint8Array, index: number, story: Story): readonly Command[] {
  const premaster = story.secret("premaster_secret");
  const [client, server] = [story.secret("client random"), story.secret("server random")];
  if (!premaster || !client || !server) return [];
  if (!story.extendedMasterSecret) return prf(story, premaster, hexOf(ascii("master secret"), client, server), result);
  const transcript = concat(...story.messages.slice(0, index));
  return prfOfHash(story, premaster, "extended master secret", transcript, result);
}

function keyBlock(result: Uint8Array | undefined, story: Story): readonly Command[] {
  const master = story.secret("master_secret");
  const [client, server] = [story.secret("client random"), story.secret("server random")];
  if (!result || !master || !client || !server) return [];
  return prf(story, master, hexOf(ascii("key expansion"), server, client), result);
}

function verifyData(row: Extract<Row, { kind: "handshake" }>, story: Story): readonly Command[] {
  const master = story.secret("master_secret");
  const result = fieldOf(row.body, "verifyData");
  if (!master || !(result instanceof Uint8Array)) return [];
  return prfOfHash(story, master, `${row.from} finished`, concat(...story.messages.slice(0, row.index)), result);
}

/** PRF(secret, seed), where the seed begins with the label. */
function prf(story: Story, secret: Uint8Array, seed: string, result: Uint8Array): readonly Command[] {
  const { length } = result;
  const hash = hashOf(story);
  return [
    {
      title: prfTitle,
      tool: "openssl",
      command:
        `openssl kdf -keylen ${length} -kdfopt digest:${hash} -kdfopt hexsecret:${hexOf(secret)} \\\n` +
        `  -kdfopt hexseed:${seed} TLS1-PRF`,
      result,
    },
    { title: prfNodeTitle, tool: "node", command: nodePrf(hash, secret, bufferFrom(seed), length), result },
  ];
}

/** PRF(secret, label ‖ hash(messages)). */
function prfOfHash(
  story: Story,
  secret: Uint8Array,
  label: string,
  transcript: Uint8Array,
  result: Uint8Array,
): readonly Command[] {
  const hash = hashOf(story);
  const { length } = result;
  const messages = bufferFrom(toHex(transcript));
  const seed = `Buffer.concat([Buffer.from("${label}"), createHash("${hash}").update(${messages}).digest()])`;
  return [
    {
      title: { en: "The hash of the messages and the PRF, with openssl", ko: "openssl로 메시지들의 해시와 PRF" },
      tool: "openssl",
      command:
        `HASH=$(echo ${toBase64(transcript)} | openssl base64 -d -A | openssl dgst -${hash} -r | cut -d" " -f1)\n` +
        `openssl kdf -keylen ${length} -kdfopt digest:${hash} -kdfopt hexsecret:${hexOf(secret)} \\\n` +
        `  -kdfopt hexseed:${hexOf(ascii(label))}$HASH TLS1-PRF`,
      result,
    },
    { title: prfNodeTitle, tool: "node", command: nodePrf(hash, secret, seed, length), result },
  ];
}

const nodePrf = (hash: string, secret: Uint8Array, seed: string, length: number): string => `node -e '
const { createHash, createHmac } = require("node:crypto");
const secret = Buffer.from("${hexOf(secret)}", "hex");
const seed = ${seed};
const hmac = (data) => createHmac("${hash}", secret).update(data).digest();
let a = seed;
let output = Buffer.alloc(0);
while (output.length < ${length}) {
  a = hmac(a);
  output = Buffer.concat([output, hmac(Buffer.concat([a, seed]))]);
}
console.log(output.subarray(0, ${length}).toString("hex"));'`;

/** The commands that take a protected record apart. */
export function recordCommands(record: RecordEvent, protection: RecordProtection, story: Story): readonly Command[] {
  const keys = story.keysOf(story.endOf(record.direction));
  const { suite } = story;
  if (!keys || !suite) return [];
  const part = (name: string): Uint8Array =>
    [...protection.sealed, ...protection.opened].find((one) => one.name === name)?.bytes ?? new Uint8Array(0);
  const opened = concat(...protection.opened.map(({ bytes }) => bytes));
  if (protection.mac && suite.mac) {
    const input = keys.encryptThenMac ? concat(part("IV"), part("ciphertext")) : part("content");
    const size = suite.cipher === "AES_128_CBC" ? 128 : 256;
    return [
      {
        title: { en: "Decrypt the record", ko: "레코드 복호화" },
        tool: "openssl",
        command:
          `echo ${toBase64(part("ciphertext"))} | openssl base64 -d -A | \\\n` +
          `  openssl enc -d -aes-${size}-cbc -K ${hexOf(keys.key)} -iv ${hexOf(part("IV"))} -nopad | od -An -v -tx1`,
        result: opened,
      },
      {
        title: { en: "Compute the MAC", ko: "MAC 계산" },
        tool: "openssl",
        command:
          `echo ${toBase64(concat(protection.additionalData, input))} | openssl base64 -d -A | \\\n` +
          `  openssl dgst -${suite.mac} -mac HMAC -macopt hexkey:${hexOf(keys.macKey)} -r | cut -d" " -f1`,
        result: protection.mac,
      },
    ];
  }
  if (!protection.nonce) return [];
  const ciphers: Readonly<Record<string, string>> = {
    AES_128_GCM: "aes-128-gcm",
    AES_256_GCM: "aes-256-gcm",
    CHACHA20_POLY1305: "chacha20-poly1305",
  };
  const cipher = ciphers[suite.cipher];
  if (!cipher) return [];
  return [
    {
      title: { en: "Decrypt the record and check its tag", ko: "레코드를 복호화하고 태그 확인" },
      tool: "node",
      command: `node -e '
const { createDecipheriv } = require("node:crypto");
const hex = (text) => Buffer.from(text, "hex");
const cipher = createDecipheriv("${cipher}", hex("${hexOf(keys.key)}"),
  hex("${hexOf(protection.nonce)}"), { authTagLength: 16 });
cipher.setAAD(hex("${hexOf(protection.additionalData)}"));
cipher.setAuthTag(hex("${hexOf(part("tag"))}"));
const data = cipher.update(hex("${hexOf(part("ciphertext"))}"));
console.log(Buffer.concat([data, cipher.final()]).toString("hex"));'`,
      result: opened,
    },
  ];
}

const hashOf = ({ suite }: Story): string => suite?.prf ?? "sha256";
const ascii = (text: string): Uint8Array => new TextEncoder().encode(text);
const hexOf = (...parts: readonly Uint8Array[]): string => toHex(concat(...parts));
const bufferFrom = (hexText: string): string => `Buffer.from("${hexText}", "hex")`;
