/**
 * The protection of a record, taken apart with the keys of its connection (RFC 5246 §6.2.3).
 * @module
 */
import { concat } from "../bytes/bytes.ts";
import { requireEntry } from "../crypto/provider.ts";
import { additionalDataLength, setAdditionalData, setSequenceNumber } from "../record/protection.ts";
import type { TraceEvent } from "../trace.ts";
import { contentTypes } from "../wire/record.ts";
import { allSuites } from "./bodies.ts";

/** The keys of one direction, as the trace events `secret` report them with `secrets: true`. */
export interface RecordKeys {
  /** `client_write_key` or `server_write_key`. */
  readonly key: Uint8Array;
  /** `client_write_IV` or `server_write_IV`. Empty for CBC. */
  readonly iv: Uint8Array;
  /** `client_write_MAC_key` or `server_write_MAC_key`. Empty for an AEAD. */
  readonly macKey: Uint8Array;
  /** Whether encrypt_then_mac was negotiated. */
  readonly encryptThenMac: boolean;
}

/** One part of a record, from its first byte to its last. */
export interface RecordPart {
  readonly name: "explicit_nonce" | "IV" | "ciphertext" | "tag" | "content" | "MAC" | "padding" | "padding_length";
  readonly bytes: Uint8Array;
}

export interface RecordProtection {
  /** The parts of the fragment on the wire. */
  readonly sealed: readonly RecordPart[];
  /** The parts of the decrypted bytes. */
  readonly opened: readonly RecordPart[];
  /** The nonce of an AEAD: 12 bytes. */
  readonly nonce?: Uint8Array;
  /**
   * The additional data of an AEAD, or the beginning of the input of the MAC: seq_num, type, version and length (RFC
   * 5246 §6.2.3.1, §6.2.3.3).
   */
  readonly additionalData: Uint8Array;
  /**
   * The MAC that the keys give for this record, or `undefined` with an AEAD. A valid record contains the same
   * bytes.
   */
  readonly mac?: Uint8Array;
}

/**
 * Takes a protected record apart. It decrypts the record again, with the pure JavaScript provider. `undefined` if the
 * record is not protected, the record cannot be decrypted with these keys, or the provider lacks the cipher (CCM).
 * @param suite the name of the suite
 * @example
 * async function printParts(event: TraceEvent, suite: string, keys: RecordKeys): Promise<void> {
 *   if (event.type === "record") console.log((await openRecord(event, suite, keys))?.opened);
 * }
 */
export async function openRecord(
  record: Extract<TraceEvent, { type: "record" }>,
  suite: string,
  keys: RecordKeys,
): Promise<RecordProtection | undefined> {
  const spec = allSuites.find(({ name }) => name === suite);
  if (!spec || !record.protected) return undefined;
  const { fragment } = record;
  const header = (length: number): Uint8Array => {
    const data = new Uint8Array(additionalDataLength);
    setSequenceNumber(data, record.sequenceNumber);
    return setAdditionalData(data, contentTypes[record.contentType], length);
  };
  const { cipher } = spec;
  const { noble } = await import("../crypto/noble.ts");
  if (cipher === "AES_128_CBC" || cipher === "AES_256_CBC") {
    const hash = noble.hashes[spec.mac ?? "sha1"];
    const { outputLength } = hash;
    const macLength = keys.encryptThenMac ? outputLength : 0;
    const encrypted = fragment.subarray(0, fragment.length - macLength);
    const [iv, blocks] = [encrypted.subarray(0, blockLength), encrypted.subarray(blockLength)];
    if (blocks.length === 0 || blocks.length % blockLength) return undefined;
    const chain = await requireEntry(noble.ciphers[cipher])(keys.key);
    const plain = chain.decrypt(iv, blocks);
    const padding = plain.at(-1) as number;
    const end = plain.length - 1 - padding;
    const contentLength = end - (keys.encryptThenMac ? 0 : outputLength);
    if (contentLength < 0) return undefined;
    const content = plain.subarray(0, contentLength);
    const authenticated = keys.encryptThenMac ? encrypted : content;
    const additionalData = header(authenticated.length);
    return {
      sealed: parts(["IV", iv], ["ciphertext", blocks], ["MAC", fragment.subarray(fragment.length - macLength)]),
      opened: parts(
        ["content", content],
        ["MAC", plain.subarray(contentLength, end)],
        ["padding", plain.subarray(end, -1)],
        ["padding_length", plain.subarray(-1)],
      ),
      additionalData,
      mac: hash.hmac(keys.macKey).mac(additionalData, authenticated),
    };
  }
  const makeAead = noble.ciphers[cipher];
  if (!makeAead) return undefined;
  const tagLength = spec.tagLength ?? 16;
  const explicitLength = nonceLength - spec.fixedIvLength;
  const contentLength = fragment.length - explicitLength - tagLength;
  if (contentLength < 0) return undefined;
  const additionalData = header(contentLength);
  const explicit = fragment.subarray(0, explicitLength);
  const nonce = explicitLength > 0 ? concat(keys.iv, explicit) : masked(keys.iv, additionalData.subarray(0, 8));
  const aead = await makeAead(keys.key);
  const content = await aead.open(nonce, additionalData, fragment.subarray(explicitLength));
  if (!content) return undefined;
  return {
    sealed: parts(
      ["explicit_nonce", explicit],
      ["ciphertext", fragment.subarray(explicitLength, explicitLength + contentLength)],
      ["tag", fragment.subarray(explicitLength + contentLength)],
    ),
    opened: parts(["content", content]),
    nonce,
    additionalData,
  };
}

const blockLength = 16;
const nonceLength = 12;

/** The nonce of ChaCha20-Poly1305: the IV XORed with the padded sequence number, RFC 7905 §2. */
const masked = (iv: Uint8Array, sequenceNumber: Uint8Array): Uint8Array =>
  iv.map((byte, i) => byte ^ (sequenceNumber[i - (iv.length - sequenceNumber.length)] ?? 0));

/** Leaves out empty parts, except the content. */
const parts = (...all: readonly (readonly [RecordPart["name"], Uint8Array])[]): readonly RecordPart[] =>
  all.map(([name, bytes]) => ({ name, bytes })).filter(({ name, bytes }) => name === "content" || bytes.length > 0);
