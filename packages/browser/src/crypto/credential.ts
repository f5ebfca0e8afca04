/**
 * A credential whose private key stays with WebCrypto, which does not reveal it.
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
  /** The chain, end-entity first: PEM, one DER certificate, or several. */
  readonly cert: ChainSource;
  /**
   * A CryptoKey that may sign, or the private key itself: PKCS#8 (encrypted or not), SEC1, PKCS#1 or JWK, PEM or DER.
   * An RSA CryptoKey signs with the one padding and hash that it was made for.
   */
  readonly key: PrivateKeySource | CryptoKey;
  /** Opens an encrypted key. */
  readonly passphrase?: string;
  /**
   * For a server, should a page be one: the OCSP response that it shows to clients that ask, DER, or a function that
   * has the current one.
   */
  readonly ocspResponse?: OcspSource | undefined;
  /** For a server: the SignedCertificateTimestampList (RFC 6962 §3.3) that it shows to clients that ask. */
  readonly signedCertificateTimestamps?: Uint8Array | undefined;
  /** Only this one of the schemes that the key could sign with. */
  readonly scheme?: SignatureScheme;
}

/**
 * A certificate chain and its private key, for a page that proves who it is. The key is imported so that it cannot be
 * exported again; what reads it from a file is loaded only then. On a host without WebCrypto, EC and Ed25519 keys sign
 * in JavaScript.
 * @throws TlsError with the fault `"configuration"`; the codes `"passphrase_needed"`, `"wrong_passphrase"` and
 *   `"key_mismatch"` where that is it.
 * @example
 * const credential = await browserCredential({ cert: pem, key: pem });
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
      ? wrongKey("the key is of a WebCrypto that this host does not have")
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
  const byId = new Map([...keys].map(([row, held]) => [row.id, held]));
  const sign = async (row: SignatureScheme, message: Uint8Array): Promise<Uint8Array> => {
    const held = byId.get(row.id);
    if (!held) throw usageError(`this key does not sign with ${row.name}`);
    const signature = new Uint8Array(await subtle.sign(signatureParameters(row.algorithm), held, view(message)));
    return row.algorithm.type === "ecdsa" ? signatureToDer(signature) : signature;
  };
  await runFlow(verifyKey(chain[0], first, sign, webCrypto));
  await runFlow(verifyChain(chain, webCrypto));
  return { chain: chain.map(({ raw }) => raw), schemes: [first, ...others], sign, read: readCredential };
}

function wrongKey(message: string): never {
  throw configurationError(message, "the certificate, the key's algorithm and the scheme must be of one kind");
}

type Keys = Map<SignatureScheme, CryptoKey>;

async function keysFor(
  subtle: SubtleCrypto,
  { key, passphrase }: BrowserCredentialOptions,
  publicKey: PublicKey,
  schemes: readonly SignatureScheme[],
): Promise<Keys> {
  if (isCryptoKey(key)) return ownKey(key, schemes);
  const { privateKeyToPkcs8, readPrivateKey } = await import("@handclasp/core/keys");
  const read = await readPrivateKey(key, { passphrase, pbkdf2: pbkdf2(subtle) });
  if (read.type !== publicKey.type) throw keyMismatch();
  const der = privateKeyToPkcs8(read, publicKey);
  try {
    return await importKeys(subtle, der, publicKey, schemes);
  } finally {
    wipe(der, read.secret);
  }
}

/** A CryptoKey is bound to its algorithm, an RSA one to its hash too. */
function ownKey(key: CryptoKey, schemes: readonly SignatureScheme[]): Keys {
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

/** One CryptoKey for each scheme of an RSA key, one for all schemes of another. */
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
      `the private key cannot be imported: ${reason(cause)}`,
      `the certificate is for ${kindOf(publicKey)}, and so must the key be`,
      "key_mismatch",
    );
  }
}

/** The host's PBKDF2 over a passphrase. */
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

const reason = (cause: unknown): string =>
  TlsError.is(cause) || cause instanceof Error ? cause.message : String(cause);
