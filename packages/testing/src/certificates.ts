/**
 * A throw-away certificate authority, made with WebCrypto: for tests, examples and `handclasp certs`, in Node and in a page.
 * @module
 */

// tsyringe, under @peculiar/x509, wants it loaded before.
import "reflect-metadata";
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  type JsonGeneralName,
  KeyUsageFlags,
  KeyUsagesExtension,
  PemConverter,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  type X509Certificate,
  X509CertificateGenerator,
} from "@peculiar/x509";

/** The kinds of key that a {@link TestCa} makes. */
export type KeyAlgorithm = "ecdsa-p256" | "ecdsa-p384" | "ecdsa-p521" | "rsa-2048" | "ed25519";

export interface TestCaOptions {
  /** Of the authority's own key. Default `"ecdsa-p256"`. */
  algorithm?: KeyAlgorithm;
  /** Default `"Handclasp throw-away CA"`. */
  commonName?: string;
  /** Default yesterday. */
  notBefore?: Date;
  /** Default a year from now. */
  notAfter?: Date;
}

export interface IssueOptions {
  /** DNS names and IP addresses, as they stand in subjectAltName. Default `["localhost", "127.0.0.1", "::1"]`, none for a client. */
  names?: readonly string[];
  /** Default `"ecdsa-p256"`. */
  algorithm?: KeyAlgorithm;
  /** For a client (clientAuth) instead of a server (serverAuth). */
  client?: boolean;
  /** Default yesterday. */
  notBefore?: Date;
  /** Default in 90 days. */
  notAfter?: Date;
  /** Default the first name, `"client"` for a client without names. */
  commonName?: string;
}

/** A certificate with its key: the options of a credential. */
export interface IssuedCertificate {
  /** PEM of the chain: the certificate, then the intermediates where there are any. The root is left out. */
  cert: string;
  /** PEM of the private key, PKCS#8, not encrypted. */
  key: string;
  /** DER of the chain, in the same order. Not enumerable: a credential takes no such option. */
  readonly chain: Uint8Array[];
}

/** An authority that nobody should trust for longer than a test. Its key is never written anywhere. */
export interface TestCa {
  /** Its own certificate. */
  readonly pem: string;
  readonly der: Uint8Array;
  issue(options?: IssueOptions): Promise<IssuedCertificate>;
  /** An authority below this one; what it issues carries it in the chain. */
  intermediate(options?: TestCaOptions): Promise<TestCa>;
}

interface Key {
  generate: EcKeyGenParams | RsaHashedKeyGenParams | { name: string };
  sign: EcdsaParams | { name: string; hash?: string };
}

const algorithms: Record<KeyAlgorithm, Key> = {
  "ecdsa-p256": ecdsa("P-256", "SHA-256"),
  "ecdsa-p384": ecdsa("P-384", "SHA-384"),
  "ecdsa-p521": ecdsa("P-521", "SHA-512"),
  "rsa-2048": {
    generate: {
      name: "RSASSA-PKCS1-v1_5",
      hash: "SHA-256",
      modulusLength: 2048,
      publicExponent: new Uint8Array([1, 0, 1]),
    },
    sign: { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" },
  },
  ed25519: { generate: { name: "Ed25519" }, sign: { name: "Ed25519" } },
};

const day = 24 * 60 * 60 * 1000;

/**
 * Makes an authority with a fresh key.
 * @example
 * const ca = await testCa();
 * const { cert, key } = await ca.issue({ names: ["localhost"] });
 */
export function testCa(options: TestCaOptions = {}): Promise<TestCa> {
  return makeCa(options);
}

/** Two authorities are told apart by name, so that the wrong one is an unknown issuer and not a bad signature. */
const unique = (): string => crypto.randomUUID().slice(0, 8);

interface Issuer {
  certificate: X509Certificate;
  algorithm: KeyAlgorithm;
  privateKey: CryptoKey;
  /** From this authority up to, and without, the root. */
  intermediates: X509Certificate[];
}

async function makeCa(options: TestCaOptions, parent?: Issuer): Promise<TestCa> {
  const algorithm = options.algorithm ?? "ecdsa-p256";
  const keys = await generate(algorithm);
  const commonName =
    options.commonName ?? (parent ? "Handclasp throw-away intermediate" : `Handclasp throw-away CA ${unique()}`);
  const certificate = await sign(keys, parent ?? { algorithm, privateKey: keys.privateKey }, {
    commonName,
    notBefore: options.notBefore ?? new Date(Date.now() - day),
    notAfter: options.notAfter ?? new Date(Date.now() + 365 * day),
    extensions: [
      new BasicConstraintsExtension(true, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
    ],
  });
  const intermediates = parent ? [certificate, ...parent.intermediates] : [];
  const issuer: Issuer = { certificate, algorithm, privateKey: keys.privateKey, intermediates };
  return {
    pem: pem(certificate.rawData, "CERTIFICATE"),
    der: new Uint8Array(certificate.rawData),
    issue: (what = {}) => issue(issuer, what),
    intermediate: (what = {}) => makeCa(what, issuer),
  };
}

async function issue(issuer: Issuer, options: IssueOptions): Promise<IssuedCertificate> {
  const { client = false, algorithm = "ecdsa-p256" } = options;
  const names = options.names ?? (client ? [] : ["localhost", "127.0.0.1", "::1"]);
  const keys = await generate(algorithm);
  const encipher = algorithm === "rsa-2048" ? KeyUsageFlags.keyEncipherment : 0;
  const certificate = await sign(keys, issuer, {
    commonName: options.commonName ?? names[0] ?? (client ? "client" : "server"),
    notBefore: options.notBefore ?? new Date(Date.now() - day),
    notAfter: options.notAfter ?? new Date(Date.now() + 90 * day),
    extensions: [
      new BasicConstraintsExtension(false, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.digitalSignature | encipher, true),
      new ExtendedKeyUsageExtension([client ? ExtendedKeyUsage.clientAuth : ExtendedKeyUsage.serverAuth]),
      ...(names.length === 0 ? [] : [new SubjectAlternativeNameExtension(names.map(generalName))]),
    ],
  });
  const chain = [certificate, ...issuer.intermediates].map(({ rawData }) => new Uint8Array(rawData));
  const credential = {
    cert: chain.map((der) => pem(der, "CERTIFICATE")).join(""),
    key: pem(await crypto.subtle.exportKey("pkcs8", keys.privateKey), "PRIVATE KEY"),
  };
  return Object.defineProperty(credential, "chain", { value: chain }) as IssuedCertificate;
}

interface Content {
  commonName: string;
  notBefore: Date;
  notAfter: Date;
  extensions: NonNullable<Parameters<typeof X509CertificateGenerator.create>[0]["extensions"]>;
}

/** By an issuer, or by itself where the issuer has no certificate yet. */
async function sign(
  keys: CryptoKeyPair,
  issuer: Omit<Issuer, "certificate" | "intermediates"> & { certificate?: X509Certificate },
  content: Content,
): Promise<X509Certificate> {
  const subject = [{ CN: [content.commonName] }];
  return await X509CertificateGenerator.create({
    serialNumber: serialNumber(),
    subject,
    issuer: issuer.certificate?.subjectName.toJSON() ?? subject,
    notBefore: content.notBefore,
    notAfter: content.notAfter,
    publicKey: keys.publicKey,
    signingKey: issuer.privateKey,
    signingAlgorithm: algorithms[issuer.algorithm].sign,
    extensions: [
      ...content.extensions,
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
      await AuthorityKeyIdentifierExtension.create(issuer.certificate?.publicKey ?? keys.publicKey),
    ],
  });
}

async function generate(algorithm: KeyAlgorithm): Promise<CryptoKeyPair> {
  return (await crypto.subtle.generateKey(algorithms[algorithm].generate, true, ["sign", "verify"])) as CryptoKeyPair;
}

function ecdsa(namedCurve: string, hash: string): Key {
  return { generate: { name: "ECDSA", namedCurve }, sign: { name: "ECDSA", hash } };
}

/** Positive, without a leading zero octet: 16 octets, the first from 0x40 to 0x7f. */
function serialNumber(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[0] = ((bytes[0] ?? 0) & 0x3f) | 0x40;
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function generalName(value: string): JsonGeneralName {
  const ip = value.includes(":") || /^\d{1,3}(\.\d{1,3}){3}$/.test(value);
  return { type: ip ? "ip" : "dns", value };
}

function pem(der: BufferSource, label: string): string {
  return `${PemConverter.encode(der, label).trim()}\n`;
}
