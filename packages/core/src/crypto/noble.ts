/**
 * The provider that uses no cryptography of the host except random bytes. It has @noble's hashes, ciphers and curves,
 * and Handclasp's own RSA. It also works on insecure origins, which have no `crypto.subtle`. JavaScript cannot
 * guarantee constant time. @noble's documentation describes @noble's measures against timing attacks, and `SECURITY.md`
 * describes the risk that remains.
 * @module
 */
import { cbc, gcm } from "@noble/ciphers/aes.js";
import { chacha20poly1305 } from "@noble/ciphers/chacha.js";
import { ed25519, x25519 } from "@noble/curves/ed25519.js";
import { bytesToNumberLE } from "@noble/curves/utils.js";
import { concat, equal } from "../bytes/bytes.ts";
import { type Curve, curves, isUncompressed } from "./curves.ts";
import { hashes } from "./hashes.ts";
import type {
  Aead,
  CbcCipher,
  CryptoProvider,
  Hashes,
  KeyShare,
  KeyShareGenerator,
  PublicKey,
  Random,
  SignatureAlgorithm,
} from "./provider.ts";
import { encryptPkcs1, verifyPkcs1, verifyPss } from "./rsa.ts";
import { sha1 } from "./sha1.ts";

type NobleAead = typeof gcm | typeof chacha20poly1305;

const copyKey = (key: Uint8Array, length: number): Uint8Array => {
  // noble has one function for all key lengths of AES, so it would also accept a key of another length.
  if (key.length !== length) throw new RangeError(`expected a key of ${length} bytes, got ${key.length}`);
  return key.slice();
};

function aead(cipher: NobleAead, keyLength: number): (key: Uint8Array) => Aead {
  return (writeKey) => {
    const key = copyKey(writeKey, keyLength);
    const forRecord = (nonce: Uint8Array, additionalData: Uint8Array) => {
      // noble's GCM would accept nonces of other lengths, which it hashes with GHASH.
      if (nonce.length !== 12) throw new RangeError(`expected a nonce of 12 bytes, got ${nonce.length}`);
      return cipher(key, nonce, additionalData);
    };
    return {
      seal(nonce, additionalData, plaintext, out) {
        out.set(forRecord(nonce, additionalData).encrypt(plaintext));
      },
      open(nonce, additionalData, ciphertext) {
        const decryptor = forRecord(nonce, additionalData);
        try {
          return decryptor.decrypt(ciphertext);
        } catch {
          return undefined;
        }
      },
    };
  };
}

function blockChain(keyLength: number): (key: Uint8Array) => CbcCipher {
  return (writeKey) => {
    const key = copyKey(writeKey, keyLength);
    return {
      encrypt: (iv, blocks) => cbc(key, iv, { disablePadding: true }).encrypt(blocks),
      decrypt: (iv, blocks) => cbc(key, iv, { disablePadding: true }).decrypt(blocks),
    };
  };
}

/** A key share. Its `wipe` overwrites the private key, `secret`. */
function keyShare(
  secret: Uint8Array,
  publicKey: Uint8Array,
  agree: (secret: Uint8Array, peer: Uint8Array) => Uint8Array | undefined,
): KeyShare {
  let isWiped = false;
  return {
    publicKey,
    agree(peerPublicKey) {
      if (isWiped) throw new Error("this key share is wiped");
      return agree(secret, peerPublicKey);
    },
    wipe() {
      isWiped = true;
      secret.fill(0);
    },
  };
}

/** X25519, RFC 7748 §5. */
const agreeX25519: KeyShareGenerator = (random) => {
  const secret = random(32).slice();
  // `scalarMult` uses the Montgomery ladder and takes 8 ms. `getPublicKey` would first build a table of multiples of
  // the base point, which takes 84 ms.
  return keyShare(secret, x25519.scalarMult(secret, x25519.GuBytes), scalarMult);
};

function scalarMult(secret: Uint8Array, peer: Uint8Array): Uint8Array | undefined {
  try {
    return x25519.scalarMult(secret, peer);
  } catch {
    // Our own secret is always valid. noble throws if the peer's key has another length, or if the result is all zeros
    // (RFC 8422 §5.11).
    return undefined;
  }
}

/** A private key, uniform in 1 … n−1 by rejection sampling (FIPS 186-5 §A.2.2). */
function randomScalar(curve: Curve, random: Random): Uint8Array {
  const { Fn } = curve.Point;
  // The order of P-521 has one bit in its first byte. Without the mask, nearly every candidate would be rejected.
  const topMask = 0xff >> (8 * Fn.BYTES - Fn.BITS);
  for (let tries = 0; tries < 128; tries++) {
    const secret = random(Fn.BYTES).slice();
    secret[0] = (secret[0] as number) & topMask;
    if (curve.utils.isValidSecretKey(secret)) return secret;
  }
  throw new Error("the source of random bytes is broken");
}

/**
 * ECDH on a curve over a prime field, RFC 8422 §5.10. The shared secret is the x coordinate at the field's full width.
 */
function curveAgreement(curve: Curve): KeyShareGenerator {
  let base: Curve["Point"]["BASE"] | undefined;
  return (random) => {
    // A copy of the base point with a small table, which takes 33 ms to build for P-256. noble's default table would
    // take 120 ms. The copy leaves noble's own base point unchanged for other users of noble.
    if (!base) {
      base = curve.Point.fromAffine(curve.Point.BASE.toAffine());
      base.precompute(2);
    }
    const secret = randomScalar(curve, random);
    const publicKey = base.multiply(curve.Point.Fn.fromBytes(secret)).toBytes(false);
    return keyShare(secret, publicKey, (privateKey, peer) => {
      if (!isUncompressed(curve, peer) || !curve.utils.isValidPublicKey(peer)) return undefined;
      // `getSharedSecret` returns a compressed point: one byte, then the x coordinate.
      return curve.getSharedSecret(privateKey, peer, true).slice(1);
    });
  };
}

function verify(algorithm: SignatureAlgorithm, key: PublicKey, message: Uint8Array, signature: Uint8Array): boolean {
  switch (algorithm.type) {
    case "rsa_pkcs1":
      return key.type === "rsa" && verifyPkcs1(hashes[algorithm.hash], algorithm.hash, key, message, signature);
    case "rsa_pss":
      return key.type === "rsa" && verifyPss(hashes[algorithm.hash], key, message, signature);
    case "ecdsa": {
      if (key.type !== "ec") return false;
      const curve = curves[key.curve];
      if (!isUncompressed(curve, key.point)) return false;
      // noble gets the digest, because the scheme determines the hash, and noble would use the curve's hash. `lowS` is
      // false, because half of all valid signatures have a high S.
      const digest = hashes[algorithm.hash].digest(message);
      return curve.verify(signature, digest, key.point, { prehash: false, lowS: false, format: "der" });
    }
    case "ed25519":
      return key.type === "ed25519" && verifyEd25519(signature, message, key.point);
  }
}

/**
 * Verifies by RFC 8032 §5.1.7 without the cofactor, like the cryptography of the hosts. It refuses keys of low order,
 * because anyone can make signatures that fit such a key. noble's own verification multiplies by the cofactor, so it
 * accepts signatures that hosts refuse.
 */
function verifyEd25519(signature: Uint8Array, message: Uint8Array, key: Uint8Array): boolean {
  const { BASE, Fn, fromBytes } = ed25519.Point;
  const [R, s] = [signature.subarray(0, 32), bytesToNumberLE(signature.subarray(32))];
  const A = fromBytes(key);
  if (signature.length !== 64 || s >= Fn.ORDER || A.isSmallOrder()) return false;
  const k = bytesToNumberLE(hashes.sha512.digest(concat(R, key, message))) % Fn.ORDER;
  return equal(BASE.multiplyUnsafe(s).subtract(A.multiplyUnsafe(k)).toBytes(), R);
}

/**
 * A provider in JavaScript, which is the same on every host. All its functions are synchronous.
 * @example
 * const open = (transport: Transport, ca: string): Promise<TlsConnection> =>
 *   connect(transport, { provider: noble, serverName: "device.example", ca });
 */
export const noble: CryptoProvider & { readonly hashes: Required<Hashes> } = {
  name: "noble",
  hashes: { ...hashes, sha1 },
  ciphers: {
    AES_128_GCM: /* @__PURE__ */ aead(gcm, 16),
    AES_256_GCM: /* @__PURE__ */ aead(gcm, 32),
    CHACHA20_POLY1305: /* @__PURE__ */ aead(chacha20poly1305, 32),
    AES_128_CBC: /* @__PURE__ */ blockChain(16),
    AES_256_CBC: /* @__PURE__ */ blockChain(32),
  },
  groups: {
    x25519: agreeX25519,
    secp256r1: /* @__PURE__ */ curveAgreement(curves.secp256r1),
    secp384r1: /* @__PURE__ */ curveAgreement(curves.secp384r1),
    secp521r1: /* @__PURE__ */ curveAgreement(curves.secp521r1),
  },
  canVerify: () => true,
  verify(algorithm, key, message, signature) {
    try {
      return verify(algorithm, key, message, signature);
    } catch {
      // noble throws for some malformed keys and signatures.
      return false;
    }
  },
  rsaEncrypt: encryptPkcs1,
  // In JavaScript, AES-GCM takes more than twice as long as ChaCha20-Poly1305.
  prefers: "CHACHA20_POLY1305",
};
