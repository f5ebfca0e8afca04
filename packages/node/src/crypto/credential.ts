/**
 * A credential whose private key stays with node:crypto.
 * @module
 */
import { constants, createPrivateKey, KeyObject, privateDecrypt, sign, X509Certificate } from "node:crypto";
import {
  type Credential,
  configurationError,
  ecdsa_secp256r1_sha256,
  ecdsa_secp384r1_sha384,
  ecdsa_secp521r1_sha512,
  ed25519,
  parsePemCertificates,
  rsa_pkcs1_sha256,
  rsa_pkcs1_sha384,
  rsa_pkcs1_sha512,
  rsa_pss_pss_sha256,
  rsa_pss_pss_sha384,
  rsa_pss_pss_sha512,
  rsa_pss_rsae_sha256,
  rsa_pss_rsae_sha384,
  rsa_pss_rsae_sha512,
  type SignatureScheme,
  TlsError,
  usageError,
} from "@handclasp/core";

export interface NodeCredentialOptions {
  /** The chain, end-entity first: PEM (text or file contents), one DER certificate, or several. */
  readonly cert: string | Uint8Array | readonly Uint8Array[];
  /** The private key: PEM or DER (PKCS#8, PKCS#1 or SEC1), or a KeyObject. A PEM with certificates in it too will do. */
  readonly key: string | Uint8Array | KeyObject;
  /** Opens an encrypted key. */
  readonly passphrase?: string;
}

/**
 * A certificate chain and its private key. What cannot work is refused here, before anybody connects.
 * @example
 * const credential = nodeCredential({ cert: readFileSync("server.pem"), key: readFileSync("server.key") });
 */
export function nodeCredential({ cert, key, passphrase }: NodeCredentialOptions): Credential {
  const chain = readChain(cert);
  const privateKey = readKey(key, passphrase);
  const leaf = chain[0] as X509Certificate;
  if (!leaf.checkPrivateKey(privateKey)) {
    throw configurationError(
      "the private key does not belong to the certificate",
      "the first certificate must be the one that was issued for this key, the issuers follow it",
    );
  }
  const schemes = schemesOfKey(privateKey, leaf.publicKey);
  return {
    chain: chain.map(({ raw }) => Uint8Array.from(raw)),
    schemes,
    sign(scheme, message) {
      if (!schemes.some(({ id }) => id === scheme.id)) throw usageError(`this key does not sign with ${scheme.name}`);
      return Uint8Array.from(signWith(scheme, privateKey, message));
    },
    // OpenSSL refuses to decrypt with a key that its own OID binds to PSS.
    ...(privateKey.asymmetricKeyType === "rsa" && {
      rsaDecryptRaw: (ciphertext: Uint8Array) =>
        Uint8Array.from(privateDecrypt({ key: privateKey, padding: constants.RSA_NO_PADDING }, ciphertext)),
    }),
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

const pem = "-----BEGIN ";

/** The text of a PEM file, `undefined` for DER. */
const pemText = (bytes: Uint8Array): string | undefined => {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("latin1");
  return text.includes(pem) && bytes[0] !== 0x30 ? text : undefined;
};

function readChain(cert: NodeCredentialOptions["cert"]): readonly X509Certificate[] {
  const files = typeof cert === "string" || cert instanceof Uint8Array ? [cert] : cert;
  let chain: readonly X509Certificate[];
  try {
    chain = files
      .flatMap((file) => {
        const text = typeof file === "string" ? file : pemText(file);
        return text === undefined ? [file as Uint8Array] : parsePemCertificates(text);
      })
      .map((der) => new X509Certificate(der));
  } catch (cause) {
    if (TlsError.is(cause)) throw cause; // a fault in PEM has its own advice
    throw configurationError(`the certificate cannot be read: ${reason(cause)}`, "give PEM or DER");
  }
  if (chain.length === 0) throw configurationError("there is no certificate", "a PEM file has a CERTIFICATE block");
  return chain;
}

function readKey(key: NodeCredentialOptions["key"], passphrase: string | undefined): KeyObject {
  if (key instanceof KeyObject) {
    if (key.type === "private") return key;
    throw configurationError(`the private key is a ${key.type} one`, "give a KeyObject made by createPrivateKey()");
  }
  const secret = passphrase === undefined ? {} : { passphrase };
  const text = typeof key === "string" ? key : pemText(key);
  try {
    if (text !== undefined) return createPrivateKey({ key: text, format: "pem", ...secret });
    return readDerKey(Buffer.from(key as Uint8Array), secret);
  } catch (cause) {
    // For PEM, OpenSSL 3 says "interrupted or cancelled".
    const locked = (cause as NodeJS.ErrnoException).code === "ERR_MISSING_PASSPHRASE" || text?.includes("ENCRYPTED");
    if (locked && passphrase === undefined) {
      throw configurationError("the private key is encrypted", "give its passphrase");
    }
    throw configurationError(
      `the private key cannot be read: ${reason(cause)}`,
      "give PEM or DER, PKCS#8, PKCS#1 or SEC1, and the right passphrase where it is encrypted",
    );
  }
}

function readDerKey(der: Buffer, secret: { passphrase?: string }): KeyObject {
  let failure: unknown;
  for (const type of ["pkcs8", "pkcs1", "sec1"] as const) {
    try {
      return createPrivateKey({ key: der, format: "der", type, ...secret });
    } catch (error) {
      failure ??= error;
    }
  }
  throw failure;
}

const reason = (cause: unknown): string => (cause instanceof Error ? cause.message : String(cause));

const ecdsa: Readonly<Record<string, SignatureScheme>> = {
  prime256v1: ecdsa_secp256r1_sha256,
  secp384r1: ecdsa_secp384r1_sha384,
  secp521r1: ecdsa_secp521r1_sha512,
};

const rsaSchemes: readonly SignatureScheme[] = [
  rsa_pss_rsae_sha256,
  rsa_pss_rsae_sha384,
  rsa_pss_rsae_sha512,
  rsa_pkcs1_sha256,
  rsa_pkcs1_sha384,
  rsa_pkcs1_sha512,
];

const pssSchemes: readonly SignatureScheme[] = [rsa_pss_pss_sha256, rsa_pss_pss_sha384, rsa_pss_pss_sha512];

/** What a key can sign with, its own hash first. */
function schemesOfKey(key: KeyObject, publicKey: KeyObject): readonly SignatureScheme[] {
  const type = key.asymmetricKeyType;
  switch (type) {
    case "ed25519":
      return [ed25519];
    case "ec": {
      const curve = key.asymmetricKeyDetails?.namedCurve ?? "an unnamed curve";
      const own = ecdsa[curve];
      if (!own) throw configurationError(`${curve} is not supported`, "use a key on P-256, P-384 or P-521, or Ed25519");
      return [own, ...Object.values(ecdsa).filter((scheme) => scheme !== own)];
    }
    case "rsa":
      requireLength(key);
      return rsaSchemes;
    case "rsa-pss": {
      requireLength(key);
      // Both may name a hash: the one binds OpenSSL, the other whoever verifies.
      const schemes = pssSchemes.filter((scheme) => allows(key, scheme) && allows(publicKey, scheme));
      if (schemes.length > 0) return schemes;
      throw configurationError(
        "the RSASSA-PSS key is restricted to a hash or salt that TLS does not use",
        "make one for SHA-256, SHA-384 or SHA-512 with the same hash in MGF1 and a salt as long as the hash, or without restrictions",
      );
    }
    default:
      throw configurationError(
        `keys of type ${type} are not supported`,
        "use an EC key on P-256, an Ed25519 or an RSA key",
      );
  }
}

function requireLength(key: KeyObject): void {
  const bits = key.asymmetricKeyDetails?.modulusLength ?? 0;
  if (bits < 2048) throw configurationError(`an RSA key of ${bits} bits is too short`, "2048 bits are the least");
}

/** RSASSA-PSS-params (RFC 4055 §3.1): none means any; a salt may be longer than they say, not shorter. */
function allows(key: KeyObject, { algorithm }: SignatureScheme): boolean {
  if (algorithm.type !== "rsa_pss") return false;
  const { hashAlgorithm, mgf1HashAlgorithm, saltLength } = key.asymmetricKeyDetails ?? {};
  if (hashAlgorithm === undefined) return true;
  const longest = Number.parseInt(algorithm.hash.slice(3), 10) / 8;
  return hashAlgorithm === algorithm.hash && mgf1HashAlgorithm === algorithm.hash && (saltLength ?? 0) <= longest;
}
