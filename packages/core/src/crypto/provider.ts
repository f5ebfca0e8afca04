/**
 * The interface to a host's cryptography: a provider is a plain object of tables and functions. A function whose result
 * is `Awaitable` may return a promise; all others, such as hashes, are synchronous. Handclasp refuses a configuration
 * that needs an entry that a table lacks.
 * @module
 */
import type { Awaitable } from "../flow.ts";

/**
 * The hashes of TLS 1.2. SHA-1 serves only the HMAC of CBC suites, PBKDF2 of encrypted private keys, and OCSP, which
 * identifies certificates and responders by hashes.
 */
export type HashName = "sha1" | "sha256" | "sha384" | "sha512";

export interface Hash {
  /** The length of a digest in bytes. */
  readonly outputLength: number;
  /** The length in bytes of a block, the input of the hash's compression function. */
  readonly blockLength: number;
  digest(data: Uint8Array): Uint8Array;
  /** Starts a hash of data that arrives in parts. */
  create(): RunningHash;
  /** Makes an HMAC (RFC 2104) with this key. An empty key is valid. */
  hmac(key: Uint8Array): Hmac;
}

export interface Hashes extends Readonly<Record<Exclude<HashName, "sha1">, Hash>> {
  /** If it is absent, Handclasp uses @noble's SHA-1. */
  readonly sha1?: Hash;
}

export interface RunningHash {
  update(data: Uint8Array): this;
  /** The digest of all data so far. More data may follow. */
  snapshot(): Uint8Array;
}

export interface Hmac {
  /** The MAC of the concatenated parts. */
  mac(...parts: readonly Uint8Array[]): Uint8Array;
}

export type CipherName =
  | "AES_128_GCM"
  | "AES_256_GCM"
  | "CHACHA20_POLY1305"
  | "AES_128_CCM"
  | "AES_128_CCM_8"
  | "AES_128_CBC"
  | "AES_256_CBC";

/** Returns the entry, which exists, because Handclasp refuses a configuration that needs a missing entry. */
export const requireEntry = <T>(entry: T | undefined): T => {
  if (!entry) throw new Error("no such entry");
  return entry;
};

/**
 * An AEAD with one key, RFC 5116. The nonce has 12 bytes. The tag follows the ciphertext and has 16 bytes, or 8 for
 * CCM_8. A function may use its arguments until it returns or, if it returns a promise, until the promise settles.
 */
export interface Aead {
  /** Writes the ciphertext and the tag to `out`, which is as long as the plaintext and the tag together. */
  seal(nonce: Uint8Array, additionalData: Uint8Array, plaintext: Uint8Array, out: Uint8Array): Awaitable<void>;
  /**
   * The plaintext, or `undefined` if the tag is wrong. It must not throw because of a wrong tag. `ciphertext` includes
   * the tag.
   */
  open(nonce: Uint8Array, additionalData: Uint8Array, ciphertext: Uint8Array): Awaitable<Uint8Array | undefined>;
}

/**
 * AES-CBC with one key, without padding. The IV has 16 bytes, and the input and the output are whole blocks of 16
 * bytes.
 */
export interface CbcCipher {
  encrypt(iv: Uint8Array, blocks: Uint8Array): Uint8Array;
  decrypt(iv: Uint8Array, blocks: Uint8Array): Uint8Array;
}

/** Functions that make a cipher from a key. They must copy the key, because the caller may wipe it afterwards. */
export interface Ciphers {
  readonly AES_128_GCM?: (key: Uint8Array) => Awaitable<Aead>;
  readonly AES_256_GCM?: (key: Uint8Array) => Awaitable<Aead>;
  readonly CHACHA20_POLY1305?: (key: Uint8Array) => Awaitable<Aead>;
  readonly AES_128_CCM?: (key: Uint8Array) => Awaitable<Aead>;
  readonly AES_128_CCM_8?: (key: Uint8Array) => Awaitable<Aead>;
  readonly AES_128_CBC?: (key: Uint8Array) => Awaitable<CbcCipher>;
  readonly AES_256_CBC?: (key: Uint8Array) => Awaitable<CbcCipher>;
}

export type CurveName = "x25519" | "secp256r1" | "secp384r1" | "secp521r1";
export type EcKeyCurveName = "secp256r1" | "secp384r1" | "secp521r1";

/** An ephemeral key pair of one key exchange. */
export interface KeyShare {
  /**
   * The public key in the form that TLS sends: 32 bytes for x25519, an uncompressed point for other curves (RFC 8422
   * §5.4), or a number as long as the prime in a finite field.
   */
  readonly publicKey: Uint8Array;
  /**
   * The shared secret: the x coordinate at the field's full width (RFC 8422 §5.10), or, in a finite field, a number as
   * long as the prime. `undefined` if the peer's public key is malformed or not on the curve, or, for x25519, if the
   * secret is all zeros (RFC 8422 §5.11). If `agree` throws or rejects, the error counts as a fault of the provider,
   * not of the peer.
   */
  agree(peerPublicKey: Uint8Array): Awaitable<Uint8Array | undefined>;
  /** Erases the private key as far as the host allows. It may be called more than once. */
  wipe(): void;
}

/** Returns `length` random bytes from a secure source. */
export type Random = (length: number) => Uint8Array;

/** Makes a key share of one group. A provider whose host generates keys itself may ignore `random`. */
export type KeyShareGenerator = (random: Random) => Awaitable<KeyShare>;

/** A public key, parsed from a SubjectPublicKeyInfo. Numbers are big-endian bytes. */
export type PublicKey =
  | {
      readonly type: "rsa";
      readonly modulus: Uint8Array;
      readonly exponent: Uint8Array;
      /** True if the key's OID is id-RSASSA-PSS. Such a key verifies only PSS signatures. */
      readonly pssOnly: boolean;
    }
  | {
      readonly type: "ec";
      readonly curve: EcKeyCurveName;
      /** The uncompressed point, 04 || x || y. */
      readonly point: Uint8Array;
    }
  | { readonly type: "ed25519"; readonly point: Uint8Array };

/**
 * A signature algorithm of certificates and handshake messages. PSS uses MGF1 with the same hash, and a salt as long as
 * the digest.
 */
export type SignatureAlgorithm =
  | { readonly type: "rsa_pkcs1" | "rsa_pss"; readonly hash: "sha256" | "sha384" | "sha512" }
  | { readonly type: "ecdsa"; readonly hash: "sha256" | "sha384" | "sha512" }
  | { readonly type: "ed25519" };

export interface CryptoProvider {
  /** The name in traces and error messages, such as `"noble"`, `"node"` or `"webcrypto"`. */
  readonly name: string;
  readonly hashes: Hashes;
  readonly ciphers: Ciphers;
  readonly groups: { readonly [G in CurveName]?: KeyShareGenerator };
  /**
   * Diffie-Hellman with generator 2 in the field of `prime` (big-endian), a safe prime of RFC 7919 or RFC 3526. The
   * secret exponent must have at least `exponentLength` bytes. The peer's public key has no leading zeros, and core has
   * checked that it is in 2 … p−2. If a provider lacks this function, core computes with BigInt.
   */
  readonly finiteField?: (prime: Uint8Array, exponentLength: number) => KeyShareGenerator;
  /** True if `verify` supports the algorithm. Handclasp calls it when it makes a configuration. */
  canVerify(algorithm: SignatureAlgorithm): boolean;
  /**
   * True if `signature` (for ECDSA a DER Ecdsa-Sig-Value; a high S is accepted) is a signature of `message` by `key`.
   * It must return false, and not throw, for a wrong or malformed signature, a key of another kind, or a point that is
   * not on its curve.
   */
  verify(algorithm: SignatureAlgorithm, key: PublicKey, message: Uint8Array, signature: Uint8Array): Awaitable<boolean>;
  /** RSAES-PKCS1-v1_5 encryption (RFC 8017 §7.2.1), for ClientKeyExchange with an RSA suite. */
  rsaEncrypt(key: PublicKey & { type: "rsa" }, message: Uint8Array, random: Random): Awaitable<Uint8Array>;
  /**
   * True if a client makes a key share while it waits for the server, before it knows which group the server chooses.
   * The client wipes a share that it does not need, so set this if a share takes little time compared with a round
   * trip. Default false.
   */
  readonly precompute?: boolean;
  /** The cipher that is faster on this host. Its suites come first in the default list. */
  readonly prefers: "AES_GCM" | "CHACHA20_POLY1305";
  /**
   * The source of all random bytes of a connection, which Handclasp calls without `this`. Default
   * `crypto.getRandomValues`.
   */
  readonly random?: Random;
}
