/**
 * SubjectPublicKeyInfo and AlgorithmIdentifier: the keys and signatures that are accepted, and nothing else.
 * @module
 */
import { type Der, der, derFault, tags } from "../bytes/der.ts";
import { curves, isUncompressed } from "../crypto/curves.ts";
import type { EcCurveName, PublicKey, SignatureAlgorithm } from "../crypto/provider.ts";
import { rsaKeyFault } from "../crypto/rsa.ts";

/** Hashes that sign certificates. */
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

const signatures: Record<string, { type: "rsa_pkcs1" | "ecdsa"; hash: SignatureHash }> = {
  "1.2.840.113549.1.1.11": { type: "rsa_pkcs1", hash: "sha256" },
  "1.2.840.113549.1.1.12": { type: "rsa_pkcs1", hash: "sha384" },
  "1.2.840.113549.1.1.13": { type: "rsa_pkcs1", hash: "sha512" },
  "1.2.840.10045.4.3.2": { type: "ecdsa", hash: "sha256" },
  "1.2.840.10045.4.3.3": { type: "ecdsa", hash: "sha384" },
  "1.2.840.10045.4.3.4": { type: "ecdsa", hash: "sha512" },
};

/** The curves by OID, RFC 5480 §2.1.1.1. */
export const curveNames: Readonly<Record<string, EcCurveName>> = {
  "1.2.840.10045.3.1.7": "secp256r1",
  "1.3.132.0.34": "secp384r1",
  "1.3.132.0.35": "secp521r1",
};

/** A key that was read, or the reason why a key of its kind is not accepted (RFC 5280 §4.1.2.7, RFC 3279, 4055, 5480, 8410). */
export type KeyReading =
  | {
      readonly key: PublicKey /** The only hash that an id-RSASSA-PSS key signs with, where it says so. */;
      readonly pssHash?: SignatureHash;
    }
  | { readonly weak: string };

/** Reads a SubjectPublicKeyInfo. */
export const readPublicKey = (spki: Uint8Array): KeyReading =>
  der(spki, (reader) =>
    reader.within(tags.sequence, (sequence): KeyReading => {
      const algorithm = sequence.element(tags.sequence);
      const bytes = sequence.octets();
      return der(algorithm, (outer) => outer.within(tags.sequence, (inner) => readKey(inner, bytes)));
    }),
  );

function readKey(algorithm: Der, bytes: Uint8Array): KeyReading {
  const oid = algorithm.oid();
  switch (oid) {
    case rsaEncryption:
      algorithm.null();
      return readRsa(bytes, false);
    case rsassaPss: {
      const pss = algorithm.more ? readPss(algorithm) : undefined;
      const reading = readRsa(bytes, true);
      return "weak" in reading || !pss
        ? reading
        : pss === "weak"
          ? { weak: "RSASSA-PSS with parameters that are not accepted" }
          : { ...reading, pssHash: pss };
    }
    case ecPublicKey: {
      if (algorithm.tag !== tags.oid) {
        if (!algorithm.more) derFault("EC key without a curve");
        algorithm.skip();
        return { weak: "an EC key with explicit parameters, not a named curve" };
      }
      const curve = algorithm.oid();
      return readPoint(curve, bytes);
    }
    case ed25519:
      if (bytes.length !== 32) derFault("Ed25519 key not 32 bytes");
      return { key: { type: "ed25519", point: bytes } };
    default:
      algorithm.skip();
      return { weak: `a key of the kind ${oid}; RSA, EC and Ed25519 keys only` };
  }
}

function readRsa(bytes: Uint8Array, pssOnly: boolean): KeyReading {
  return der(bytes, (reader) =>
    reader.within(tags.sequence, (sequence): KeyReading => {
      const modulus = sequence.unsigned();
      const exponent = sequence.unsigned();
      const key = { type: "rsa", modulus, exponent, pssOnly } as const;
      const fault = rsaKeyFault(key);
      return fault ? { weak: `an RSA key that is not accepted: ${fault}` } : { key };
    }),
  );
}

function readPoint(oid: string, point: Uint8Array): KeyReading {
  const name = curveNames[oid];
  if (!name) return { weak: `an EC key on the curve ${oid}; P-256, P-384 and P-521 only` };
  const curve = curves[name];
  if (!isUncompressed(curve, point)) return { weak: `a point on ${name} that is not uncompressed` };
  try {
    curve.Point.fromBytes(point);
  } catch {
    derFault(`point not on ${name}`);
  }
  return { key: { type: "ec", curve: name, point } };
}

/** Reads a signature's AlgorithmIdentifier; `undefined` for every algorithm that is not accepted (SHA-1, MD5, DSA …). */
export const readSignatureAlgorithm = (
  identifier: Uint8Array,
): { oid: string; algorithm: SignatureAlgorithm | undefined } =>
  der(identifier, (reader) =>
    reader.within(tags.sequence, (sequence) => {
      const oid = sequence.oid();
      const known = signatures[oid];
      if (known) {
        // RFC 4055 §5: NULL, but absent is accepted; RFC 5758 §3.2: absent.
        if (known.type === "rsa_pkcs1" && sequence.more) sequence.null();
        return { oid, algorithm: known };
      }
      if (oid === ed25519) return { oid, algorithm: { type: "ed25519" } };
      if (oid === rsassaPss) {
        const hash = readPss(sequence);
        return { oid, algorithm: hash === "weak" ? undefined : { type: "rsa_pss", hash } };
      }
      sequence.skip();
      return { oid, algorithm: undefined };
    }),
  );

/** RSASSA-PSS-params, RFC 4055 §3.1: the hash, where MGF1 has the same and the salt is as long. The defaults are SHA-1, so nothing may be left out. */
export function readPss(reader: Der): SignatureHash | "weak" {
  return reader.within(tags.sequence, (params) => {
    const hash = params.optional(0xa0, readHash);
    const mask = params.optional(0xa1, (inner) =>
      inner.within(tags.sequence, (sequence) => {
        if (sequence.oid() === mgf1) return readHash(sequence);
        sequence.skip();
        return undefined;
      }),
    );
    const salt = params.optional(0xa2, (inner) => inner.small());
    params.optional(0xa3, () => derFault("trailerField"));
    return hash && mask === hash && salt === Number(hash.slice(3)) / 8 ? hash : "weak";
  });
}

const readHash = (reader: Der): SignatureHash | undefined =>
  reader.within(tags.sequence, (sequence) => {
    const oid = sequence.oid();
    if (sequence.more) sequence.null();
    return hashes[oid];
  });
