/**
 * Credentials whose private key is a KeyObject of node:crypto.
 * @module
 */

import {
  constants,
  createPrivateKey,
  KeyObject,
  type JsonWebKey as NodeJsonWebKey,
  privateDecrypt,
  sign,
  X509Certificate,
} from "node:crypto";
import type { Certificate, ChainSource, Credential, OcspSource, SignatureScheme } from "@handclasp/core";
import { findPrivateKey, type JsonWebKey } from "@handclasp/core/pem";
import {
  configurationError,
  keyMismatch,
  optionsOf,
  readCredential,
  readOwnChain,
  runFlow,
  signingSchemes,
  usageError,
  verifyChain,
} from "@handclasp/core/unstable";
import { withExplanationSync } from "@handclasp/core/unstable/engine";

import { nodeCredentialOptions } from "../optionTables.ts";
import { nodeCrypto } from "./nodeCrypto.ts";

export interface NodeCredentialOptions {
  /** The chain, end-entity first: PEM (as text or bytes), one DER certificate, or a list of them. */
  readonly cert: ChainSource;
  /**
   * The private key: PEM or DER (PKCS#8, PKCS#1 or SEC1), a JWK, or a KeyObject. The PEM may also contain certificates.
   */
  readonly key: string | Uint8Array | JsonWebKey | KeyObject;
  /** The passphrase of an encrypted key. */
  readonly passphrase?: string;
  /**
   * Servers only: the DER of the OCSP response for clients that request one, or a function that returns the current
   * response.
   */
  readonly ocspResponse?: OcspSource | undefined;
  /** Servers only: the SignedCertificateTimestampList (RFC 6962 §3.3) for clients that request it. */
  readonly signedCertificateTimestamps?: Uint8Array | undefined;
}

/**
 * Makes a credential from a certificate chain and its private key. It throws before any connection if the key does not
 * belong to the certificate or cannot be used.
 * @throws TlsError with the fault `"configuration"`, and with one of the codes `"passphrase_needed"`,
 * `"wrong_passphrase"` and `"key_mismatch"` if that is the reason
 * @example
 * const credential = nodeCredential({ cert: readFileSync("server.pem"), key: readFileSync("server.key") });
 */
export function nodeCredential(options: NodeCredentialOptions): Credential {
  return withExplanationSync(() => credentialOf(optionsOf(options, nodeCredentialOptions)));
}

function credentialOf(options: NodeCredentialOptions): Credential {
  const { cert, key, passphrase, ocspResponse, signedCertificateTimestamps } = options;
  const privateKey = key instanceof KeyObject ? requirePrivate(key) : readKey(key, passphrase);
  requireSupported(privateKey);
  const chain = readOwnChain(cert);
  const schemes = schemesOfKey(privateKey, chain[0]);
  void runFlow(verifyChain(chain, nodeCrypto)); // synchronous, because nodeCrypto is
  return {
    chain: chain.map(({ raw }) => raw),
    schemes,
    read: readCredential,
    sign(scheme, message) {
      if (!schemes.some(({ id }) => id === scheme.id)) throw usageError(`this key does not sign with ${scheme.name}`);
      return Uint8Array.from(signWith(scheme, privateKey, message));
    },
    // OpenSSL does not decrypt with a key whose OID is id-RSASSA-PSS.
    ...(privateKey.asymmetricKeyType === "rsa" && {
      rsaDecryptRaw: (ciphertext: Uint8Array) =>
        Uint8Array.from(privateDecrypt({ key: privateKey, padding: constants.RSA_NO_PADDING }, ciphertext)),
    }),
    ...(ocspResponse && { ocspResponse }),
    ...(signedCertificateTimestamps && { signedCertificateTimestamps }),
  };
}

function signWith({ algorithm }: SignatureScheme, key: KeyObject, message: Uint8Array): Buffer {
  switch (algorithm.type) {
    case "ed25519":
      return sign(null, message, key);
    case "ecdsa":
      return sign(algorithm.hash, message, { key, dsaEncoding: "der" });
    case "rsa_pkcs1":
      return sign(algorithm.hash, message, { key, padding: constants.RSA_PKCS1_PADDING });
    case "rsa_pss":
      return sign(algorithm.hash, message, {
        key,
        padding: constants.RSA_PKCS1_PSS_PADDING,
        saltLength: constants.RSA_PSS_SALTLEN_DIGEST,
      });
  }
}

function requirePrivate(key: KeyObject): KeyObject {
  if (key.type === "private") return key;
  throw configurationError(
    `the key is a ${key.type} key, not a private key`,
    "give a KeyObject made by createPrivateKey()",
  );
}

/**
 * The header of a private key in OpenSSL's traditional PEM encryption, which is older than PKCS#8. Only node:crypto can
 * read such a key.
 */
const legacy = /^Proc-Type: *4, *ENCRYPTED/m;

function readKey(key: string | Uint8Array | JsonWebKey, passphrase: string | undefined): KeyObject {
  const text = typeof key === "string" ? key : key instanceof Uint8Array ? Buffer.from(key).toString("latin1") : "";
  const isLegacy = legacy.test(text);
  const parsed = isLegacy ? undefined : findPrivateKey(key);
  const isEncrypted = isLegacy || parsed?.form === "encrypted";
  if (isEncrypted && passphrase === undefined)
    throw configurationError("the private key is encrypted", "give its passphrase", "passphrase_needed");
  const passphraseOption = isEncrypted && passphrase !== undefined ? { passphrase } : {};
  try {
    if (!parsed) return createPrivateKey({ key: text, format: "pem", ...passphraseOption });
    if (parsed.form === "jwk") return createPrivateKey({ key: { ...parsed.jwk } as NodeJsonWebKey, format: "jwk" });
    const type = parsed.form === "encrypted" ? "pkcs8" : parsed.form;
    return createPrivateKey({ key: Buffer.from(parsed.der), format: "der", type, ...passphraseOption });
  } catch (cause) {
    if (isEncrypted) {
      throw configurationError(
        "the private key does not open with this passphrase",
        "give the passphrase that the key was encrypted with; if this is the right one, the file is damaged",
        "wrong_passphrase",
      );
    }
    throw configurationError(
      `the private key cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`,
      "the file is damaged, or in a format that node:crypto does not know",
    );
  }
}

const curves = ["prime256v1", "secp384r1", "secp521r1"];
const keyTypes = ["ed25519", "rsa", "rsa-pss"];

function requireSupported({ asymmetricKeyType: type, asymmetricKeyDetails: details }: KeyObject): void {
  if (type === "ec" ? !curves.includes(details?.namedCurve ?? "") : !keyTypes.includes(type ?? "")) {
    throw configurationError(
      `keys of type ${details?.namedCurve ?? type} are not supported`,
      "use an EC key on P-256, P-384 or P-521, an Ed25519 key or an RSA key",
    );
  }
  if ((details?.modulusLength ?? 2048) < 2048)
    throw configurationError(
      `an RSA key of ${details?.modulusLength} bits is too short`,
      "use a key of at least 2048 bits",
    );
}

/** The signature schemes that the key can use for this certificate. */
function schemesOfKey(key: KeyObject, leaf: Certificate): readonly SignatureScheme[] {
  if (!new X509Certificate(leaf.raw).checkPrivateKey(key)) throw keyMismatch();
  // The certificate and the key may each restrict the hash. The verifier enforces the certificate's restriction, and
  // OpenSSL enforces the key's.
  const schemes = signingSchemes(leaf.publicKey, leaf.pssHash).filter((scheme) => allows(key, scheme));
  if (schemes.length > 0) return schemes;
  throw configurationError(
    "the RSASSA-PSS key is restricted to a hash or salt that TLS does not use",
    "make a key without restrictions, or one for SHA-256, SHA-384 or SHA-512 with the same hash in MGF1 " +
      "and a salt of that hash's length",
  );
}

/**
 * True if the key's RSASSA-PSS-params (RFC 4055 §3.1) allow the scheme. A key without these parameters allows every
 * hash. `saltLength` is a minimum.
 */
function allows(key: KeyObject, { algorithm }: SignatureScheme): boolean {
  const { hashAlgorithm, mgf1HashAlgorithm, saltLength } = key.asymmetricKeyDetails ?? {};
  if (algorithm.type !== "rsa_pss" || hashAlgorithm === undefined) return true;
  const hashLength = Number.parseInt(algorithm.hash.slice(3), 10) / 8;
  return hashAlgorithm === algorithm.hash && mgf1HashAlgorithm === algorithm.hash && (saltLength ?? 0) <= hashLength;
}
