/**
 * Certificates that are short but expensive to process. This file encodes them in DER itself.
 * @module
 */
import { generateKeyPairSync, type KeyObject, sign } from "node:crypto";

type Bytes = Uint8Array;

/** A test CA, and client certificate chains that it issued. */
export interface Bombs {
  /** The PEM of the root certificate, which the victim trusts. */
  readonly root: string;
  readonly key: KeyObject;
  readonly chains: Readonly<Record<string, readonly Bytes[]>>;
}

export function makeBombs(): Bombs {
  const authority = { name: name("Handclasp hostile CA"), ...generateKeyPairSync("ec", { namedCurve: "P-256" }) };
  const between = {
    name: name("Handclasp hostile intermediate"),
    ...generateKeyPairSync("ec", { namedCurve: "P-256" }),
  };
  const own = generateKeyPairSync("ec", { namedCurve: "P-256" });

  const leaf = (issuer: Authority, subject: Bytes, names: readonly Bytes[]): Bytes =>
    certificate(issuer, subject, own.publicKey, [
      extension("551d0f", tlv(0x03, hex("0780")), true),
      extension("551d25", seq(tlv(0x06, hex("2b06010505070302")))),
      ...(names.length ? [extension("551d11", seq(...names))] : []),
    ]);
  const constrained = (names: readonly Bytes[]): Bytes =>
    certificate(authority, between.name, between.publicKey, [
      ...isAuthority,
      extension("551d1e", seq(tlv(0xa0, ...names.map((one) => seq(one)))), true),
    ]);
  const under = (permitted: readonly Bytes[], names: readonly Bytes[]): readonly Bytes[] => [
    leaf(between, name("client"), names),
    constrained(permitted),
  ];

  // Each name matches only the last subtree, so that the verifier compares the name with every subtree.
  const addresses = numbers(490).map((i) => tlv(0x87, Buffer.from([10, 0, i >> 8, i & 255])));
  const networks = numbers(490).map((i) =>
    i === 489 ? tlv(0x87, hex("0a000000ff000000")) : tlv(0x87, Buffer.from([11, 0, i >> 8, i & 255]), hex("ffffffff")),
  );
  const mails = numbers(900).map((i) => tlv(0x81, Buffer.from(`u${i}@a.example`)));
  const hosts = numbers(250).map((i) => tlv(0x81, Buffer.from(i === 249 ? "a.example" : `h${i}.example`)));
  // Combining marks of two classes in the wrong order: normalisation moves each U+0300 past every U+0315 before it.
  const marks = name("\u0315\u0300".repeat(15_200));
  return {
    root: pem(certificate(authority, authority.name, authority.publicKey, isAuthority)),
    key: own.privateKey,
    chains: {
      "two certificates of 61 KB of combining marks": [leaf(authority, marks, []), leaf(authority, marks, [])],
      "490 addresses under 490 constraints": under(networks, addresses),
      "900 mail names under 250 constraints": under(hosts, mails),
    },
  };
}

const numbers = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

interface Authority {
  readonly name: Bytes;
  readonly privateKey: KeyObject;
}

const ecdsaSha256 = (): Bytes => seq(tlv(0x06, hex("2a8648ce3d040302")));

const isAuthority: readonly Bytes[] = [
  extension("551d13", seq(hex("0101ff")), true),
  extension("551d0f", tlv(0x03, hex("0204")), true),
];

let serial = 1;

function certificate(issuer: Authority, subject: Bytes, key: KeyObject, extensions: readonly Bytes[]): Bytes {
  const now = Date.now();
  const day = 24 * 3600 * 1_000;
  const tbs = seq(
    tlv(0xa0, hex("020102")),
    tlv(0x02, Buffer.from([0x40, serial++])),
    ecdsaSha256(),
    issuer.name,
    seq(time(now - day), time(now + 30 * day)),
    subject,
    key.export({ type: "spki", format: "der" }),
    tlv(0xa3, seq(...extensions)),
  );
  return seq(tbs, ecdsaSha256(), tlv(0x03, hex("00"), sign("sha256", tbs, issuer.privateKey)));
}

function extension(oid: string, value: Bytes, critical = false): Bytes {
  return seq(tlv(0x06, hex(oid)), ...(critical ? [hex("0101ff")] : []), tlv(0x04, value));
}

/** A DER Name with one commonName. */
function name(text: string): Bytes {
  return seq(tlv(0x31, seq(tlv(0x06, hex("550403")), tlv(0x0c, Buffer.from(text)))));
}

/** UTCTime up to the year 2049, and GeneralizedTime from 2050 on (RFC 5280 §4.1.2.5). */
function time(ms: number): Bytes {
  const digits = new Date(ms).toISOString().replace(/[-:T]|\.\d+/g, "");
  return digits < "2050" ? tlv(0x17, Buffer.from(digits.slice(2))) : tlv(0x18, Buffer.from(digits));
}

function tlv(tag: number, ...contents: readonly Bytes[]): Bytes {
  const value = Buffer.concat(contents);
  const length: number[] = [];
  for (let n = value.length; n; n >>= 8) length.unshift(n & 255);
  const short = value.length < 128;
  return Buffer.concat([Buffer.from(short ? [tag, value.length] : [tag, 0x80 | length.length, ...length]), value]);
}

function seq(...parts: readonly Bytes[]): Bytes {
  return tlv(0x30, ...parts);
}

function hex(digits: string): Bytes {
  return Buffer.from(digits, "hex");
}

function pem(der: Bytes): string {
  const lines = Buffer.from(der).toString("base64").replace(/.{64}/g, "$&\n").trim();
  return `-----BEGIN CERTIFICATE-----\n${lines}\n-----END CERTIFICATE-----\n`;
}
