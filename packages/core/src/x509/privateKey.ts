/**
 * Reads private keys in the formats that key files use: PKCS#8 (RFC 5958), plain or encrypted with PBES2 (RFC 8018),
 * SEC1 (RFC 5915) and PKCS#1 (RFC 8017), as PEM or DER, and JWK (RFC 7517). A client without a key of its own does not
 * load this module.
 * @module
 */
import { hexToBytes, utf8ToBytes } from "@noble/hashes/utils.js";
import { fromBase64, wipe } from "../bytes/bytes.ts";
import { type Der, der, derElement, derFault, derInteger, tags } from "../bytes/der.ts";
import { curves } from "../crypto/curves.ts";
import type { EcKeyCurveName, PublicKey } from "../crypto/provider.ts";
import { rsaKeyFault } from "../crypto/rsaKey.ts";
import { configurationError } from "../errors.ts";
import { withExplanation } from "../validation/withExplanation.ts";
import { findPrivateKey, formOf, type JsonWebKey, type JwkMember, type PrivateKeySource } from "./findPrivateKey.ts";
import { curveNames, ecPublicKey, ed25519, readPss, rsaEncryption, rsassaPss, type SignatureHash } from "./key.ts";
import { asUserFault, decrypt, type PrivateKeyOptions } from "./pbes2.ts";

export type { Pbkdf2, PrivateKeyOptions } from "./pbes2.ts";

/** A parsed private key. Its bytes belong to the caller, who should wipe them after use. */
export type PrivateKey =
  | {
      readonly type: "ec";
      readonly curve: EcKeyCurveName;
      /** The private scalar: big-endian, with leading zeros, as long as the order of the curve. */
      readonly secret: Uint8Array;
    }
  | {
      readonly type: "ed25519";
      /** The 32-byte seed of RFC 8032. */
      readonly secret: Uint8Array;
    }
  | {
      readonly type: "rsa";
      /** True if the key's OID is id-RSASSA-PSS. Such a key signs only with PSS. */
      readonly pssOnly: boolean;
      /** The one hash that such a key allows; `undefined` if the key does not restrict the hash. */
      readonly pssHash: SignatureHash | undefined;
      /** The DER of the RSAPrivateKey, RFC 8017 §A.1.2. */
      readonly secret: Uint8Array;
    };

/**
 * Reads a private key: EC on P-256, P-384 or P-521, Ed25519, RSA, or RSASSA-PSS.
 * @throws TlsError with the fault `"configuration"` and advice. The code is `"passphrase_needed"` or
 *   `"wrong_passphrase"` if the passphrase is missing or wrong
 * @example
 * const key = await readPrivateKey(await readFile("server.key"), { passphrase: "correct horse" });
 */
export const readPrivateKey = (source: PrivateKeySource, options: PrivateKeyOptions = {}): Promise<PrivateKey> =>
  withExplanation(() => read(source, options));

async function read(source: PrivateKeySource, options: PrivateKeyOptions): Promise<PrivateKey> {
  const found = findPrivateKey(source);
  if (found.form === "jwk") return readJwk(found.jwk);
  if (found.form !== "encrypted") {
    const reader = readers[found.form];
    return asUserFault(() => reader(found.der));
  }
  const { passphrase } = options;
  if (passphrase === undefined)
    throw configurationError("the private key is encrypted", "give its passphrase", "passphrase_needed");
  const plain = await decrypt(
    found.der,
    typeof passphrase === "string" ? utf8ToBytes(passphrase) : passphrase,
    options,
  );
  try {
    // With about one wrong passphrase in 256, the padding is valid by chance, and the plaintext is random bytes.
    if (plain && formOf(plain) === "pkcs8") return asUserFault(() => readPkcs8(plain));
  } finally {
    wipe(plain);
  }
  throw configurationError(
    "the private key does not open with this passphrase",
    "give the passphrase that the key was encrypted with; if it is the right one, the file is damaged",
    "wrong_passphrase",
  );
}

const unsupported = (what: string): never => {
  throw configurationError(
    `${what} is not supported`,
    "use an EC key on P-256, P-384 or P-521, an Ed25519 key, or an RSA key",
  );
};

const readers = {
  pkcs8: (bytes: Uint8Array) => readPkcs8(bytes),
  pkcs1: (bytes: Uint8Array) => readPkcs1(bytes, false, undefined),
  sec1: (bytes: Uint8Array) => readSec1(bytes, undefined),
};

/** Reads PrivateKeyInfo, or OneAsymmetricKey, which may add the public key (RFC 5958 §2). */
function readPkcs8(bytes: Uint8Array): PrivateKey {
  return der(bytes, (outer) =>
    outer.sequence((info) => {
      if (info.uint32() > 1) derFault("PKCS#8 version neither v1 nor v2");
      const algorithm = info.element(tags.sequence);
      const inner = info.contents(tags.octetString);
      if (info.tag === 0xa0) info.contents(0xa0);
      if (info.tag === 0x81) info.bits(0x81);
      return der(algorithm, (reader) => reader.sequence((identifier) => readByAlgorithm(identifier, inner)));
    }),
  );
}

function readByAlgorithm(identifier: Der, bytes: Uint8Array): PrivateKey {
  const oid = identifier.oid();
  switch (oid) {
    case rsaEncryption:
      identifier.null();
      return readPkcs1(bytes, false, undefined);
    case rsassaPss: {
      if (!identifier.hasMore) return readPkcs1(bytes, true, undefined);
      const hash = readPss(identifier);
      return hash ? readPkcs1(bytes, true, hash) : unsupported("an RSASSA-PSS key with such restrictions");
    }
    case ecPublicKey:
      if (identifier.tag !== tags.oid) return unsupported("an EC key with explicit parameters");
      return readSec1(bytes, identifier.oid());
    case ed25519:
      return ed25519Key(der(bytes, (reader) => reader.contents(tags.octetString)));
    default:
      return unsupported(`a private key of the type ${oid}`);
  }
}

const ed25519Key = (secret: Uint8Array): PrivateKey =>
  secret.length === 32 ? { type: "ed25519", secret: new Uint8Array(secret) } : derFault("Ed25519 key not 32 bytes");

/**
 * Reads ECPrivateKey. It must name its curve, unless the PKCS#8 around it does. The two must not name different curves.
 */
function readSec1(bytes: Uint8Array, pkcs8Curve: string | undefined): PrivateKey {
  return der(bytes, (outer) =>
    outer.sequence((reader) => {
      if (reader.uint32() !== 1) derFault("ECPrivateKey version not 1");
      const secret = reader.contents(tags.octetString);
      const ownCurve = reader.optional(0xa0, (parameters) =>
        parameters.tag === tags.oid ? parameters.oid() : unsupported("an EC key with explicit parameters"),
      );
      reader.optional(0xa1, (inner) => inner.octets());
      if (pkcs8Curve && ownCurve && pkcs8Curve !== ownCurve) derFault("two curves");
      return ecKey(curveNames[pkcs8Curve ?? ownCurve ?? derFault("EC key without a curve")], secret);
    }),
  );
}

function ecKey(curve: EcKeyCurveName | undefined, secret: Uint8Array): PrivateKey {
  if (!curve) return unsupported("an EC key on another curve");
  if (secret.length !== curves[curve].lengths.secretKey) derFault(`a key on ${curve} of ${secret.length} bytes`);
  return { type: "ec", curve, secret: new Uint8Array(secret) };
}

/** Reads an RSAPrivateKey with two primes, RFC 8017 §A.1.2. */
function readPkcs1(bytes: Uint8Array, pssOnly: boolean, pssHash: SignatureHash | undefined): PrivateKey {
  return der(bytes, (outer) =>
    outer.sequence((reader) => {
      if (reader.uint32() !== 0) return unsupported("an RSA key of more than two primes");
      const modulus = reader.unsigned();
      const exponent = reader.unsigned();
      for (let i = 0; i < 6; i++) reader.unsigned();
      const fault = rsaKeyFault({ type: "rsa", modulus, exponent, pssOnly });
      if (fault) throw configurationError(`the RSA key is refused: ${fault}`, "make a new key of 2048 to 8192 bits");
      return { type: "rsa", pssOnly, pssHash, secret: new Uint8Array(bytes) };
    }),
  );
}

const jwkCurves: Record<string, EcKeyCurveName> = { "P-256": "secp256r1", "P-384": "secp384r1", "P-521": "secp521r1" };

/** Reads a JWK, RFC 7518 §6.2.2 and §6.3.2, RFC 8037 §2. */
function readJwk(jwk: JsonWebKey): PrivateKey {
  if (typeof jwk.d !== "string" && ["EC", "OKP", "RSA"].includes(jwk.kty as string)) {
    throw configurationError("the JWK is a public key", 'give the private key, which has "d"');
  }
  return asUserFault(() => {
    switch (jwk.kty) {
      case "EC":
        return ecKey(jwkCurves[jwk.crv as string], readMember(jwk, "d"));
      case "OKP":
        return jwk.crv === "Ed25519" ? ed25519Key(readMember(jwk, "d")) : unsupported("a JWK on another curve");
      case "RSA": {
        if (jwk.oth !== undefined) return unsupported("an RSA key of more than two primes");
        const numbers = (["n", "e", "d", "p", "q", "dp", "dq", "qi"] as const).map((name) =>
          derInteger(readMember(jwk, name)),
        );
        const pkcs1 = derElement(tags.sequence, Uint8Array.of(2, 1, 0), ...numbers);
        wipe(...numbers);
        return readPkcs1(pkcs1, false, undefined);
      }
      default:
        return unsupported("a JWK of this kind");
    }
  });
}

/** Reads a member of a JWK in base64url, without padding and spaces (RFC 7515 §2). */
function readMember(jwk: JsonWebKey, name: JwkMember): Uint8Array {
  const text = jwk[name];
  if (typeof text === "string" && /^[\w-]+$/.test(text)) {
    const base64 = text.replaceAll("-", "+").replaceAll("_", "/");
    try {
      return fromBase64(base64.padEnd(Math.ceil(base64.length / 4) * 4, "="));
    } catch {
      // The error below is thrown.
    }
  }
  return derFault(`"${name}" of the JWK is not base64url`);
}

/**
 * The DER of each AlgorithmIdentifier, in hex. An RSASSA-PSS key becomes an ordinary RSA key: WebCrypto imports no
 * other form, and the code that signs chooses the scheme.
 */
const identifiers = {
  secp256r1: "301306072a8648ce3d020106082a8648ce3d030107",
  secp384r1: "301006072a8648ce3d020106052b81040022",
  secp521r1: "301006072a8648ce3d020106052b81040023",
  ed25519: "300506032b6570",
  rsa: "300d06092a864886f70d0101010500",
} as const;

/**
 * Writes a key as unencrypted PKCS#8 (RFC 5958), which hosts import. For an EC key, also pass the public key, because
 * Firefox does not import an EC key without it.
 * @example
 * const privateKey = await readPrivateKey(pem);
 * const pkcs8 = privateKeyToPkcs8(privateKey, parseCertificate(leaf).publicKey);
 */
export function privateKeyToPkcs8(key: PrivateKey, publicKey?: PublicKey): Uint8Array {
  const point =
    publicKey?.type === "ec"
      ? derElement(0xa1, derElement(tags.bitString, Uint8Array.of(0), publicKey.point))
      : new Uint8Array(0);
  const inner =
    key.type === "rsa"
      ? key.secret
      : key.type === "ed25519"
        ? derElement(tags.octetString, key.secret)
        : derElement(tags.sequence, Uint8Array.of(2, 1, 1), derElement(tags.octetString, key.secret), point);
  const identifier = hexToBytes(identifiers[key.type === "ec" ? key.curve : key.type]);
  return derElement(tags.sequence, Uint8Array.of(2, 1, 0), identifier, derElement(tags.octetString, inner));
}
