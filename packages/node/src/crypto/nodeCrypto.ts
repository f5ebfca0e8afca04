/**
 * The provider that uses node:crypto. All its functions are synchronous.
 * @module
 */
import {
  constants,
  createCipheriv,
  createDecipheriv,
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
import type {
  Aead,
  CbcCipher,
  CryptoProvider,
  EcKeyCurveName,
  Hash,
  HashName,
  KeyShareGenerator,
} from "@handclasp/core";
import { finiteField } from "./finiteField.ts";
import { asUint8Array, requireKey } from "./hostKeys.ts";
import { base64url, curves, fromJwk, importKey, isUncompressed } from "./publicKeys.ts";
import { isSignature } from "./signatures.ts";

function hash(name: HashName, outputLength: number, blockLength: number): Hash {
  return {
    outputLength,
    blockLength,
    digest: (data) => asUint8Array(createHash(name).update(data).digest()),
    create() {
      const hash = createHash(name);
      return {
        update(data) {
          hash.update(data);
          return this;
        },
        snapshot: () => asUint8Array(hash.copy().digest()),
      };
    },
    hmac(key) {
      const keyObject = createSecretKey(key);
      return {
        mac(...parts) {
          const hmac = createHmac(name, keyObject);
          for (const part of parts) hmac.update(part);
          return asUint8Array(hmac.digest());
        },
      };
    },
  };
}

const tagLength = 16;
const nonceLength = 12;

/** Throws if the nonce does not have the length that TLS uses. GCM and CCM accept other lengths. */
function checkNonce(nonce: Uint8Array): Uint8Array {
  if (nonce.length !== nonceLength) throw new RangeError(`a nonce has ${nonceLength} bytes`);
  return nonce;
}

function aead(
  cipher: "aes-128-gcm" | "aes-256-gcm" | "chacha20-poly1305",
  keyLength: number,
): (key: Uint8Array) => Aead {
  // The type declarations have an overload for each mode. All three take the same options.
  const mode = cipher as "aes-128-gcm";
  const options = { authTagLength: tagLength };
  /** A class takes less memory than closures, and every connection has two of these objects. */
  class NodeAead implements Aead {
    readonly #key: KeyObject;
    constructor(key: KeyObject) {
      this.#key = key;
    }
    seal(nonce: Uint8Array, additionalData: Uint8Array, plaintext: Uint8Array, out: Uint8Array): void {
      const context = createCipheriv(mode, this.#key, checkNonce(nonce), options);
      context.setAAD(additionalData);
      out.set(context.update(plaintext));
      context.final(); // returns no bytes: these are stream ciphers
      out.set(context.getAuthTag(), plaintext.length);
    }
    open(nonce: Uint8Array, additionalData: Uint8Array, ciphertext: Uint8Array): Uint8Array | undefined {
      const length = ciphertext.length - tagLength;
      if (length < 0) return undefined;
      const context = createDecipheriv(mode, this.#key, checkNonce(nonce), options);
      context.setAAD(additionalData);
      context.setAuthTag(ciphertext.subarray(length));
      const plaintext = context.update(ciphertext.subarray(0, length));
      try {
        context.final();
      } catch {
        plaintext.fill(0);
        return undefined;
      }
      return asUint8Array(plaintext);
    }
  }
  return (key) => new NodeAead(secretKey(key, keyLength));
}

/** CCM needs the length of the plaintext before it starts, and the whole plaintext in one call of `update`. */
function ccm(tagLength: 8 | 16): (key: Uint8Array) => Aead {
  const mode = "aes-128-ccm";
  const options = { authTagLength: tagLength };
  return (key) => {
    const keyObject = secretKey(key, 16);
    return {
      seal(nonce, additionalData, plaintext, out) {
        const context = createCipheriv(mode, keyObject, checkNonce(nonce), options);
        context.setAAD(additionalData, { plaintextLength: plaintext.length });
        out.set(context.update(plaintext));
        context.final();
        out.set(context.getAuthTag(), plaintext.length);
      },
      open(nonce, additionalData, ciphertext) {
        const length = ciphertext.length - tagLength;
        if (length < 0) return undefined;
        const context = createDecipheriv(mode, keyObject, checkNonce(nonce), options);
        context.setAuthTag(ciphertext.subarray(length));
        context.setAAD(additionalData, { plaintextLength: length });
        try {
          const plaintext = context.update(ciphertext.subarray(0, length));
          context.final();
          return asUint8Array(plaintext);
        } catch {
          return undefined; // CCM releases no plaintext if the tag is wrong
        }
      },
    };
  };
}

function blockChain(mode: "aes-128-cbc" | "aes-256-cbc", keyLength: number): (key: Uint8Array) => CbcCipher {
  // Without padding, update() returns all whole blocks, and final() throws if a part of a block is left.
  const transform = (context: ReturnType<typeof createCipheriv>, blocks: Uint8Array): Uint8Array => {
    const out = context.setAutoPadding(false).update(blocks);
    context.final();
    return asUint8Array(out);
  };
  return (key) => {
    const keyObject = secretKey(key, keyLength);
    return {
      encrypt: (iv, blocks) => transform(createCipheriv(mode, keyObject, iv), blocks),
      decrypt: (iv, blocks) => transform(createDecipheriv(mode, keyObject, iv), blocks),
    };
  };
}

/** Makes a KeyObject once for each key: a raw key would cost 20–35 µs in every call of the cipher. */
function secretKey(key: Uint8Array, length: number): KeyObject {
  if (key.length !== length) throw new RangeError(`a key of this cipher has ${length} bytes`);
  return createSecretKey(key);
}

/**
 * The error codes that Node.js uses only for an invalid public key: one that is not on the curve or is out of range.
 */
const invalidPublicKeyCodes: ReadonlySet<unknown> = new Set([
  "ERR_CRYPTO_ECDH_INVALID_PUBLIC_KEY",
  "ERR_CRYPTO_INVALID_KEYLEN",
  "ERR_CRYPTO_INVALID_KEYTYPE",
]);

function computeSecret(
  keyPair: { computeSecret(peerPublicKey: Uint8Array): Buffer },
  peerPublicKey: Uint8Array,
): Uint8Array | undefined {
  try {
    return asUint8Array(keyPair.computeSecret(peerPublicKey));
  } catch (error) {
    if (invalidPublicKeyCodes.has((error as NodeJS.ErrnoException).code)) return undefined;
    throw error;
  }
}

/**
 * Key agreement on a NIST curve. createECDH takes a third of the time of generateKeyPairSync, and also checks that
 * points are on the curve.
 */
function ecdh(curve: EcKeyCurveName): KeyShareGenerator {
  return () => {
    const pair = createECDH(curves[curve].openssl);
    const publicKey = asUint8Array(pair.generateKeys());
    let livePair: typeof pair | undefined = pair;
    return {
      publicKey,
      agree(peerPublicKey) {
        const keyPair = requireKey(livePair);
        return isUncompressed(peerPublicKey, curve) ? computeSecret(keyPair, peerPublicKey) : undefined;
      },
      wipe() {
        livePair = undefined; // OpenSSL clears the key when the object is collected
      },
    };
  };
}

/** Deno lists the curve in `getCurves`, but has no key agreement on it. */
function hasSecp521r1(): boolean {
  try {
    createECDH(curves.secp521r1.openssl);
    return true;
  } catch {
    return false;
  }
}

/**
 * An overload that the type declarations lack: it generates a key pair and exports the public key in one call. A
 * separate `export` takes the key's lock. On Node 20, a garbage collection during that `export` takes the lock again,
 * for the object that generated the key, and the process hangs.
 */
const generate = generateKeyPairSync as unknown as (
  type: "x25519",
  options: { publicKeyEncoding: { format: "jwk" } },
) => { publicKey: JsonWebKey; privateKey: KeyObject };

const x25519: KeyShareGenerator = () => {
  const pair = generate("x25519", { publicKeyEncoding: { format: "jwk" } });
  // Copies the key out of Buffer's pool.
  const publicKey = Uint8Array.from(Buffer.from(pair.publicKey.x as string, "base64url"));
  let livePrivateKey: KeyObject | undefined = pair.privateKey;
  return {
    publicKey,
    agree(peerPublicKey) {
      const privateKey = requireKey(livePrivateKey);
      if (peerPublicKey.length !== 32) return undefined;
      const peer = fromJwk({ kty: "OKP", crv: "X25519", x: base64url(peerPublicKey) });
      try {
        const secret = asUint8Array(diffieHellman({ privateKey, publicKey: peer }));
        // RFC 8422 §5.11 requires this check. OpenSSL and BoringSSL make the check too.
        return secret.some((byte) => byte) ? secret : undefined;
      } catch (error) {
        if (isOfLowOrder(peerPublicKey)) return undefined;
        throw error;
      }
    },
    wipe() {
      livePrivateKey = undefined;
    },
  };
};

/**
 * The points of low order, which make the shared secret zero for every private key (RFC 7748 §6.1): 0, 1, two of order
 * 8, p − 1, p and p + 1. Their highest bit is clear, because X25519 ignores that bit. The code compares points, because
 * the errors of OpenSSL differ between versions.
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
 * The provider that uses node:crypto. It is the default of this package. All its functions are synchronous.
 * @example
 * const transport = connectTcp({ host: "localhost", port: 8443 });
 * const channel = await connect(transport, { provider: nodeCrypto, ca, serverName: "localhost" });
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
    // Electron's BoringSSL and OpenSSL's FIPS provider have neither ChaCha20-Poly1305 nor CCM. Pass the lengths to
    // `getCipherInfo`: without them, it checks only the name.
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
    ...(hasSecp521r1() && { secp521r1: ecdh("secp521r1") }),
  },
  finiteField,
  canVerify: () => true,
  verify(algorithm, key, message, signature) {
    try {
      return isSignature(algorithm, key, message, signature);
    } catch {
      return false; // the key is invalid
    }
  },
  rsaEncrypt: (key, message) =>
    asUint8Array(publicEncrypt({ key: importKey(key), padding: constants.RSA_PKCS1_PADDING }, message)),
  prefers: "AES_GCM",
  random: (length) => randomFillSync(new Uint8Array(length)),
};
