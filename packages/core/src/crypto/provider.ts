/**
 * The interface to a host's cryptography: a provider is a plain object of tables. Hashes are always synchronous;
 * everything else may return a promise. A configuration that needs an entry which a table lacks is refused.
 * @module
 */
import type { Awaitable } from "../flow.ts";

/** The hashes of TLS 1.2. SHA-1 serves only for the HMAC of CBC suites and for the names in OCSP. */
export type HashName = "sha1" | "sha256" | "sha384" | "sha512";

export interface Hash {
  /** The bytes of a digest. */
  readonly outputLength: number;
  /** The bytes of a block, the input of one compression. */
  readonly blockLength: number;
  digest(data: Uint8Array): Uint8Array;
  /** A running hash. */
  create(): RunningHash;
  /** An HMAC key, RFC 2104; an empty key is valid. */
  hmac(key: Uint8Array): Hmac;
}

export interface Hashes extends Readonly<Record<Exclude<HashName, "sha1">, Hash>> {
  /** If absent, code that needs SHA-1 loads noble's. */
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

/** Returns an entry that must exist, because a configuration that needs a missing one was refused. */
export const requireEntry = <T>(entry: T | undefined): T => {
  if (!entry) throw new Error("no such entry");
  return entry;
};

/**
 * An AEAD under one key, RFC 5116: a nonce of 12 bytes, and a tag at the end of 16 bytes, or 8 for CCM_8. A call may
 * use its arguments until it returns, or, if it returns a promise, until the promise has settled.
 */
export interface Aead {
  /** Writes the ciphertext and the tag to `out`, which is as long as the plaintext and the tag together. */
  seal(nonce: Uint8Array, additionalData: Uint8Array, plaintext: Uint8Array, out: Uint8Array): Awaitable<void>;
  /** The plaintext, or `undefined` if the tag is wrong; a wrong tag never throws. */
  open(nonce: Uint8Array, additionalData: Uint8Array, ciphertext: Uint8Array): Awaitable<Uint8Array | undefined>;
}

/** AES-CBC under one key, without padding: the input and the output are whole blocks. */
export interface BlockChain {
  encrypt(iv: Uint8Array, blocks: Uint8Array): Uint8Array;
  decrypt(iv: Uint8Array, blocks: Uint8Array): Uint8Array;
}

/** Functions that make a cipher's context from a key. They copy the key, because the caller may wipe it afterwards. */
export interface Ciphers {
  readonly AES_128_GCM?: (key: Uint8Array) => Awaitable<Aead>;
  readonly AES_256_GCM?: (key: Uint8Array) => Awaitable<Aead>;
  readonly CHACHA20_POLY1305?: (key: Uint8Array) => Awaitable<Aead>;
  readonly AES_128_CCM?: (key: Uint8Array) => Awaitable<Aead>;
  readonly AES_128_CCM_8?: (key: Uint8Array) => Awaitable<Aead>;
  readonly AES_128_CBC?: (key: Uint8Array) => Awaitable<BlockChain>;
  readonly AES_256_CBC?: (key: Uint8Array) => Awaitable<BlockChain>;
}

export type GroupName = "x25519" | "secp256r1" | "secp384r1" | "secp521r1";
export type EcCurveName = "secp256r1" | "secp384r1" | "secp521r1";

/** An ephemeral key pair of one key exchange. */
export interface KeyShare {
  /**
   * The public key as sent: 32 bytes for x25519, an uncompressed point for other curves (RFC 8422 §5.4), as long as the
   * prime in a finite field.
   */
  readonly publicKey: Uint8Array;
  /**
   * The shared secret: the x coordinate at the field's full width (RFC 8422 §5.10), or, in a finite field, a number as
   * long as the prime. `undefined` if the peer's public key is malformed or not on the curve, or, for x25519, if the
   * secret is all zeros (RFC 8422 §5.11). An error that this throws or rejects with counts as a fault of the provider,
   * not of the peer.
   */
  agree(peerPublicKey: Uint8Array): Awaitable<Uint8Array | undefined>;
  /** Erases the private key as far as the host allows. It may be called more than once. */
  wipe(): void;
}

/** Returns `length` random bytes from a secure source. */
export type Random = (length: number) => Uint8Array;

/** Makes a key share of one group. A host with a random generator of its own may ignore `random`. */
export type KeyAgreement = (random: Random) => Awaitable<KeyShare>;

/** A public key, parsed from a SubjectPublicKeyInfo. */
export type PublicKey =
  | {
      readonly type: "rsa";
      readonly modulus: Uint8Array;
      readonly exponent: Uint8Array;
      /** True if the key's OID is id-RSASSA-PSS: it verifies only PSS. */
      readonly pssOnly: boolean;
    }
  | {
      readonly type: "ec";
      readonly curve: EcCurveName;
      /** The uncompressed point, 04 || x || y. */
      readonly point: Uint8Array;
    }
  | { readonly type: "ed25519"; readonly point: Uint8Array };

/**
 * A signature algorithm of certificates and handshake signatures, without a number. PSS uses MGF1 with the same hash,
 * and a salt as long as the hash.
 */
export type SignatureAlgorithm =
  | { readonly type: "rsa_pkcs1" | "rsa_pss"; readonly hash: "sha256" | "sha384" | "sha512" }
  | { readonly type: "ecdsa"; readonly hash: "sha256" | "sha384" | "sha512" }
  | { readonly type: "ed25519" };

export interface CryptoProvider {
  /** For traces and error messages: `"noble"`, `"node"`, `"webcrypto"`. */
  readonly name: string;
  readonly hashes: Hashes;
  readonly ciphers: Ciphers;
  readonly groups: { readonly [G in GroupName]?: KeyAgreement };
  /**
   * Diffie-Hellman with generator 2 in the field of a safe prime from `finiteField.ts`. A secret exponent has at least
   * `exponentLength` bytes. The peer's public key has no leading zeros, and core has checked that it is in 2 … p−2.
   * Without this function, core computes with BigInt.
   */
  readonly finiteField?: (prime: Uint8Array, exponentLength: number) => KeyAgreement;
  /** True if `verify` supports the algorithm. Called when a configuration is made. */
  canVerify(algorithm: SignatureAlgorithm): boolean;
  /**
   * True if `signature` (for ECDSA a DER Ecdsa-Sig-Value; a high S is accepted) is a signature of `message` by `key`. A
   * wrong or malformed signature, a key of another kind and a point that is not on its curve give false and never
   * throw.
   */
  verify(algorithm: SignatureAlgorithm, key: PublicKey, message: Uint8Array, signature: Uint8Array): Awaitable<boolean>;
  /** RSAES-PKCS1-v1_5 encryption (RFC 8017 §7.2.1), for ClientKeyExchange with an RSA suite. */
  rsaEncrypt(key: PublicKey & { type: "rsa" }, message: Uint8Array, random: Random): Awaitable<Uint8Array>;
  /**
   * True if a client makes a key share while it waits for the server, before it knows which group the server chooses. A
   * share that turns out not to be needed is wiped, so this is right for providers whose shares take little time
   * compared to a round trip. Default false.
   */
  readonly precomputesShares?: boolean;
  /** The faster cipher on this host, which comes first in the default list of suites. */
  readonly prefers: "AES_GCM" | "CHACHA20_POLY1305";
  /** The host's source of all random bytes of a connection, called without `this`. Default `crypto.getRandomValues`. */
  readonly random?: Random;
}
