/**
 * The keys with which a raw peer seals and opens records.
 * @module
 */
import { createCipheriv, createDecipheriv, createHmac } from "node:crypto";

export type SuiteName = "chacha" | "gcm";

export interface Suite {
  readonly id: number;
  readonly cipher: "chacha20-poly1305" | "aes-128-gcm";
  readonly keyLength: number;
  readonly ivLength: number;
}

/** ChaCha20-Poly1305 has no explicit nonce, so a 1-byte record has only 22 bytes with its header. */
export const suites: Readonly<Record<SuiteName, Suite>> = {
  chacha: { id: 0xcca9, cipher: "chacha20-poly1305", keyLength: 32, ivLength: 12 },
  gcm: { id: 0xc02b, cipher: "aes-128-gcm", keyLength: 16, ivLength: 4 },
};

/** One direction of a connection. */
export class Direction {
  readonly #suite: Suite;
  readonly #key: Buffer;
  readonly #iv: Buffer;
  #sequenceNumber = 0;

  constructor(suite: Suite, key: Buffer, iv: Buffer) {
    this.#suite = suite;
    this.#key = key;
    this.#iv = iv;
  }

  seal(type: number, plaintext: Uint8Array): Buffer {
    const { cipher } = this.#suite;
    const number = uint64(this.#sequenceNumber++);
    const sealer = createCipheriv(cipher as "aes-128-gcm", this.#key, nonce(this.#iv, number), { authTagLength: 16 });
    sealer.setAAD(additionalData(number, type, plaintext.length), { plaintextLength: plaintext.length });
    const parts = [sealer.update(plaintext), sealer.final(), sealer.getAuthTag()];
    return Buffer.concat(cipher === "aes-128-gcm" ? [number, ...parts] : parts);
  }

  open(type: number, body: Buffer): Buffer {
    const { cipher } = this.#suite;
    const explicit = cipher === "aes-128-gcm" ? 8 : 0;
    const number = uint64(this.#sequenceNumber++);
    const iv = nonce(this.#iv, explicit ? body.subarray(0, explicit) : number);
    const sealed = body.subarray(explicit, body.length - 16);
    const opener = createDecipheriv(cipher as "aes-128-gcm", this.#key, iv, { authTagLength: 16 });
    opener.setAAD(additionalData(number, type, sealed.length), { plaintextLength: sealed.length });
    opener.setAuthTag(body.subarray(body.length - 16));
    return Buffer.concat([opener.update(sealed), opener.final()]);
  }
}

/** Derives the keys of both directions (RFC 5246 §6.3): first the client's, then the server's. */
export function directions(suite: Suite, master: Buffer, randoms: Buffer): [Direction, Direction] {
  const { keyLength, ivLength } = suite;
  const block = prf(master, "key expansion", randoms, 2 * (keyLength + ivLength));
  const direction = (n: number): Direction => {
    const iv = 2 * keyLength + n * ivLength;
    return new Direction(suite, block.subarray(n * keyLength, (n + 1) * keyLength), block.subarray(iv, iv + ivLength));
  };
  return [direction(0), direction(1)];
}

/** The PRF of RFC 5246 §5 with SHA-256. */
export function prf(secret: Buffer, label: string, seed: Buffer, length: number): Buffer {
  const hmac = (data: Buffer): Buffer => createHmac("sha256", secret).update(data).digest();
  const labelled = Buffer.concat([Buffer.from(label), seed]);
  const blocks: Buffer[] = [];
  for (let a = hmac(labelled); blocks.length * 32 < length; a = hmac(a))
    blocks.push(hmac(Buffer.concat([a, labelled])));
  return Buffer.concat(blocks).subarray(0, length);
}

/** RFC 5288 §3 appends the explicit part to the salt. RFC 7905 §2 combines the sequence number and the IV by XOR. */
function nonce(iv: Buffer, number: Buffer): Buffer {
  if (iv.length === 4) return Buffer.concat([iv, number]);
  const result = Buffer.from(iv);
  for (let i = 0; i < 8; i++) result[4 + i] = (result[4 + i] as number) ^ (number[i] as number);
  return result;
}

function additionalData(number: Buffer, type: number, length: number): Buffer {
  return Buffer.concat([number, Buffer.from([type, 3, 3]), uint16(length)]);
}

export function uint16(value: number): Buffer {
  return Buffer.from([value >> 8, value & 0xff]);
}

function uint64(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt(value));
  return bytes;
}
