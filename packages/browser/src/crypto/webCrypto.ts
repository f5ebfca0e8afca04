/**
 * The provider that uses WebCrypto. noble implements the algorithms that the host's WebCrypto lacks.
 * @module
 */

import {
  type Aead,
  type Awaitable,
  type Ciphers,
  type CryptoProvider,
  type EcKeyCurveName,
  type KeyShare,
  type KeyShareGenerator,
  noble,
  type PublicKey,
  type SignatureAlgorithm,
} from "@handclasp/core/client";
import { rsaKeyFault, toBase64 } from "@handclasp/core/unstable";

import { curves, isUncompressed, signatureFromDer } from "./ecdsa.ts";

/** The host's SubtleCrypto. It is absent on insecure origins, although the DOM's types say otherwise. */
export const hostSubtle = (): SubtleCrypto | undefined => globalThis.crypto?.subtle;

/**
 * The same bytes in the type that WebCrypto accepts, which excludes shared memory. No array here uses shared memory.
 */
export const view = (bytes: Uint8Array): Uint8Array<ArrayBuffer> => bytes as Uint8Array<ArrayBuffer>;

const tagLength = 16;
const nonceLength = 12;

function aesGcm(name: "AES_128_GCM" | "AES_256_GCM", keyLength: number): (key: Uint8Array) => Promise<Aead> {
  return async (key) => {
    if (key.length !== keyLength) throw new RangeError(`a key of this cipher has ${keyLength} bytes`);
    const subtle = hostSubtle();
    if (!subtle) return (noble.ciphers[name] as NonNullable<Ciphers[typeof name]>)(key);
    const cryptoKey = await subtle.importKey("raw", view(key), "AES-GCM", false, ["encrypt", "decrypt"]);
    const parameters = (nonce: Uint8Array, additionalData: Uint8Array): AesGcmParams => {
      // GCM accepts a nonce of any length, but TLS uses only this length.
      if (nonce.length !== nonceLength) throw new RangeError(`a nonce has ${nonceLength} bytes`);
      return {
        name: "AES-GCM",
        iv: view(nonce),
        additionalData: view(additionalData),
        tagLength: 8 * tagLength,
      };
    };
    return {
      async seal(nonce, additionalData, plaintext, out) {
        out.set(new Uint8Array(await subtle.encrypt(parameters(nonce, additionalData), cryptoKey, view(plaintext))));
      },
      async open(nonce, additionalData, ciphertext) {
        const decryptParameters = parameters(nonce, additionalData);
        if (ciphertext.length < tagLength) return undefined;
        try {
          return new Uint8Array(await subtle.decrypt(decryptParameters, cryptoKey, view(ciphertext)));
        } catch (error) {
          if ((error as DOMException).name === "OperationError") return undefined;
          throw error;
        }
      },
    };
  };
}

interface HostGroup {
  readonly algorithm: { readonly name: string; readonly namedCurve?: string };
  /** The length of the shared secret in bytes. */
  readonly width: number;
  /** True if the bytes have the format of a public key. It does not check that a point is on the curve. */
  isPoint(publicKey: Uint8Array): boolean;
}

/** Makes key shares with the host, or with noble if the host does not support the group or fails to generate a key. */
function keyAgreement(group: HostGroup, substitute: KeyShareGenerator): KeyShareGenerator {
  let isUnknown = false;
  return async (random) => {
    const subtle = hostSubtle();
    if (subtle && !isUnknown) {
      try {
        return await hostShare(subtle, group, () => substitute(random));
      } catch (error) {
        // Any failure but NotSupportedError may be temporary: then the next handshake tries the host again.
        isUnknown = (error as DOMException).name === "NotSupportedError";
      }
    }
    return substitute(random);
  };
}

async function hostShare(
  subtle: SubtleCrypto,
  group: HostGroup,
  substitute: () => Awaitable<KeyShare>,
): Promise<KeyShare> {
  const { algorithm, width } = group;
  const pair = (await subtle.generateKey(algorithm, false, ["deriveBits"])) as CryptoKeyPair;
  const publicKey = new Uint8Array(await subtle.exportKey("raw", pair.publicKey));
  if (!group.isPoint(publicKey)) throw new Error("the host's public key has an unknown form");
  let cryptoKey: CryptoKey | undefined = pair.privateKey;
  return {
    publicKey,
    async agree(peerPublicKey) {
      if (!cryptoKey) throw new Error("the key share was wiped");
      const privateKey = cryptoKey;
      if (!group.isPoint(peerPublicKey)) return undefined;
      try {
        const peer = await subtle.importKey("raw", view(peerPublicKey), algorithm, false, []);
        const secret = await subtle.deriveBits({ name: algorithm.name, public: peer }, privateKey, 8 * width);
        const bytes = new Uint8Array(secret);
        // RFC 8422 §5.11 requires this check for x25519. Not every host makes it.
        return bytes.some((byte) => byte) ? bytes : undefined;
      } catch (error) {
        // Engines refuse an invalid point with different errors and at different steps, so noble checks the point.
        if (!(await (await substitute()).agree(peerPublicKey))) return undefined;
        throw error;
      }
    },
    wipe() {
      cryptoKey = undefined; // the key cannot be exported, and the garbage collector frees it
    },
  };
}

const ecdh = (curve: EcKeyCurveName): KeyShareGenerator =>
  keyAgreement(
    {
      algorithm: { name: "ECDH", namedCurve: curves[curve].name },
      width: curves[curve].width,
      isPoint: (publicKey) => isUncompressed(publicKey, curve),
    },
    noble.groups[curve] as KeyShareGenerator,
  );

const x25519: KeyShareGenerator = /* @__PURE__ */ keyAgreement(
  { algorithm: { name: "X25519" }, width: 32, isPoint: (publicKey) => publicKey.length === 32 },
  noble.groups.x25519 as KeyShareGenerator,
);

/** The hashes' names in WebCrypto. */
export const hashNames = { sha256: "SHA-256", sha384: "SHA-384", sha512: "SHA-512" } as const;

/** The two RSA paddings' names in WebCrypto. */
export const rsaNames = { rsa_pkcs1: "RSASSA-PKCS1-v1_5", rsa_pss: "RSA-PSS" } as const;

const signatureNames = { ...rsaNames, ecdsa: "ECDSA", ed25519: "Ed25519" } as const;

interface SignatureParameters extends Algorithm {
  readonly hash?: string;
  readonly saltLength?: number;
}

/**
 * The parameters of `sign`, `verify` and, except for EC keys, of a key's import. WebCrypto ignores members that an
 * algorithm does not use.
 */
export const signatureParameters = (algorithm: SignatureAlgorithm): SignatureParameters => {
  const name = signatureNames[algorithm.type];
  if (!("hash" in algorithm)) return { name };
  const { hash } = algorithm;
  return { name, hash: hashNames[hash], saltLength: noble.hashes[hash].outputLength };
};

/** The signature in WebCrypto's format. `undefined` if the signature or the key cannot be valid. */
function hostSignature({ type }: SignatureAlgorithm, key: PublicKey, signature: Uint8Array): Uint8Array | undefined {
  switch (key.type) {
    case "ed25519":
      return type === key.type && key.point.length === 32 && signature.length === 64 && !isLowOrder(key.point)
        ? signature
        : undefined;
    case "ec":
      return type === "ecdsa" && isUncompressed(key.point, key.curve)
        ? signatureFromDer(signature, curves[key.curve].width)
        : undefined;
    case "rsa":
      return (type === "rsa_pss" || (type === "rsa_pkcs1" && !key.pssOnly)) &&
        !rsaKeyFault(key) &&
        signature.length === unsigned(key.modulus).length
        ? signature
        : undefined;
  }
}

/**
 * True for Ed25519 keys of order 1, 2, 4 and 8, for which anyone can make valid signatures. Not every host refuses
 * them. For these keys, y(y² − 1)(dy⁴ + 2y² − 1) is 0 modulo p, with d = −121665/121666.
 */
function isLowOrder(point: Uint8Array): boolean {
  const y = point.reduceRight((n, byte, i) => n * 256n + BigInt(i === 31 ? byte & 127 : byte), 0n);
  const y2 = y * y;
  return (y * (y2 - 1n) * (121665n * y2 * y2 - 243332n * y2 + 121666n)) % (2n ** 255n - 19n) === 0n;
}

/** The parameters of a key's import. */
export const importParameters = (
  algorithm: SignatureAlgorithm,
  key: PublicKey,
): SignatureParameters & { namedCurve?: string } => ({
  ...signatureParameters(algorithm),
  ...(key.type === "ec" && { namedCurve: curves[key.curve].name }),
});

function hostKey(subtle: SubtleCrypto, algorithm: SignatureAlgorithm, key: PublicKey): Promise<CryptoKey> {
  const parameters = importParameters(algorithm, key);
  if (key.type !== "rsa") return subtle.importKey("raw", view(key.point), parameters, false, ["verify"]);
  const jwk = { kty: "RSA", n: base64url(unsigned(key.modulus)), e: base64url(unsigned(key.exponent)) };
  return subtle.importKey("jwk", jwk, parameters, false, ["verify"]);
}

/** The number without leading zeros, which Base64urlUInt (RFC 7518 §2) does not allow. */
function unsigned(bytes: Uint8Array): Uint8Array {
  const first = bytes.findIndex((byte) => byte !== 0);
  return first < 0 ? bytes.subarray(0, 0) : bytes.subarray(first);
}

const base64url = (bytes: Uint8Array): string =>
  toBase64(bytes).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");

async function verify(
  algorithm: SignatureAlgorithm,
  key: PublicKey,
  message: Uint8Array,
  signature: Uint8Array,
): Promise<boolean> {
  const subtle = hostSubtle();
  if (subtle) {
    const raw = hostSignature(algorithm, key, signature);
    if (!raw) return false;
    try {
      const cryptoKey = await hostKey(subtle, algorithm, key);
      const isValid = await subtle.verify(signatureParameters(algorithm), cryptoKey, view(raw), view(message));
      // RFC 5246 §4.7 requires us to accept a DigestInfo without NULL. noble does, but not every host.
      if (isValid || algorithm.type !== "rsa_pkcs1") return isValid;
    } catch {
      // The host does not support the algorithm or the combination, or the key is invalid. noble distinguishes the two.
    }
  }
  return noble.verify(algorithm, key, message, signature);
}

/**
 * The provider that uses the host's WebCrypto for key exchange, signatures and AES-GCM, and noble for hashes,
 * ChaCha20-Poly1305, CBC, RSA encryption and everything that the host lacks. {@link defaultProvider} returns this
 * provider if the host has WebCrypto.
 * @example
 * const channel = await connect("wss://relay.example/", { provider: webCrypto, ca, serverName: "device.internal" });
 */
export const webCrypto: CryptoProvider = {
  name: "webcrypto",
  hashes: noble.hashes,
  ciphers: {
    ...noble.ciphers,
    AES_128_GCM: aesGcm("AES_128_GCM", 16),
    AES_256_GCM: aesGcm("AES_256_GCM", 32),
  },
  groups: {
    x25519,
    secp256r1: ecdh("secp256r1"),
    secp384r1: ecdh("secp384r1"),
    secp521r1: ecdh("secp521r1"),
  },
  canVerify: (algorithm) => noble.canVerify(algorithm),
  verify,
  rsaEncrypt: (key, message, random) => noble.rsaEncrypt(key, message, random),
  precompute: true,
  prefers: "AES_GCM",
};

/**
 * Returns the provider for this page: {@link webCrypto} on a secure origin, otherwise noble, which prefers
 * ChaCha20-Poly1305.
 * @example
 * const channel = await connect(transport, { provider: defaultProvider(), serverName: "example.org", ca });
 */
export const defaultProvider = (): CryptoProvider => (hostSubtle() ? webCrypto : noble);
