/**
 * A throw-away certificate authority, made with WebCrypto in Node.js, in jsdom or in a page. Tests, benchmarks,
 * examples, and `handclasp certs` and `serve` use it.
 * @module
 */

// tsyringe, a dependency of @peculiar/x509, requires this import before its own.
import "reflect-metadata";
import { configurationError } from "@handclasp/core/unstable";
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
import { checkedOptions, type OptionTable } from "./options.ts";

/** The kinds of key that a {@link TestCa} makes. */
export type KeyAlgorithm = "ecdsa-p256" | "ecdsa-p384" | "ecdsa-p521" | "rsa-2048" | "ed25519";

export interface TestCaOptions {
  /** The algorithm of the authority's own key. Default `"ecdsa-p256"`. */
  algorithm?: KeyAlgorithm;
  /**
   * The common name. Default `"Handclasp throw-away CA"` and eight random hex digits, for an intermediate `"Handclasp
   * throw-away intermediate"`.
   */
  commonName?: string;
  /** The start of the validity. Default 24 hours ago. */
  notBefore?: Date;
  /** The end of the validity. Default 365 days from now. */
  notAfter?: Date;
}

export interface IssueOptions {
  /**
   * The DNS names and IP addresses of subjectAltName. Default `["localhost", "127.0.0.1", "::1"]`, for a client an
   * empty list.
   */
  names?: readonly string[];
  /** The algorithm of the certificate's key. Default `"ecdsa-p256"`. */
  algorithm?: KeyAlgorithm;
  /** `true` for a client's certificate (clientAuth), `false` for a server's (serverAuth). Default `false`. */
  client?: boolean;
  /** The start of the validity. Default 24 hours ago. */
  notBefore?: Date;
  /** The end of the validity. Default 90 days from now. */
  notAfter?: Date;
  /** The common name. Default the first of `names`; without names `"client"` or `"server"`. */
  commonName?: string;
}

/** A certificate and its private key, in the form of the options of a credential. */
export interface IssuedCertificate {
  /** PEM of the chain: the certificate, then any intermediates. The root is left out. */
  cert: string;
  /** PEM of the private key, PKCS#8, not encrypted. */
  key: string;
  /** DER of the chain, in the same order. The property is not enumerable, because a credential has no such option. */
  readonly chain: Uint8Array[];
}

/** A certificate authority that you should trust only during a test. Its private key is only in memory. */
export interface TestCa {
  /** PEM of the authority's own certificate. */
  readonly pem: string;
  /** DER of the authority's own certificate. */
  readonly der: Uint8Array;
  /** PEM of the authority's private key, PKCS#8, for code that signs certificates itself. */
  readonly key: string;
  /** Issues an end-entity certificate with a fresh key. */
  issue(options?: IssueOptions): Promise<IssuedCertificate>;
  /** Makes an authority below this one. The chains that it issues include its certificate. */
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

const keyAlgorithms = Object.keys(algorithms)
  .map((name) => `"${name}"`)
  .join(", ");
const commonTable: OptionTable = {
  algorithm: [
    Object.keys(algorithms)
      .map((name) => `=${name}`)
      .join("|"),
    `one of ${keyAlgorithms}`,
  ],
  commonName: ["string", "a text"],
  notBefore: ["object", "a Date"],
  notAfter: ["object", "a Date"],
};
const issueTable: OptionTable = {
  ...commonTable,
  names: ["string[]", 'a list of DNS names and IP addresses: names: ["localhost"]'],
  client: ["boolean", "true or false"],
};

/**
 * Makes an authority with a fresh key. It uses the WebCrypto of the page, or of Node.js, also in jsdom, which has no
 * `crypto.subtle` of its own.
 * @throws TlsError `configuration`: an option is wrong, or there is no WebCrypto, as in a page of an insecure origin
 * @example
 * const ca = await testCa();
 * const { cert, key } = await ca.issue({ names: ["localhost"] });
 */
export async function testCa(options: TestCaOptions = {}): Promise<TestCa> {
  return await makeCa(checkedOptions(options, commonTable));
}

let found: Crypto | undefined;

/** The WebCrypto of Node.js or of the page, which takes the ArrayBuffers of any realm. */
function webCrypto(): Crypto {
  if (found) return found;
  // In jsdom, the global `crypto` has no `subtle`.
  const host = (globalThis.process?.getBuiltinModule?.("node:crypto")?.webcrypto ?? globalThis.crypto) as
    | Crypto
    | undefined;
  if (!host?.subtle) throw configurationError("testCa needs crypto.subtle", "a page has it on https: and on localhost");
  const call =
    (name: string | symbol) =>
    (...args: unknown[]): unknown =>
      (host.subtle as unknown as Record<string | symbol, (...args: unknown[]) => unknown>)[name]?.(...args.map(asView));
  const subtle = new Proxy(host.subtle, { get: (_, name) => call(name) });
  found = {
    subtle,
    getRandomValues: (array) => host.getRandomValues(array),
    randomUUID: () => host.randomUUID(),
  };
  return found;
}

/** jsdom has an ArrayBuffer of its own. The WebCrypto of Node.js 20 refuses it, but takes views of it. */
const asView = (value: unknown): unknown =>
  Object.prototype.toString.call(value) === "[object ArrayBuffer]" ? new Uint8Array(value as ArrayBuffer) : value;

/**
 * Makes each root's default name unique, so that a client with the wrong root reports an unknown issuer and not a bad
 * signature.
 */
const uniqueSuffix = (): string => webCrypto().randomUUID().slice(0, 8);

interface Issuer {
  certificate: X509Certificate;
  algorithm: KeyAlgorithm;
  privateKey: CryptoKey;
  /** The certificates from this authority up to the root, without the root. Empty for a root. */
  intermediates: X509Certificate[];
}

async function makeCa(options: TestCaOptions, parent?: Issuer): Promise<TestCa> {
  const algorithm = options.algorithm ?? "ecdsa-p256";
  const keys = await generate(algorithm);
  const commonName =
    options.commonName ?? (parent ? "Handclasp throw-away intermediate" : `Handclasp throw-away CA ${uniqueSuffix()}`);
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
    key: pem(await webCrypto().subtle.exportKey("pkcs8", keys.privateKey), "PRIVATE KEY"),
    issue: async (options = {}) => await issue(issuer, checkedOptions(options, issueTable)),
    intermediate: async (options = {}) => await makeCa(checkedOptions(options, commonTable), issuer),
  };
}

async function issue(issuer: Issuer, options: IssueOptions): Promise<IssuedCertificate> {
  const { client = false, algorithm = "ecdsa-p256" } = options;
  const names = options.names ?? (client ? [] : ["localhost", "127.0.0.1", "::1"]);
  const keys = await generate(algorithm);
  const keyEncipherment = algorithm === "rsa-2048" ? KeyUsageFlags.keyEncipherment : 0;
  const certificate = await sign(keys, issuer, {
    commonName: options.commonName ?? names[0] ?? (client ? "client" : "server"),
    notBefore: options.notBefore ?? new Date(Date.now() - day),
    notAfter: options.notAfter ?? new Date(Date.now() + 90 * day),
    extensions: [
      new BasicConstraintsExtension(false, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.digitalSignature | keyEncipherment, true),
      new ExtendedKeyUsageExtension([client ? ExtendedKeyUsage.clientAuth : ExtendedKeyUsage.serverAuth]),
      ...(names.length === 0 ? [] : [new SubjectAlternativeNameExtension(names.map(generalName))]),
    ],
  });
  const chain = [certificate, ...issuer.intermediates].map(({ rawData }) => new Uint8Array(rawData));
  const credential = {
    cert: chain.map((der) => pem(der, "CERTIFICATE")).join(""),
    key: pem(await webCrypto().subtle.exportKey("pkcs8", keys.privateKey), "PRIVATE KEY"),
  };
  return Object.defineProperty(credential, "chain", { value: chain }) as IssuedCertificate;
}

interface Content {
  commonName: string;
  notBefore: Date;
  notAfter: Date;
  extensions: NonNullable<Parameters<typeof X509CertificateGenerator.create>[0]["extensions"]>;
}

/** Makes a certificate that `issuer` signs. It is self-signed if `issuer` has no certificate yet. */
async function sign(
  keys: CryptoKeyPair,
  issuer: Omit<Issuer, "certificate" | "intermediates"> & { certificate?: X509Certificate },
  content: Content,
): Promise<X509Certificate> {
  const subject = [{ CN: [content.commonName] }];
  const crypto = webCrypto();
  const parameters = {
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
      await SubjectKeyIdentifierExtension.create(keys.publicKey, false, crypto),
      await AuthorityKeyIdentifierExtension.create(issuer.certificate?.publicKey ?? keys.publicKey, false, crypto),
    ],
  };
  return await X509CertificateGenerator.create(parameters, crypto);
}

async function generate(algorithm: KeyAlgorithm): Promise<CryptoKeyPair> {
  return (await webCrypto().subtle.generateKey(algorithms[algorithm].generate, true, [
    "sign",
    "verify",
  ])) as CryptoKeyPair;
}

function ecdsa(namedCurve: string, hash: string): Key {
  return { generate: { name: "ECDSA", namedCurve }, sign: { name: "ECDSA", hash } };
}

/**
 * A random serial number of 16 octets. The first is from 0x40 to 0x7f, so that the INTEGER is positive and has no
 * leading zero octet.
 */
function serialNumber(): string {
  const bytes = webCrypto().getRandomValues(new Uint8Array(16));
  bytes[0] = ((bytes[0] ?? 0) & 0x3f) | 0x40;
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function generalName(value: string): JsonGeneralName {
  const isIp = value.includes(":") || /^\d{1,3}(\.\d{1,3}){3}$/.test(value);
  return { type: isIp ? "ip" : "dns", value };
}

function pem(der: BufferSource, label: string): string {
  return `${PemConverter.encode(der, label).trim()}\n`;
}
