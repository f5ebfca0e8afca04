/**
 * Decrypts private keys with a passphrase: PBES2 (RFC 8018) with PBKDF2 or scrypt (RFC 7914). Refuses older schemes.
 * @module
 */
import { cbc } from "@noble/ciphers/aes.js";
import { sha1 } from "@noble/hashes/legacy.js";
import { pbkdf2 } from "@noble/hashes/pbkdf2.js";
import { scrypt } from "@noble/hashes/scrypt.js";
import { sha256, sha384, sha512 } from "@noble/hashes/sha2.js";
import { wipe } from "../bytes/bytes.ts";
import { type Der, der, derFault, tags } from "../bytes/der.ts";
import type { HashName } from "../crypto/provider.ts";
import { configurationError, TlsError } from "../errors.ts";
import type { Awaitable } from "../flow.ts";
import { maxIterations, maxScryptMemory } from "../limits.ts";

/** PBKDF2, RFC 8018 §5.2: derives a key of `length` bytes from a password. */
export type Pbkdf2 = (
  hash: HashName,
  password: Uint8Array,
  salt: Uint8Array,
  iterations: number,
  length: number,
) => Awaitable<Uint8Array>;

export interface PrivateKeyOptions {
  /** The passphrase of an encrypted key; text is encoded as UTF-8. */
  readonly passphrase?: string | Uint8Array | undefined;
  /** The host's PBKDF2, which is several times as fast as the default in JavaScript. */
  readonly pbkdf2?: Pbkdf2 | undefined;
}

/**
 * Runs a function that parses a key, and turns its errors into configuration errors, because the key comes from the
 * application and not from a peer.
 */
export function asUserFault<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!TlsError.is(error) || error.fault === "configuration") throw error;
    throw configurationError(`the private key cannot be read: ${error.message}`, "the key is damaged: export it again");
  }
}

const schemes = { pbes2: "1.2.840.113549.1.5.13", pbkdf2: "1.2.840.113549.1.5.12", scrypt: "1.3.6.1.4.1.11591.4.11" };

/** The key length of each cipher of PBES2, in bytes. */
const ciphers: Record<string, number> = {
  "2.16.840.1.101.3.4.1.2": 16,
  "2.16.840.1.101.3.4.1.22": 24,
  "2.16.840.1.101.3.4.1.42": 32,
};

/** The hash of each HMAC by OID. */
const prfs: Record<string, HashName> = {
  "1.2.840.113549.2.7": "sha1",
  "1.2.840.113549.2.9": "sha256",
  "1.2.840.113549.2.10": "sha384",
  "1.2.840.113549.2.11": "sha512",
};

const hashes = { sha1, sha256, sha384, sha512 };

type DeriveKey = (password: Uint8Array, length: number) => Awaitable<Uint8Array>;

/**
 * Decrypts an EncryptedPrivateKeyInfo (RFC 5958 §3) with PBES2. Returns `undefined` if the padding is wrong: then the
 * passphrase is wrong or the ciphertext is damaged.
 */
export async function decrypt(
  bytes: Uint8Array,
  password: Uint8Array,
  options: PrivateKeyOptions,
): Promise<Uint8Array | undefined> {
  const { derive, length, iv, ciphertext } = asUserFault(() =>
    der(bytes, (outer) =>
      outer.sequence((info) => {
        const parameters = info.sequence((algorithm) => readPbes2(algorithm, options));
        return { ...parameters, ciphertext: info.contents(tags.octetString) };
      }),
    ),
  );
  const key = await derive(password, length);
  try {
    return cbc(key, iv).decrypt(ciphertext);
  } catch {
    return undefined;
  } finally {
    wipe(key);
  }
}

/**
 * Reads PBES2-params, RFC 8018 §A.4. Older schemes (DES, RC2, a single hash of the passphrase) do not protect a key.
 */
function readPbes2(algorithm: Der, options: PrivateKeyOptions): { derive: DeriveKey; length: number; iv: Uint8Array } {
  const refuseScheme = (): never => {
    throw configurationError(
      "the private key is encrypted in a way that is not supported",
      "encrypt it anew: openssl pkcs8 -topk8 -v2 aes-256-cbc -v2prf hmacWithSHA256",
    );
  };
  if (algorithm.oid() !== schemes.pbes2) return refuseScheme();
  return algorithm.sequence((parameters) => {
    const [derive, keyLength] = parameters.sequence((kdf) => {
      const oid = kdf.oid();
      if (oid === schemes.pbkdf2) return kdf.sequence((reader) => readPbkdf2(reader, options, refuseScheme));
      if (oid === schemes.scrypt) return kdf.sequence(readScrypt);
      return refuseScheme();
    });
    return parameters.sequence((cipher) => {
      const length = ciphers[cipher.oid()] ?? refuseScheme();
      const iv = cipher.contents(tags.octetString);
      if (iv.length !== 16) derFault("IV not 16 bytes");
      if (keyLength !== undefined && keyLength !== length) derFault("keyLength does not fit the cipher");
      return { derive, length, iv };
    });
  });
}

function readPbkdf2(
  reader: Der,
  options: PrivateKeyOptions,
  refuseScheme: () => never,
): [DeriveKey, number | undefined] {
  const salt = reader.contents(tags.octetString);
  const iterations = reader.uint32();
  const length = reader.tag === tags.integer ? reader.uint32() : undefined;
  const hash =
    reader.optional(tags.sequence, (prf) => {
      const name = prfs[prf.oid()] ?? refuseScheme();
      prf.null();
      return name;
    }) ?? "sha1";
  checkBound("iterations of PBKDF2", iterations, maxIterations);
  const host = options.pbkdf2 ?? noblePbkdf2;
  return [(password, size) => host(hash, password, salt, iterations, size), length];
}

const noblePbkdf2: Pbkdf2 = (hash, password, salt, iterations, length) =>
  pbkdf2(hashes[hash], password, salt, { c: iterations, dkLen: length });

/** Reads scrypt-params, RFC 7914 §7. */
function readScrypt(reader: Der): [DeriveKey, number | undefined] {
  const salt = reader.contents(tags.octetString);
  const [N, r, p] = [reader.uint32(), reader.uint32(), reader.uint32()];
  const length = reader.hasMore ? reader.uint32() : undefined;
  checkBound("bytes of scrypt", 128 * N * r * p, maxScryptMemory);
  if (N < 2 || N & (N - 1)) derFault("the cost of scrypt is not a power of two");
  return [(password, size) => scrypt(password, salt, { N, r, p, dkLen: size }), length];
}

function checkBound(what: string, value: number, most: number): void {
  if (value >= 1 && value <= most) return;
  throw configurationError(`${value} ${what}; 1 to ${most} are accepted`, "encrypt the key anew: openssl pkcs8 -topk8");
}
