/**
 * What Handclasp asks of a host's cryptography: a provider is a plain object of tables.
 * Hashes are always synchronous; everything else may be a promise. What a table lacks is refused at configuration.
 * @module
 */
import type { Awaitable } from "../flow.ts";

/** Hashes of TLS 1.2. SHA-1 lives on in HMAC of the CBC suites and in the names of OCSP, and nowhere else. */
export type HashName = "sha1" | "sha256" | "sha384" | "sha512";

export interface Hash {
  /** Bytes of a digest. */
  readonly outputLength: number;
  /** Bytes that one compression takes. */
  readonly blockLength: number;
  digest(data: Uint8Array): Uint8Array;
  /** A running hash. */
  create(): RunningHash;
  /** An HMAC key, RFC 2104; an empty key is valid. */
  hmac(key: Uint8Array): Hmac;
}

export interface Hashes extends Readonly<Record<Exclude<HashName, "sha1">, Hash>> {
  /** Absent: what needs SHA-1 loads noble's. */
  readonly sha1?: Hash;
}

export interface RunningHash {
  update(data: Uint8Array): this;
  /** The digest of all so far; the hash runs on. */
  snapshot(): Uint8Array;
}

export interface Hmac {
  /** The MAC of all parts, one after the other. */
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

/** A row that is there: what a provider lacks is refused at configuration. */
export const requireEntry = <T>(row: T | undefined): T => {
  if (!row) throw new Error("no such row");
  return row;
};

/**
 * An AEAD under one key, RFC 5116: 12-byte nonce, at the end a tag of 16 bytes, or of 8 for CCM_8. Where it answers at once, it is done with all that it was
 * given when it returns; where it answers with a promise, it may use that until the promise has settled.
 */
export interface Aead {
  /** Writes ciphertext and tag to `out`, which is longer than the plaintext by the tag. */
  seal(nonce: Uint8Array, additionalData: Uint8Array, plaintext: Uint8Array, out: Uint8Array): Awaitable<void>;
  /** The plaintext, or `undefined` where the tag is wrong; it never throws for that. */
  open(nonce: Uint8Array, additionalData: Uint8Array, ciphertext: Uint8Array): Awaitable<Uint8Array | undefined>;
}

/** AES-CBC under one key, without any padding of its own: whole blocks in, whole blocks out. */
export interface BlockChain {
  encrypt(iv: Uint8Array, blocks: Uint8Array): Uint8Array;
  decrypt(iv: Uint8Array, blocks: Uint8Array): Uint8Array;
}

/** Makers of keyed contexts; the key may be wiped once the context is there, so implementations copy it. */
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
  /** As it goes on the wire: 32 bytes for x25519, an uncompressed point else (RFC 8422 §5.4); in a finite field as long as the prime. */
  readonly publicKey: Uint8Array;
  /**
   * The shared secret: the x coordinate at the field's full width (RFC 8422 §5.10); in a finite field as long as the prime.
   * `undefined` where the peer's public key is at fault: malformed, not on the curve, or, for x25519, the secret all zero (RFC 8422 §5.11).
   * Whatever it throws or rejects with is a fault of this provider's, and the peer is not blamed for it.
   */
  agree(peerPublicKey: Uint8Array): Awaitable<Uint8Array | undefined>;
  /** Forgets the private key as far as the host allows. It may be told to more than once. */
  wipe(): void;
}

/** Random bytes from a secure source, `length` of them. */
export type Random = (length: number) => Uint8Array;

/** Where one group's key shares come from; hosts with generators of their own may ignore `random`. */
export type KeyAgreement = (random: Random) => Awaitable<KeyShare>;

/** A public key, parsed from a SubjectPublicKeyInfo. */
export type PublicKey =
  | {
      readonly type: "rsa";
      readonly modulus: Uint8Array;
      readonly exponent: Uint8Array /** The key's OID is id-RSASSA-PSS: it verifies PSS only. */;
      readonly pssOnly: boolean;
    }
  | { readonly type: "ec"; readonly curve: EcCurveName /** Uncompressed, 04 || x || y. */; readonly point: Uint8Array }
  | { readonly type: "ed25519"; readonly point: Uint8Array };

/** A signature algorithm apart from any numbering, as certificates and handshake signatures share it. PSS: MGF1 with the same hash, salt as long as the hash. */
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
   * Diffie-Hellman with generator 2 in the field of a safe prime, which is one of those we know; `exponentLength`: bytes of a secret exponent, at least.
   * The peer's public key comes without zeros in front, and was found to lie in 2 … p−2. Absent: core computes in BigInt.
   */
  readonly finiteField?: (prime: Uint8Array, exponentLength: number) => KeyAgreement;
  /** Curves and kinds whose signatures can be verified; asked when a configuration is made. */
  canVerify(algorithm: SignatureAlgorithm): boolean;
  /**
   * True where `signature` (DER Ecdsa-Sig-Value for ECDSA, high S accepted) is `key`'s over `message`. False, never a throw, for a wrong or malformed
   * signature, a key of another kind, and a point that is not on its curve.
   */
  verify(algorithm: SignatureAlgorithm, key: PublicKey, message: Uint8Array, signature: Uint8Array): Awaitable<boolean>;
  /** RSAES-PKCS1-v1_5 encryption (RFC 8017 §7.2.1), for ClientKeyExchange with an RSA suite. */
  rsaEncrypt(key: PublicKey & { type: "rsa" }, message: Uint8Array, random: Random): Awaitable<Uint8Array>;
  /**
   * A client makes a key share while the server answers, before it knows whether the server chooses that group. For providers whose shares cost little
   * beside a round trip: one that is not needed is wiped. Default false.
   */
  readonly earlyShares?: boolean;
  /** AES-GCM or ChaCha20-Poly1305 first: what is fast on this host leads a default list of suites. */
  readonly prefers: "AES_GCM" | "CHACHA20_POLY1305";
  /** The host's own source of random bytes, for everything that a connection draws; called without `this`. Default `crypto.getRandomValues`. */
  readonly random?: Random;
}
