/**
 * Reads SubjectPublicKeyInfo and the AlgorithmIdentifier of a signature. Refuses keys that Handclasp does not accept.
 * @module
 */
import { type Der, derFault, sequence, tags } from "../bytes/der.ts";
import { pointFault } from "../crypto/equations.ts";
import type { EcKeyCurveName, PublicKey, SignatureAlgorithm } from "../crypto/provider.ts";
import { rsaBits, rsaKeyFault } from "../crypto/rsaKey.ts";
import { TlsError } from "../errors.ts";

/** The hashes of signatures on certificates. */
export type SignatureHash = "sha256" | "sha384" | "sha512";

export const rsaEncryption = "1.2.840.113549.1.1.1";
export const rsassaPss = "1.2.840.113549.1.1.10";
const mgf1 = "1.2.840.113549.1.1.8";
export const ecPublicKey = "1.2.840.10045.2.1";
export const ed25519 = "1.3.101.112";

const hashes: Record<string, SignatureHash> = {
  "2.16.840.1.101.3.4.2.1": "sha256",
  "2.16.840.1.101.3.4.2.2": "sha384",
  "2.16.840.1.101.3.4.2.3": "sha512",
};

const signatures: Record<string, SignatureAlgorithm> = {
  [ed25519]: { type: "ed25519" },
  "1.2.840.113549.1.1.11": { type: "rsa_pkcs1", hash: "sha256" },
  "1.2.840.113549.1.1.12": { type: "rsa_pkcs1", hash: "sha384" },
  "1.2.840.113549.1.1.13": { type: "rsa_pkcs1", hash: "sha512" },
  "1.2.840.10045.4.3.2": { type: "ecdsa", hash: "sha256" },
  "1.2.840.10045.4.3.3": { type: "ecdsa", hash: "sha384" },
  "1.2.840.10045.4.3.4": { type: "ecdsa", hash: "sha512" },
};

/** The named curves by OID, RFC 5480 §2.1.1.1. */
export const curveNames: Readonly<Record<string, EcKeyCurveName>> = {
  "1.2.840.10045.3.1.7": "secp256r1",
  "1.3.132.0.34": "secp384r1",
  "1.3.132.0.35": "secp521r1",
};

/** A public key, its size in bits, and the one hash that an id-RSASSA-PSS key allows, if the key restricts the hash. */
export interface KeyReading {
  readonly publicKey: PublicKey;
  readonly keyBits: number;
  readonly pssHash: SignatureHash | undefined;
}

/** The size of a key in bits: the size of the modulus for RSA, the size of the field for EC, 256 for Ed25519. */
const keyBits = (key: PublicKey): number =>
  key.type === "rsa" ? rsaBits(key) : key.type === "ec" ? Number(key.curve.slice(4, 7)) : 256;

/**
 * Throws the error for a well-formed key that Handclasp does not accept (RFC 5280 §4.1.2.7, RFC 3279, 4055, 5480,
 * 8410).
 */
function refuseKey(message: string): never {
  throw new TlsError("unsupported_certificate", message, { code: "weak_key" });
}

/**
 * Reads a SubjectPublicKeyInfo. Throws `"malformed"`, or `"weak_key"` if Handclasp does not accept the key's type or
 * size.
 */
export const readPublicKey = (spki: Uint8Array): KeyReading =>
  sequence(spki, (reader) => {
    const algorithm = reader.element(tags.sequence);
    const bytes = reader.octets();
    const reading = sequence(algorithm, (identifier) => readKey(identifier, bytes));
    return { ...reading, keyBits: keyBits(reading.publicKey) };
  });

function readKey(algorithm: Der, bytes: Uint8Array): Omit<KeyReading, "keyBits"> {
  const oid = algorithm.oid();
  let pssHash: SignatureHash | undefined;
  switch (oid) {
    case rsaEncryption:
      algorithm.null();
      break;
    case rsassaPss:
      if (algorithm.hasMore)
        pssHash = readPss(algorithm) ?? refuseKey("RSASSA-PSS with parameters that are not accepted");
      break;
    case ecPublicKey:
      if (!algorithm.hasMore) derFault("EC key without a curve");
      if (algorithm.tag !== tags.oid) refuseKey("an EC key with explicit parameters, not a named curve");
      return { publicKey: readPoint(algorithm.oid(), bytes), pssHash };
    case ed25519:
      if (bytes.length !== 32) derFault("Ed25519 key not 32 bytes");
      return { publicKey: { type: "ed25519", point: bytes }, pssHash };
    default:
      refuseKey(`a key of the type ${oid}; RSA, EC and Ed25519 keys only`);
  }
  const publicKey = sequence(bytes, (reader) => {
    const modulus = reader.unsigned();
    return { type: "rsa", modulus, exponent: reader.unsigned(), pssOnly: oid === rsassaPss } as const;
  });
  const fault = rsaKeyFault(publicKey);
  if (fault) refuseKey(`an RSA key that is not accepted: ${fault}`);
  return { publicKey, pssHash };
}

function readPoint(oid: string, point: Uint8Array): PublicKey {
  const name = curveNames[oid] ?? refuseKey(`an EC key on the curve ${oid}; P-256, P-384 and P-521 only`);
  const fault = pointFault(name, point);
  if (fault === "form") refuseKey(`a point on ${name} that is not uncompressed`);
  if (fault) derFault(`point not on ${name}`);
  return { type: "ec", curve: name, point };
}

/**
 * The AlgorithmIdentifier of a signature. `signatureAlgorithm` is `undefined` if Handclasp does not accept the
 * algorithm (SHA-1, MD5, DSA …).
 */
export interface SignatureReading {
  readonly signatureAlgorithmOid: string;
  readonly signatureAlgorithm: SignatureAlgorithm | undefined;
}

export const readSignatureAlgorithm = (identifier: Uint8Array): SignatureReading =>
  sequence(identifier, (reader) => {
    const signatureAlgorithmOid = reader.oid();
    let signatureAlgorithm = signatures[signatureAlgorithmOid];
    if (signatureAlgorithmOid === rsassaPss) {
      const hash = readPss(reader);
      if (hash) signatureAlgorithm = { type: "rsa_pss", hash };
    } else if (!signatureAlgorithm) reader.skip();
    // For RSA with PKCS#1, the parameters are NULL, or absent, which RFC 4055 §5 accepts. ECDSA and Ed25519 have no
    // parameters (RFC 5758, 8410).
    else if (signatureAlgorithm.type === "rsa_pkcs1" && reader.hasMore) reader.null();
    return { signatureAlgorithmOid, signatureAlgorithm };
  });

/**
 * Reads RSASSA-PSS-params, RFC 4055 §3.1. Returns the hash if MGF1 uses the same hash and the salt is as long as the
 * digest, otherwise `undefined`. The defaults are for SHA-1, so none of the three may be left out.
 */
export function readPss(reader: Der): SignatureHash | undefined {
  return reader.sequence((params) => {
    const hash = params.optional(0xa0, readHash);
    const mask = params.optional(0xa1, (inner) =>
      inner.sequence((mgf) => (mgf.oid() === mgf1 ? readHash(mgf) : mgf.skip())),
    );
    const salt = params.optional(0xa2, (inner) => inner.uint32());
    params.optional(0xa3, () => derFault("trailerField"));
    return hash && mask === hash && salt === Number(hash.slice(3)) / 8 ? hash : undefined;
  });
}

const readHash = (reader: Der): SignatureHash | undefined =>
  reader.sequence((inner) => {
    const oid = inner.oid();
    if (inner.hasMore) inner.null();
    return hashes[oid];
  });
