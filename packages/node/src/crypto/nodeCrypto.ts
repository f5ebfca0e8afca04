/**
 * The provider over node:crypto: everything, and all of it synchronous.
 * @module
 */
import {
  constants,
  createCipheriv,
  createDecipheriv,
  createDiffieHellman,
  createECDH,
  createHash,
  createHmac,
  createSecretKey,
  diffieHellman,
  generateKeyPairSync,
  getCipherInfo,
  type JsonWebKey,
  type KeyObject,
  publicEncrypt,
  randomFillSync,
} from "node:crypto";
import type { Aead, BlockChain, CryptoProvider, EcCurveName, Hash, HashName, KeyAgreement } from "@handclasp/core";
import { base64url, curves, importKey, isUncompressed, jwk } from "./publicKeys.ts";
import { isSignature } from "./signatures.ts";

/** A Buffer as what the contract promises: `Buffer.slice()` does not copy, so no Buffer leaves this file. */
const plain = (buffer: Buffer): Uint8Array => new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.length);

function hash(name: HashName, outputLength: number, blockLength: number): Hash {
  return {
    outputLength,
    blockLength,
    digest: (data) => plain(createHash(name).update(data).digest()),
    create() {
      const running = createHash(name);
      return {
        update(data) {
          running.update(data);
          return this;
        },
        snapshot: () => plain(running.copy().digest()),
      };
    },
    hmac(key) {
      const held = createSecretKey(key);
      return {
        mac(...parts) {
          const hmac = createHmac(name, held);
          for (const part of parts) hmac.update(part);
          return plain(hmac.digest());
        },
      };
    },
  };
}

const tagLength = 16;
const nonceLength = 12;

/** GCM and CCM take nonces of other lengths, TLS does not. */
function checked(nonce: Uint8Array): Uint8Array {
  if (nonce.length !== nonceLength) throw new RangeError(`a nonce has ${nonceLength} bytes`);
  return nonce;
}

function aead(
  cipher: "aes-128-gcm" | "aes-256-gcm" | "chacha20-poly1305",
  keyLength: number,
): (key: Uint8Array) => Aead {
  // Type declarations know one signature per mode; all three take the same options.
  const mode = cipher as "aes-128-gcm";
  const options = { authTagLength: tagLength };
  /** A class, not closures: every connection has two of them. */
  class NodeAead implements Aead {
    readonly #key: KeyObject;
    constructor(key: KeyObject) {
      this.#key = key;
    }
    seal(nonce: Uint8Array, additionalData: Uint8Array, plaintext: Uint8Array, out: Uint8Array): void {
      const context = createCipheriv(mode, this.#key, checked(nonce), options);
      context.setAAD(additionalData);
      out.set(context.update(plaintext));
      context.final(); // empty: these are stream ciphers
      out.set(context.getAuthTag(), plaintext.length);
    }
    open(nonce: Uint8Array, additionalData: Uint8Array, ciphertext: Uint8Array): Uint8Array | undefined {
      const length = ciphertext.length - tagLength;
      if (length < 0) return undefined;
      const context = createDecipheriv(mode, this.#key, checked(nonce), options);
      context.setAAD(additionalData);
      context.setAuthTag(ciphertext.subarray(length));
      const plaintext = context.update(ciphertext.subarray(0, length));
      try {
        context.final();
      } catch {
        plaintext.fill(0);
        return undefined;
      }
      return plain(plaintext);
    }
  }
  return (key) => new NodeAead(secretKey(key, keyLength));
}

/** CCM counts the plaintext before it begins, and takes it in one piece. */
function ccm(tagLength: 8 | 16): (key: Uint8Array) => Aead {
  const mode = "aes-128-ccm";
  const options = { authTagLength: tagLength };
  return (key) => {
    const held = secretKey(key, 16);
    return {
      seal(nonce, additionalData, plaintext, out) {
        const context = createCipheriv(mode, held, checked(nonce), options);
        context.setAAD(additionalData, { plaintextLength: plaintext.length });
        out.set(context.update(plaintext));
        context.final();
        out.set(context.getAuthTag(), plaintext.length);
      },
      open(nonce, additionalData, ciphertext) {
        const length = ciphertext.length - tagLength;
        if (length < 0) return undefined;
        const context = createDecipheriv(mode, held, checked(nonce), options);
        context.setAuthTag(ciphertext.subarray(length));
        context.setAAD(additionalData, { plaintextLength: length });
        try {
          const plaintext = context.update(ciphertext.subarray(0, length));
          context.final();
          return plain(plaintext);
        } catch {
          return undefined; // nothing was given out: CCM decrypts all or nothing
        }
      },
    };
  };
}

function blockChain(mode: "aes-128-cbc" | "aes-256-cbc", keyLength: number): (key: Uint8Array) => BlockChain {
  // Without padding, update() gives every whole block back; final() is there to refuse a broken one.
  const whole = (context: ReturnType<typeof createCipheriv>, blocks: Uint8Array): Uint8Array => {
    const out = context.setAutoPadding(false).update(blocks);
    context.final();
    return plain(out);
  };
  return (key) => {
    const held = secretKey(key, keyLength);
    return {
      encrypt: (iv, blocks) => whole(createCipheriv(mode, held, iv), blocks),
      decrypt: (iv, blocks) => whole(createDecipheriv(mode, held, iv), blocks),
    };
  };
}

/** A raw key costs 20–35 µs on every call, a KeyObject only here. */
function secretKey(key: Uint8Array, length: number): KeyObject {
  if (key.length !== length) throw new RangeError(`a key of this cipher has ${length} bytes`);
  return createSecretKey(key);
}

/**
 * The codes of errors that Node.js throws only if the peer's public key is invalid: off the curve, or not in the field.
 */
const peersFault: ReadonlySet<unknown> = new Set([
  "ERR_CRYPTO_ECDH_INVALID_PUBLIC_KEY",
  "ERR_CRYPTO_INVALID_KEYLEN",
  "ERR_CRYPTO_INVALID_KEYTYPE",
]);

function computeSecret(
  own: { computeSecret(peerPublicKey: Uint8Array): Buffer },
  peerPublicKey: Uint8Array,
): Uint8Array | undefined {
  try {
    return plain(own.computeSecret(peerPublicKey));
  } catch (error) {
    if (peersFault.has((error as NodeJS.ErrnoException).code)) return undefined;
    throw error;
  }
}

/**
 * Key pairs on a P-curve. createECDH costs a third of generateKeyPairSync, and checks that the peer's point is on the
 * curve.
 */
function ecdh(curve: EcCurveName): KeyAgreement {
  return () => {
    const pair = createECDH(curves[curve].openssl);
    const publicKey = plain(pair.generateKeys());
    let held: typeof pair | undefined = pair;
    return {
      publicKey,
      agree(peerPublicKey) {
        const own = present(held);
        return isUncompressed(peerPublicKey, curve) ? computeSecret(own, peerPublicKey) : undefined;
      },
      wipe() {
        held = undefined; // OpenSSL clears the key when it is collected
      },
    };
  };
}

/**
 * The public key is exported while the pair is made, which the type declarations do not know. Later, `export` would
 * take the key's lock; a collection of garbage meanwhile takes it again, for what made the key, and waits for ever
 * (Node 20).
 */
const generate = generateKeyPairSync as unknown as (
  type: "x25519",
  options: { publicKeyEncoding: { format: "jwk" } },
) => { publicKey: JsonWebKey; privateKey: KeyObject };

const x25519: KeyAgreement = () => {
  const pair = generate("x25519", { publicKeyEncoding: { format: "jwk" } });
  // A copy, out of Buffer's pool.
  const publicKey = Uint8Array.from(Buffer.from(pair.publicKey.x as string, "base64url"));
  let held: KeyObject | undefined = pair.privateKey;
  return {
    publicKey,
    agree(peerPublicKey) {
      const privateKey = present(held);
      if (peerPublicKey.length !== 32) return undefined;
      const peer = jwk({ kty: "OKP", crv: "X25519", x: base64url(peerPublicKey) });
      try {
        const secret = plain(diffieHellman({ privateKey, publicKey: peer }));
        // RFC 8422 §5.11 asks for this check; OpenSSL has made it already, BoringSSL too.
        return secret.some((byte) => byte) ? secret : undefined;
      } catch (error) {
        if (isOfLowOrder(peerPublicKey)) return undefined;
        throw error;
      }
    },
    wipe() {
      held = undefined;
    },
  };
};

/**
 * The points of low order, whose secret is zero whatever our key is (RFC 7748 §6.1): 0, 1, two of order 8, p − 1, p, p
 * + 1, without their highest bit, which counts for nothing. How a host says so differs from version to version; the
 * point itself does not.
 */
const lowOrder: ReadonlySet<string> = new Set([
  "00".repeat(32),
  `01${"00".repeat(31)}`,
  "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
  "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
  ...["ec", "ed", "ee"].map((first) => `${first}${"ff".repeat(30)}7f`),
]);

function isOfLowOrder(point: Uint8Array): boolean {
  const bytes = Buffer.from(point);
  bytes[31] = (bytes[31] as number) & 0x7f;
  return lowOrder.has(bytes.toString("hex"));
}

/**
 * OpenSSL knows the primes of RFC 7919 and 3526, neither checks nor generates anything for them, and picks exponents of
 * their strength.
 */
const finiteField: CryptoProvider["finiteField"] = (prime) => () => {
  const pair = createDiffieHellman(Buffer.from(prime), 2);
  const full = (bytes: Uint8Array): Uint8Array => {
    const out = new Uint8Array(prime.length);
    out.set(bytes, prime.length - bytes.length);
    bytes.fill(0);
    return out;
  };
  const publicKey = full(pair.generateKeys());
  let held: typeof pair | undefined = pair;
  return {
    publicKey,
    agree(peerPublicKey) {
      const secret = computeSecret(present(held), peerPublicKey);
      return secret && full(secret);
    },
    wipe() {
      held = undefined;
    },
  };
};

function present<T>(key: T | undefined): T {
  if (!key) throw new Error("the key share was wiped");
  return key;
}

/**
 * node:crypto, synchronous throughout.
 * @example
 * const channel = await connect(url, { provider: nodeCrypto, ca });
 */
export const nodeCrypto: CryptoProvider = {
  name: "node",
  hashes: {
    sha1: hash("sha1", 20, 64),
    sha256: hash("sha256", 32, 64),
    sha384: hash("sha384", 48, 128),
    sha512: hash("sha512", 64, 128),
  },
  ciphers: {
    AES_128_GCM: aead("aes-128-gcm", 16),
    AES_256_GCM: aead("aes-256-gcm", 32),
    // Electron's BoringSSL and OpenSSL's FIPS provider lack ChaCha20-Poly1305; BoringSSL also lacks CCM. Pass the
    // lengths: without them, `getCipherInfo` checks only the name.
    ...(getCipherInfo("chacha20-poly1305", { keyLength: 32, ivLength: nonceLength }) && {
      CHACHA20_POLY1305: aead("chacha20-poly1305", 32),
    }),
    ...(getCipherInfo("aes-128-ccm", { keyLength: 16, ivLength: nonceLength }) && {
      AES_128_CCM: ccm(16),
      AES_128_CCM_8: ccm(8),
    }),
    AES_128_CBC: blockChain("aes-128-cbc", 16),
    AES_256_CBC: blockChain("aes-256-cbc", 32),
  },
  groups: {
    x25519,
    secp256r1: ecdh("secp256r1"),
    secp384r1: ecdh("secp384r1"),
    secp521r1: ecdh("secp521r1"),
  },
  finiteField,
  canVerify: () => true,
  verify(algorithm, key, message, signature) {
    try {
      return isSignature(algorithm, key, message, signature);
    } catch {
      return false; // an invalid key
    }
  },
  rsaEncrypt: (key, message) =>
    plain(publicEncrypt({ key: importKey(key), padding: constants.RSA_PKCS1_PADDING }, message)),
  prefers: "AES_GCM",
  random: (length) => randomFillSync(new Uint8Array(length)),
};
