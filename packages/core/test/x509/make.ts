/**
 * Writes certificates byte by byte, so that a test can make any certificate, even a malformed one.
 * node:crypto makes the keys and signs.
 */
import { constants, createHash, generateKeyPairSync, type KeyObject, sign as signWith } from "node:crypto";
import { ascii, concat } from "../../src/bytes/bytes.ts";
import { type Certificate, parseCertificate } from "../../src/x509/certificate.ts";

export function tlv(tag: number, ...contents: readonly Uint8Array[]): Uint8Array {
  const value = concat(...contents);
  const length: number[] = [];
  for (let n = value.length; n; n >>= 8) length.unshift(n & 255);
  return concat(
    Uint8Array.from(value.length < 128 ? [tag, value.length] : [tag, 0x80 | length.length, ...length]),
    value,
  );
}

export const seq = (...parts: readonly Uint8Array[]): Uint8Array => tlv(0x30, ...parts);
export const bytes = (...values: number[]): Uint8Array<ArrayBuffer> => Uint8Array.from(values);
export const int = (value: number): Uint8Array => tlv(2, value > 127 ? bytes(value >> 8, value & 255) : bytes(value));
export const octets = (value: Uint8Array): Uint8Array => tlv(4, value);
export const bits = (value: Uint8Array, unused = 0): Uint8Array => tlv(3, bytes(unused), value);
export const TRUE: Uint8Array = bytes(1, 1, 0xff);
export const NULL: Uint8Array = bytes(5, 0);
const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);

export function oid(dotted: string): Uint8Array {
  const [a, b, ...rest] = dotted.split(".").map(Number) as [number, number, ...number[]];
  const out: number[] = [];
  for (const arc of [a * 40 + b, ...rest]) {
    const groups = [arc % 128];
    for (let n = Math.floor(arc / 128); n; n = Math.floor(n / 128)) groups.unshift(128 + (n % 128));
    out.push(...groups);
  }
  return tlv(6, Uint8Array.from(out));
}

/** The OIDs of attribute types. */
const types: Record<string, string> = {
  C: "2.5.4.6",
  O: "2.5.4.10",
  OU: "2.5.4.11",
  CN: "2.5.4.3",
  E: "1.2.840.113549.1.9.1",
};
/** A Name. Each parameter is an RDN of one attribute: `"CN=x"`, or its type and its value as DER. */
export const name = (...rdns: readonly (string | { type: string; value: Uint8Array })[]): Uint8Array =>
  seq(
    ...rdns.map((rdn) => {
      const type = typeof rdn === "string" ? rdn.slice(0, rdn.indexOf("=")) : rdn.type;
      const tag = type === "E" ? 0x16 : 0x0c;
      const value = typeof rdn === "string" ? tlv(tag, utf8(rdn.slice(rdn.indexOf("=") + 1))) : rdn.value;
      return tlv(0x31, seq(oid(types[type] ?? type), value));
    }),
  );

export const dns = (text: string): Uint8Array => tlv(0x82, utf8(text));
export const email = (text: string): Uint8Array => tlv(0x81, utf8(text));
export const uri = (text: string): Uint8Array => tlv(0x86, utf8(text));
export const ip = (...address: number[]): Uint8Array => tlv(0x87, bytes(...address));
export const directory = (dn: Uint8Array): Uint8Array => tlv(0xa4, dn);
export const other = (text: string): Uint8Array => tlv(0xa0, oid("1.2.3.4"), tlv(0xa0, tlv(0x0c, utf8(text))));

export const extension = (id: string, value: Uint8Array, critical = false): Uint8Array =>
  seq(oid(id), ...(critical ? [TRUE] : []), octets(value));
export const basicConstraints = (isCa: boolean, pathLen?: number): Uint8Array =>
  extension("2.5.29.19", seq(...(isCa ? [TRUE] : []), ...(pathLen === undefined ? [] : [int(pathLen)])), true);
/** keyUsage with bits by number: 0 digitalSignature, 2 keyEncipherment, 5 keyCertSign, 6 cRLSign. */
export const keyUsage = (...which: number[]): Uint8Array => {
  const byte = which.reduce((sum, bit) => sum | (128 >> bit), 0);
  return extension("2.5.29.15", bits(bytes(byte), 7 - Math.max(...which)), true);
};
export const serverAuth = "1.3.6.1.5.5.7.3.1";
export const clientAuth = "1.3.6.1.5.5.7.3.2";
export const extKeyUsage = (...ids: string[]): Uint8Array => extension("2.5.29.37", seq(...ids.map(oid)));
export const subjectAltName = (...names: readonly Uint8Array[]): Uint8Array => extension("2.5.29.17", seq(...names));
export const nameConstraints = (permitted: readonly Uint8Array[], excluded: readonly Uint8Array[] = []): Uint8Array => {
  const subtrees = (tag: number, list: readonly Uint8Array[]) =>
    list.length ? [tlv(tag, ...list.map((n) => seq(n)))] : [];
  return extension("2.5.29.30", seq(...subtrees(0xa0, permitted), ...subtrees(0xa1, excluded)), true);
};

export interface KeyPair {
  publicKey: KeyObject;
  privateKey: KeyObject;
}
export const ecKey = (namedCurve = "P-256"): KeyPair => generateKeyPairSync("ec", { namedCurve });

/** The AlgorithmIdentifier of a signature, and a function that makes the signature. */
export interface Signer {
  identifier: Uint8Array;
  sign(message: Uint8Array, key: KeyObject): Uint8Array;
}
const simple = (id: string, hash: string | null, ...parameters: Uint8Array[]): Signer => ({
  identifier: seq(oid(id), ...parameters),
  sign: (message, key) => signWith(hash, message, key),
});
const pssParams = (hash: Uint8Array, salt: number): Uint8Array =>
  seq(tlv(0xa0, hash), tlv(0xa1, seq(oid("1.2.840.113549.1.1.8"), hash)), tlv(0xa2, int(salt)));
const pss = (hashOid: string, hash: string, salt: number): Signer => ({
  identifier: seq(oid("1.2.840.113549.1.1.10"), pssParams(seq(oid(hashOid), NULL), salt)),
  sign: (message, key) => signWith(hash, message, { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: salt }),
});
export const signers = {
  ecdsaSha1: simple("1.2.840.10045.4.1", "sha1"),
  ecdsaSha256: simple("1.2.840.10045.4.3.2", "sha256"),
  ecdsaSha384: simple("1.2.840.10045.4.3.3", "sha384"),
  ecdsaSha512: simple("1.2.840.10045.4.3.4", "sha512"),
  ed25519: simple("1.3.101.112", null),
  rsaMd5: simple("1.2.840.113549.1.1.4", "md5", NULL),
  rsaSha1: simple("1.2.840.113549.1.1.5", "sha1", NULL),
  rsaSha256: simple("1.2.840.113549.1.1.11", "sha256", NULL),
  rsaSha256NoNull: simple("1.2.840.113549.1.1.11", "sha256"),
  rsaSha384: simple("1.2.840.113549.1.1.12", "sha384", NULL),
  rsaSha512: simple("1.2.840.113549.1.1.13", "sha512", NULL),
  pssSha256: pss("2.16.840.1.101.3.4.2.1", "sha256", 32),
  pssSha256Salt20: pss("2.16.840.1.101.3.4.2.1", "sha256", 20),
  pssSha384: pss("2.16.840.1.101.3.4.2.2", "sha384", 48),
  pssSha512: pss("2.16.840.1.101.3.4.2.3", "sha512", 64),
  dsaSha256: { identifier: seq(oid("2.16.840.1.101.3.4.3.2")), sign: () => seq(int(1), int(1)) },
} satisfies Record<string, Signer>;

export const spkiOf = (key: KeyPair): Uint8Array =>
  new Uint8Array(key.publicKey.export({ type: "spki", format: "der" }));
export const time = (iso: string): Uint8Array => {
  const digits = iso.replace(/[-:T]|\.\d+/g, "");
  return Number(iso.slice(0, 4)) < 2050 ? tlv(0x17, ascii(digits.slice(2))) : tlv(0x18, ascii(digits));
};

/** The current time for tests of this folder, in milliseconds since 1970. */
export const now: number = Date.parse("2025-06-15T12:00:00Z");

export interface Content {
  subject?: Uint8Array;
  /** The issuer; without it, the certificate is self-signed. */
  issuer?: Authority;
  issuerName?: Uint8Array;
  key?: KeyPair;
  spki?: Uint8Array;
  notBefore?: string;
  notAfter?: string;
  /** The two Time elements as DER, in place of notBefore and notAfter. */
  validity?: readonly [Uint8Array, Uint8Array];
  /** The version of the certificate, by default 3. */
  version?: 1 | 2 | 3;
  serial?: Uint8Array;
  extensions?: readonly Uint8Array[];
  signer?: Signer;
  outerAlgorithm?: Uint8Array;
  /** True if a bit of the signature is to be changed. */
  forge?: boolean;
}

export interface Authority {
  der: Uint8Array;
  subject: Uint8Array;
  key: KeyPair;
  signer: Signer;
}

let serial = 0;

/** Issues a certificate. */
export function issue(content: Content = {}): Authority {
  const key = content.key ?? ecKey();
  const issuer = content.issuer;
  const subject = content.subject ?? name("CN=test");
  const signer = content.signer ?? issuer?.signer ?? signers.ecdsaSha256;
  const version = content.version ?? 3;
  serial++;
  const tbs = seq(
    ...(version === 1 ? [] : [tlv(0xa0, int(version - 1))]),
    content.serial ?? int(0x4000 + (serial % 0x3fff)),
    signer.identifier,
    content.issuerName ?? issuer?.subject ?? subject,
    content.validity
      ? seq(...content.validity)
      : seq(time(content.notBefore ?? "2025-01-01T00:00:00Z"), time(content.notAfter ?? "2025-12-31T23:59:59Z")),
    subject,
    content.spki ?? spkiOf(key),
    ...(content.extensions?.length ? [tlv(0xa3, seq(...content.extensions))] : []),
  );
  const signature = signer.sign(tbs, (issuer?.key ?? key).privateKey);
  if (content.forge) signature[signature.length - 1]! ^= 1;
  const der = seq(tbs, content.outerAlgorithm ?? signer.identifier, bits(signature));
  return { der, subject, key, signer };
}

export const signerOf = (key: KeyPair): Signer =>
  key.privateKey.asymmetricKeyType === "ed25519"
    ? signers.ed25519
    : key.privateKey.asymmetricKeyType === "ec"
      ? signers.ecdsaSha256
      : signers.rsaSha256;

/** Makes a CA, which is a root if no issuer is given. */
export const ca = (commonName: string, content: Content & { pathLen?: number } = {}): Authority => {
  const key = content.key ?? ecKey();
  const issued = issue({
    subject: name("O=Test", `CN=${commonName}`),
    ...content,
    key,
    signer: content.signer ?? content.issuer?.signer ?? signerOf(key),
    extensions: [basicConstraints(true, content.pathLen), keyUsage(5, 6), ...(content.extensions ?? [])],
  });
  return { ...issued, signer: signerOf(key) };
};

/** Issues a server's certificate for www.example.com. */
export const server = (issuer: Authority, content: Content & { names?: readonly Uint8Array[] } = {}): Authority =>
  issue({
    subject: name("CN=www.example.com"),
    issuer,
    ...content,
    extensions: [
      keyUsage(0),
      subjectAltName(...(content.names ?? [dns("www.example.com")])),
      ...(content.extensions ?? [extKeyUsage(serverAuth)]),
    ],
  });

export const parsed = (issued: { der: Uint8Array }): Certificate => parseCertificate(issued.der);
export const pinOf = (key: KeyPair): string => `sha256/${createHash("sha256").update(spkiOf(key)).digest("base64")}`;
export const pemOf = (der: Uint8Array): string =>
  `-----BEGIN CERTIFICATE-----\n${Buffer.from(der)
    .toString("base64")
    .match(/.{1,64}/g)!
    .join("\n")}\n-----END CERTIFICATE-----\n`;
