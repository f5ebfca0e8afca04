/**
 * Credentials whose private key is a CryptoKey of WebCrypto or, on a page without WebCrypto, signs in JavaScript.
 * @module
 */

import {
  type ChainSource,
  type Credential,
  type OcspSource,
  type PublicKey,
  type SignatureScheme,
  TlsError,
} from "@handclasp/core/client";
import type { Pbkdf2, PrivateKeySource } from "@handclasp/core/keys";
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
  verifyKey,
  wipe,
  withExplanation,
} from "@handclasp/core/unstable";

import { curves, signatureToDer } from "./ecdsa.ts";
import {
  hashNames,
  hostSubtle,
  importParameters,
  rsaNames,
  signatureParameters,
  view,
  webCrypto,
} from "./webCrypto.ts";

export interface BrowserCredentialOptions {
  /** The chain, end-entity first: PEM (as text or bytes), one DER certificate, or a list of them. */
  readonly cert: ChainSource;
  /**
   * A CryptoKey with the usage `"sign"`, or the private key itself: PEM or DER of PKCS#8 (encrypted or not), SEC1 or
   * PKCS#1, or a JWK. An RSA CryptoKey signs only with the padding and the hash that it was imported for.
   */
  readonly key: PrivateKeySource | CryptoKey;
  /** The passphrase of an encrypted key. */
  readonly passphrase?: string;
  /**
   * Servers only: the DER of the OCSP response for clients that request one, or a function that returns the current
   * response.
   */
  readonly ocspResponse?: OcspSource | undefined;
  /** Servers only: the SignedCertificateTimestampList (RFC 6962 §3.3) for clients that request it. */
  readonly signedCertificateTimestamps?: Uint8Array | undefined;
  /** The only signature scheme to use. Default: all schemes that the key supports. */
  readonly scheme?: SignatureScheme;
}

/**
 * Makes a client's credential from a certificate chain and its private key. A key that is not a CryptoKey is imported
 * as a CryptoKey that cannot be exported. The code that reads such keys is loaded on demand. Without WebCrypto,
 * as on an insecure origin, EC and Ed25519 keys sign in JavaScript, and RSA keys are refused.
 * @throws TlsError with the fault `"configuration"`, and with one of the codes `"passphrase_needed"`,
 * `"wrong_passphrase"` and `"key_mismatch"` if that is the reason
 * @example
 * const credential = await browserCredential({ cert: pem, key });
 */
export async function browserCredential(options: BrowserCredentialOptions): Promise<Credential> {
  return withExplanation(() => credentialOf(optionsOf(options, browserCredentialOptions)));
}

const browserCredentialOptions = [
  "any! cert key",
  "string passphrase",
  "bytes|function ocspResponse",
  "bytes signedCertificateTimestamps",
  "named scheme",
];

async function credentialOf(options: BrowserCredentialOptions): Promise<Credential> {
  const { cert, key, passphrase, scheme, ocspResponse, signedCertificateTimestamps } = options;
  const subtle = hostSubtle();
  const credential = subtle
    ? await hostCredential(subtle, options)
    : isCryptoKey(key)
      ? wrongKey("the key is a CryptoKey, but this host has no WebCrypto")
      : await (await import("@handclasp/core/keys")).nobleCredential({
          cert,
          key,
          ...(passphrase !== undefined && { passphrase }),
        });
  const schemes = credential.schemes.filter(({ id }) => !scheme || id === scheme.id);
  if (!schemes.length) return wrongKey(`the key does not sign with ${scheme?.name}`);
  return { ...credential, schemes, ocspResponse, signedCertificateTimestamps };
}

const isCryptoKey = (key: BrowserCredentialOptions["key"]): key is CryptoKey =>
  typeof key === "object" && "algorithm" in key && "usages" in key;

async function hostCredential(subtle: SubtleCrypto, options: BrowserCredentialOptions): Promise<Credential> {
  const chain = readOwnChain(options.cert);
  const { publicKey, pssHash } = chain[0];
  const keys = await keysFor(subtle, options, publicKey, signingSchemes(publicKey, pssHash));
  const [first, ...others] = keys.keys();
  if (!first) return wrongKey("the key cannot sign for this certificate");
  const byId = new Map([...keys].map(([row, cryptoKey]) => [row.id, cryptoKey]));
  const sign = async (row: SignatureScheme, message: Uint8Array): Promise<Uint8Array> => {
    const cryptoKey = byId.get(row.id);
    if (!cryptoKey) throw usageError(`this key does not sign with ${row.name}`);
    const signature = new Uint8Array(await subtle.sign(signatureParameters(row.algorithm), cryptoKey, view(message)));
    return row.algorithm.type === "ecdsa" ? signatureToDer(signature) : signature;
  };
  await runFlow(verifyKey(chain[0], first, sign, webCrypto));
  await runFlow(verifyChain(chain, webCrypto));
  return { chain: chain.map(({ raw }) => raw), schemes: [first, ...others], sign, read: readCredential };
}

function wrongKey(message: string): never {
  throw configurationError(message, "the certificate, the key's algorithm and the scheme must belong together");
}

type Keys = Map<SignatureScheme, CryptoKey>;

async function keysFor(
  subtle: SubtleCrypto,
  { key, passphrase }: BrowserCredentialOptions,
  publicKey: PublicKey,
  schemes: readonly SignatureScheme[],
): Promise<Keys> {
  if (isCryptoKey(key)) return keysOfCryptoKey(key, schemes);
  const { privateKeyToPkcs8, readPrivateKey } = await import("@handclasp/core/keys");
  const parsed = await readPrivateKey(key, { passphrase, pbkdf2: pbkdf2(subtle) });
  if (parsed.type !== publicKey.type) throw keyMismatch();
  const der = privateKeyToPkcs8(parsed, publicKey);
  try {
    return await importKeys(subtle, der, publicKey, schemes);
  } finally {
    wipe(der, parsed.secret);
  }
}

/** The schemes of a CryptoKey. It is bound to its algorithm, and an RSA key also to its hash. */
function keysOfCryptoKey(key: CryptoKey, schemes: readonly SignatureScheme[]): Keys {
  if (key.type !== "private" || !key.usages.includes("sign")) {
    throw configurationError("the CryptoKey cannot sign", 'give a private key with the usage "sign"');
  }
  return new Map(schemes.filter((row) => signsWith(key, row)).map((row) => [row, key]));
}

function signsWith(key: CryptoKey, { algorithm }: SignatureScheme): boolean {
  const { name, hash } = key.algorithm as RsaHashedKeyAlgorithm;
  switch (algorithm.type) {
    case "ed25519":
      return name === "Ed25519";
    case "ecdsa":
      return name === "ECDSA";
    case "rsa_pkcs1":
    case "rsa_pss":
      return name === rsaNames[algorithm.type] && hash?.name === hashNames[algorithm.hash];
  }
}

/** Imports an RSA key as one CryptoKey for each scheme, and any other key as one CryptoKey for all its schemes. */
async function importKeys(
  subtle: SubtleCrypto,
  pkcs8: Uint8Array,
  publicKey: PublicKey,
  schemes: readonly SignatureScheme[],
): Promise<Keys> {
  try {
    const keys: Keys = new Map();
    for (const scheme of schemes) {
      const [first] = keys.values();
      const shared = publicKey.type === "rsa" ? undefined : first;
      const parameters = importParameters(scheme.algorithm, publicKey);
      keys.set(scheme, shared ?? (await subtle.importKey("pkcs8", view(pkcs8), parameters, false, ["sign"])));
    }
    return keys;
  } catch (cause) {
    if ((cause as DOMException).name === "NotSupportedError") {
      throw configurationError(`this host's WebCrypto has no ${kindOf(publicKey)}`, "use an EC key on P-256");
    }
    throw configurationError(
      `the private key cannot be imported: ${messageOf(cause)}`,
      `the certificate is for ${kindOf(publicKey)}: give the private key of that certificate`,
      "key_mismatch",
    );
  }
}

/** PBKDF2 (RFC 8018) by WebCrypto. */
const pbkdf2 =
  (subtle: SubtleCrypto): Pbkdf2 =>
  async (hash, password, salt, iterations, length) => {
    const key = await subtle.importKey("raw", view(password), "PBKDF2", false, ["deriveBits"]);
    const name = hash === "sha1" ? "SHA-1" : hashNames[hash];
    const parameters = { name: "PBKDF2", hash: name, salt: view(salt), iterations };
    return new Uint8Array(await subtle.deriveBits(parameters, key, 8 * length));
  };

const kindOf = (key: PublicKey): string =>
  key.type === "ec" ? `EC keys on ${curves[key.curve].name}` : key.type === "rsa" ? "RSA keys" : "Ed25519 keys";

const messageOf = (cause: unknown): string =>
  TlsError.is(cause) || cause instanceof Error ? cause.message : String(cause);
