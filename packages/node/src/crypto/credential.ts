/**
 * A credential whose private key stays with node:crypto.
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
  /** The chain, end-entity first: PEM (text or file contents), one DER certificate, or several. */
  readonly cert: ChainSource;
  /**
   * The private key: PEM or DER (PKCS#8, PKCS#1 or SEC1), a JWK, or a KeyObject. A PEM with certificates in it too will
   * do.
   */
  readonly key: string | Uint8Array | JsonWebKey | KeyObject;
  /** Opens an encrypted key. */
  readonly passphrase?: string;
  /** For a server: the OCSP response that it shows to clients that ask, DER, or a function that has the current one. */
  readonly ocspResponse?: OcspSource | undefined;
  /** For a server: the SignedCertificateTimestampList (RFC 6962 §3.3) that it shows to clients that ask. */
  readonly signedCertificateTimestamps?: Uint8Array | undefined;
}

/**
 * A certificate chain and its private key. Mistakes are reported here, before any connection.
 * @throws TlsError with the fault `"configuration"`; the codes `"passphrase_needed"`, `"wrong_passphrase"` and
 *   `"key_mismatch"` where that is it.
 * @example
 * const credential = nodeCredential({ cert: readFileSync("server.pem"), key: readFileSync("server.key") });
 */
export function nodeCredential(options: NodeCredentialOptions): Credential {
  return withExplanationSync(() => credentialOf(optionsOf(options, nodeCredentialOptions)));
}

function credentialOf(options: NodeCredentialOptions): Credential {
  const { cert, key, passphrase, ocspResponse, signedCertificateTimestamps } = options;
  const privateKey = key instanceof KeyObject ? ownKey(key) : readKey(key, passphrase);
  requireKind(privateKey);
  const chain = readOwnChain(cert);
  const schemes = schemesOfKey(privateKey, chain[0]);
  void runFlow(verifyChain(chain, nodeCrypto)); // node:crypto is synchronous, and so is this
  return {
    chain: chain.map(({ raw }) => raw),
    schemes,
    read: readCredential,
    sign(scheme, message) {
      if (!schemes.some(({ id }) => id === scheme.id)) throw usageError(`this key does not sign with ${scheme.name}`);
      return Uint8Array.from(signWith(scheme, privateKey, message));
    },
    // OpenSSL refuses to decrypt with a key that its own OID binds to PSS.
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

function ownKey(key: KeyObject): KeyObject {
  if (key.type === "private") return key;
  throw configurationError(`the private key is a ${key.type} one`, "give a KeyObject made by createPrivateKey()");
}

/** How OpenSSL encrypted keys before PKCS#8: node:crypto alone reads it. */
const legacy = /^Proc-Type: *4, *ENCRYPTED/m;

function readKey(key: string | Uint8Array | JsonWebKey, passphrase: string | undefined): KeyObject {
  const text = typeof key === "string" ? key : key instanceof Uint8Array ? Buffer.from(key).toString("latin1") : "";
  const isLegacy = legacy.test(text);
  const found = isLegacy ? undefined : findPrivateKey(key);
  const encrypted = isLegacy || found?.form === "encrypted";
  if (encrypted && passphrase === undefined)
    throw configurationError("the private key is encrypted", "give its passphrase", "passphrase_needed");
  const secret = encrypted && passphrase !== undefined ? { passphrase } : {};
  try {
    if (!found) return createPrivateKey({ key: text, format: "pem", ...secret });
    if (found.form === "jwk") return createPrivateKey({ key: { ...found.jwk } as NodeJsonWebKey, format: "jwk" });
    const type = found.form === "encrypted" ? "pkcs8" : found.form;
    return createPrivateKey({ key: Buffer.from(found.der), format: "der", type, ...secret });
  } catch (cause) {
    if (encrypted) {
      throw configurationError(
        "the private key does not open with this passphrase",
        "give the passphrase that the key was encrypted with; where it is the right one, the file is damaged",
        "wrong_passphrase",
      );
    }
    throw configurationError(
      `the private key cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`,
      "the file is damaged, or of a kind that node:crypto does not know",
    );
  }
}

const curves = ["prime256v1", "secp384r1", "secp521r1"];
const kinds = ["ed25519", "rsa", "rsa-pss"];

function requireKind({ asymmetricKeyType: type, asymmetricKeyDetails: details }: KeyObject): void {
  if (type === "ec" ? !curves.includes(details?.namedCurve ?? "") : !kinds.includes(type ?? "")) {
    throw configurationError(
      `keys of type ${details?.namedCurve ?? type} are not supported`,
      "use an EC key on P-256, P-384 or P-521, an Ed25519 or an RSA key",
    );
  }
  if ((details?.modulusLength ?? 2048) < 2048)
    throw configurationError(`an RSA key of ${details?.modulusLength} bits is too short`, "2048 bits are the least");
}

/** The signature schemes that the key can use for this certificate. */
function schemesOfKey(key: KeyObject, leaf: Certificate): readonly SignatureScheme[] {
  if (!new X509Certificate(leaf.raw).checkPrivateKey(key)) throw keyMismatch();
  // Key and certificate may each name a hash: the key's binds OpenSSL, the certificate's binds the peer.
  const schemes = signingSchemes(leaf.publicKey, leaf.pssHash).filter((scheme) => allows(key, scheme));
  if (schemes.length > 0) return schemes;
  throw configurationError(
    "the RSASSA-PSS key is restricted to a hash or salt that TLS does not use",
    "make one without restrictions, or one for SHA-256, SHA-384 or SHA-512 with the same hash in MGF1 and a salt of " +
      "the hash's length",
  );
}

/** RSASSA-PSS-params (RFC 4055 §3.1): none means any; a salt may be longer than they say, not shorter. */
function allows(key: KeyObject, { algorithm }: SignatureScheme): boolean {
  const { hashAlgorithm, mgf1HashAlgorithm, saltLength } = key.asymmetricKeyDetails ?? {};
  if (algorithm.type !== "rsa_pss" || hashAlgorithm === undefined) return true;
  const longest = Number.parseInt(algorithm.hash.slice(3), 10) / 8;
  return hashAlgorithm === algorithm.hash && mgf1HashAlgorithm === algorithm.hash && (saltLength ?? 0) <= longest;
}
