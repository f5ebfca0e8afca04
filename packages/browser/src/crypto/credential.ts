/**
 * A credential whose private key stays with WebCrypto, where nobody can read it.
 * @module
 */
import {
  type Certificate,
  type Credential,
  configurationError,
  ecdsa_secp256r1_sha256,
  ecdsa_secp384r1_sha384,
  ecdsa_secp521r1_sha512,
  type PublicKey,
  parseCertificate,
  parsePemCertificates,
  pemBlocks,
  type SignatureScheme,
  schemesOf,
  TlsError,
  usageError,
} from "@handclasp/core/client";
import { curves, signatureToDer } from "./ecdsa.ts";
import { hashNames, hostSubtle, rsaNames, signatureParameters, view, webCrypto } from "./webCrypto.ts";

export interface BrowserCredentialOptions {
  /** The chain, end-entity first: PEM, one DER certificate, or several. */
  readonly cert: string | Uint8Array | readonly Uint8Array[];
  /** The private key: PKCS#8 as PEM, or a CryptoKey that may sign. An RSA CryptoKey signs with the one padding and hash that it was made for. */
  readonly key: string | CryptoKey;
  /** Only this one of the schemes that the key could sign with. */
  readonly scheme?: SignatureScheme;
}

/**
 * A certificate chain and its private key, for a page that proves who it is. The key is imported so that it cannot be exported again.
 * @example
 * const credential = await browserCredential({ cert: pem, key: await crypto.subtle.unwrapKey(…) });
 */
export async function browserCredential({ cert, key, scheme }: BrowserCredentialOptions): Promise<Credential> {
  const subtle = hostSubtle();
  if (!subtle) {
    throw configurationError(
      "this host has no WebCrypto, which a private key needs",
      "serve the page from https: or localhost; without WebCrypto Handclasp signs nothing",
    );
  }
  const chain = typeof cert === "string" ? parsePemCertificates(cert) : cert instanceof Uint8Array ? [cert] : [...cert];
  const [leaf] = chain;
  if (!leaf) throw configurationError("there is no certificate", "a PEM file has a CERTIFICATE block");
  const { publicKey, pssHash } = readCertificate(leaf);
  const usable = schemesOf(publicKey).filter(
    (row) =>
      (!scheme || row.id === scheme.id) && (!pssHash || ("hash" in row.algorithm && row.algorithm.hash === pssHash)),
  );
  const keys = typeof key === "string" ? await importKeys(subtle, key, publicKey, usable) : ownKey(key, usable);
  // What the key's own curve is made for comes first.
  const schemes = [...keys.keys()].sort((a, b) => Number(isOwn(b, publicKey)) - Number(isOwn(a, publicKey)));
  const [first] = schemes;
  if (!first) {
    throw configurationError(
      `the key cannot sign${scheme ? ` with ${scheme.name}` : ""} for this certificate`,
      "the certificate, the key's algorithm and the scheme must be of one kind",
    );
  }
  const byId = new Map([...keys].map(([row, held]) => [row.id, held]));
  const sign = async (row: SignatureScheme, message: Uint8Array): Promise<Uint8Array> => {
    const held = byId.get(row.id);
    if (!held) throw usageError(`this key does not sign with ${row.name}`);
    const signature = new Uint8Array(await subtle.sign(signatureParameters(row.algorithm), held, view(message)));
    return row.algorithm.type === "ecdsa" ? signatureToDer(signature) : signature;
  };
  await requireMatch(first, publicKey, sign);
  return { chain: chain.map((der) => der.slice()), schemes, sign };
}

function readCertificate(leaf: Uint8Array): Certificate {
  try {
    return parseCertificate(leaf);
  } catch (cause) {
    throw configurationError(
      `the certificate cannot be used: ${reason(cause)}`,
      "give an X.509 certificate, PEM or DER, for an EC key on P-256, P-384 or P-521, an Ed25519 key or an RSA key of 2048 bits or more",
    );
  }
}

/** The key cannot be looked at, but it can be tried. */
async function requireMatch(
  scheme: SignatureScheme,
  publicKey: PublicKey,
  sign: (scheme: SignatureScheme, message: Uint8Array) => Promise<Uint8Array>,
): Promise<void> {
  const message = new Uint8Array(32);
  if (await webCrypto.verify(scheme.algorithm, publicKey, message, await sign(scheme, message))) return;
  throw configurationError(
    "the private key does not belong to the certificate",
    "the first certificate must be the one that was issued for this key, the issuers follow it",
  );
}

const ownSchemes = {
  secp256r1: ecdsa_secp256r1_sha256,
  secp384r1: ecdsa_secp384r1_sha384,
  secp521r1: ecdsa_secp521r1_sha512,
} as const;

const isOwn = (scheme: SignatureScheme, key: PublicKey): boolean =>
  key.type === "ec" && scheme.id === ownSchemes[key.curve].id;

type Keys = Map<SignatureScheme, CryptoKey>;

/** A CryptoKey is bound to its algorithm, an RSA one to its hash too. */
function ownKey(key: CryptoKey, usable: readonly SignatureScheme[]): Keys {
  if (key.type !== "private" || !key.usages.includes("sign")) {
    throw configurationError("the CryptoKey cannot sign", 'give a private key with the usage "sign"');
  }
  return new Map(usable.filter((row) => signsWith(key, row)).map((row) => [row, key]));
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
  pem: string,
  publicKey: PublicKey,
  schemes: readonly SignatureScheme[],
): Promise<Keys> {
  if (publicKey.type === "rsa" && publicKey.pssOnly) {
    throw configurationError(
      "WebCrypto cannot import a key that is bound to RSASSA-PSS",
      "give a CryptoKey of the algorithm RSA-PSS, or use an EC key",
    );
  }
  const der = pkcs8(pem);
  try {
    const keys: Keys = new Map();
    for (const scheme of schemes) {
      const [first] = keys.values();
      const shared = publicKey.type === "rsa" ? undefined : first;
      const parameters = importParameters(scheme, publicKey);
      keys.set(scheme, shared ?? (await subtle.importKey("pkcs8", view(der), parameters, false, ["sign"])));
    }
    return keys;
  } catch (cause) {
    if ((cause as DOMException).name === "NotSupportedError") {
      throw configurationError(`this host's WebCrypto has no ${kindOf(publicKey)}`, "use an EC key on P-256");
    }
    throw configurationError(
      `the private key cannot be imported: ${reason(cause)}`,
      `the certificate is for ${kindOf(publicKey)}, and so must the key be`,
    );
  } finally {
    der.fill(0);
  }
}

function importParameters({ algorithm }: SignatureScheme, key: PublicKey): Algorithm | EcKeyImportParams {
  switch (algorithm.type) {
    case "ed25519":
      return { name: "Ed25519" };
    case "ecdsa":
      return { name: "ECDSA", namedCurve: key.type === "ec" ? curves[key.curve].name : "" };
    case "rsa_pkcs1":
    case "rsa_pss":
      return { name: rsaNames[algorithm.type], hash: hashNames[algorithm.hash] } as RsaHashedImportParams;
  }
}

const kindOf = (key: PublicKey): string =>
  key.type === "ec" ? `EC keys on ${curves[key.curve].name}` : key.type === "rsa" ? "RSA keys" : "Ed25519 keys";

function pkcs8(pem: string): Uint8Array {
  const blocks = pemBlocks(pem);
  const key = blocks.find(({ label }) => label === "PRIVATE KEY");
  if (key) return key.der;
  const other = blocks.find(({ label }) => label.endsWith("PRIVATE KEY"));
  throw configurationError(
    other ? `"${other.label}" is not what WebCrypto reads` : "there is no private key",
    "give PKCS#8 that is not encrypted: openssl pkcs8 -topk8 -nocrypt -in key.pem",
  );
}

const reason = (cause: unknown): string =>
  TlsError.is(cause) || cause instanceof Error ? cause.message : String(cause);
