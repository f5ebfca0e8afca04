/**
 * Certificate messages that are as costly as their size allows, one for each kind of work before the first signature.
 * Each function takes the size of the whole message in bytes, so that a test can measure how the work grows with it.
 */
import { randomBytes } from "node:crypto";
import { maxComparisons } from "../../src/limits.ts";
import {
  type Authority,
  bytes,
  type Content,
  ca,
  clientAuth,
  directory,
  dns,
  ecKey,
  email,
  extension,
  extKeyUsage,
  int,
  ip,
  NULL,
  name,
  nameConstraints,
  octets,
  oid,
  seq,
  server,
  serverAuth,
  spkiOf,
  subjectAltName,
  tlv,
  uri,
} from "./make.ts";

interface Message {
  readonly chain: Authority[];
  readonly anchors: Authority[];
}

const key = ecKey();
const root = ca("Root", { key });
/** The maximum size of a certificate without its filling, in bytes. */
const frame = 600;
const largest = 2 ** 16 - frame;

/** As many parts as fit into `size` bytes. */
function fill(size: number, make: (i: number) => Uint8Array): Uint8Array[] {
  const parts: Uint8Array[] = [];
  for (let i = 0, used = 0; ; i++) {
    const part = make(i);
    used += part.length;
    if (used > size) return parts;
    parts.push(part);
  }
}

/** An end-entity and other CAs under the same root, which share the size equally. */
function spread(size: number, make: (size: number, i: number) => Content, count = 2): Message {
  const each = Math.min(largest, Math.floor(size / count) - frame);
  const contents = Array.from({ length: count }, (_, i) => make(each, i));
  return {
    chain: contents.map((content, i) =>
      i
        ? ca("Maze", { key, issuer: root, ...content })
        : server(root, {
            key,
            issuerName: name("O=Test", "CN=Root"),
            ...content,
            extensions: [...(content.extensions ?? [])],
          }),
    ),
    anchors: [root],
  };
}

const attribute = (type: Uint8Array, value: Uint8Array): Uint8Array => seq(type, value);
const cn = oid("2.5.4.3");
const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);
const rdn = (value: Uint8Array): Uint8Array => tlv(0x31, attribute(cn, value));
/** A text of about `size` bytes. */
const repeated = (size: number, text: string): string => text.repeat(Math.floor(size / utf8(text).length));
const subject =
  (make: (size: number) => Uint8Array) =>
  (size: number): Message =>
    spread(size, (each) => ({ subject: make(each) }));
const oneValue = (text: string, chunk = Number.POSITIVE_INFINITY) =>
  subject((size) => seq(...fill(size, () => rdn(tlv(0x0c, utf8(repeated(Math.min(size - 40, chunk), text)))))));
const extensions =
  (make: (size: number) => Uint8Array[]) =>
  (size: number): Message =>
    spread(size, (each) => ({ extensions: make(each) }));
const names = (make: (i: number) => Uint8Array) =>
  extensions((size) => [extension("2.5.29.30", seq(tlv(0xa0, ...fill(size, (i) => seq(make(i))))))]);
const altNames =
  (make: (i: number) => Uint8Array) =>
  (size: number): Message =>
    spread(size, (each, i) =>
      i
        ? { extensions: [subjectAltName(...fill(each, make))] }
        : ({ extensions: [], names: fill(each, make) } as Content),
    );
const counter = (i: number): Uint8Array => bytes(10, (i >> 16) & 255, (i >> 8) & 255, i & 255);
const longOid = (i: number): Uint8Array =>
  tlv(6, bytes(0x2a), new Uint8Array(60).fill(0xff), bytes(0x80 | (i & 0x7f) | 1, (i >> 7) & 0x7f, 1));
const shortOid = (i: number): Uint8Array =>
  tlv(6, bytes(0x2a, 0x80 | (i >> 14) | 1, 0x80 | ((i >> 7) & 0x7f), i & 0x7f));
/** Combining marks of two classes in turn: normalisation moves each U+0334 past every U+0345 before it. */
const marks = "\u0345\u0334";

/**
 * An issuer with constraints and an end-entity with names, which share the size equally. There are as many as fit, and
 * as the budget of comparisons allows.
 */
const constrained =
  (subtree: (i: number) => Uint8Array, presented: (i: number) => Uint8Array) =>
  (size: number): Message => {
    const half = Math.min(largest, size / 2 - frame) - 3 * frame;
    const excluded = fill(half, subtree);
    const names = fill(half, presented);
    // 12 is 8 plus at least the number of the subject's attributes, which the budget counts too.
    while ((excluded.length + 8) * (names.length + 12) > maxComparisons)
      (excluded.length > names.length ? excluded : names).pop();
    const only = ca("Only", { key, issuer: root, extensions: [nameConstraints([], excluded)] });
    return { chain: [server(only, { key, names }), only], anchors: [root] };
  };
const hostOf = (i: number, length: number): string =>
  `${i.toString(36).padStart(5, "0")}.${"abcdefgh.".repeat(40).slice(0, length - 10)}.test`.replace(/\.\./g, "x.");

/** An end-entity and fifteen CAs with one name, which share the size equally. */
const maze =
  (names: (size: number) => Uint8Array, extra: (size: number) => Uint8Array[] = () => []) =>
  (size: number): Message => {
    const each = Math.floor(size / 16) - frame;
    const subject = names(each);
    const issuer = { ...root, subject };
    const extensions = extra(each - 2 * subject.length);
    const intermediate = () => ca("Maze", { key: ecKey(), issuer, subject, extensions });
    const first = intermediate();
    const others = Array.from({ length: 14 }, () => until(intermediate, ({ der }) => der.length === first.der.length));
    return { chain: [server(issuer, { key }), first, ...others], anchors: [root] };
  };

/**
 * Makes values until one is right. The maze needs certificates of equal length, but the length of a signature varies.
 * Only certificates of equal length are compared up to the last byte, which is the most work, and always the same work.
 */
function until<T>(make: () => T, isRight: (made: T) => boolean): T {
  let made = make();
  while (!isRight(made)) made = make();
  return made;
}

const rsaKey = (modulus: Uint8Array, exponent = bytes(1, 0, 1)): Uint8Array =>
  seq(seq(oid("1.2.840.113549.1.1.1"), NULL), tlv(3, bytes(0), seq(tlv(2, bytes(0), modulus), tlv(2, exponent))));
const odd = (size: number): Uint8Array => {
  const number = new Uint8Array(randomBytes(size));
  number[0] = 0xff;
  number[size - 1] = 0xff;
  return number;
};

export const messages: Readonly<Record<string, (size: number) => Message>> = {
  honest: () => ({ chain: [server(root, { key })], anchors: [root] }),
  "name: marks in one value": oneValue(marks),
  "name: marks in values of 1,000": oneValue(marks, 1000),
  "name: marks in values of 250": oneValue(marks, 250),
  "name: marks in runs of 30": oneValue(`a${marks.repeat(15)}`),
  "name: halfwidth sound marks": oneValue("\uff9e\u093c"),
  "name: marks between starters": oneValue("\u0345\u0334\u0e33"),
  "name: ligatures that grow": oneValue("\ufdfa"),
  "name: Hangul": oneValue("\u1112\u1161\u11ab"),
  "name: spaces": oneValue(" "),
  "name: no-break spaces": oneValue("\u00a0"),
  "name: backslashes and quotes": oneValue('"\\'),
  "name: controls": oneValue("\u0001"),
  "name: long ASCII": oneValue("A"),
  "name: BMPString": subject((size) => seq(rdn(tlv(0x1e, new Uint8Array((size - 40) & ~1).fill(1))))),
  "name: UniversalString": subject((size) => seq(rdn(tlv(0x1c, new Uint8Array((size - 40) & ~3))))),
  "name: TeletexString": subject((size) => seq(rdn(tlv(0x14, new Uint8Array(size - 40).fill(0xe4))))),
  "name: a value that is not a string": subject((size) =>
    seq(tlv(0x31, attribute(oid("2.5.4.45"), tlv(0x03, new Uint8Array(size - 40))))),
  ),
  "name: a PrintableString beyond ASCII": subject((size) =>
    seq(rdn(tlv(0x13, new Uint8Array(size - 40).fill(65), bytes(0xe9)))),
  ),
  "name: many RDNs": subject((size) => seq(...fill(size, () => tlv(0x31, attribute(tlv(6, bytes(42)), tlv(0x0c)))))),
  "name: many attributes in one RDN": subject((size) =>
    seq(tlv(0x31, ...fill(size, (i) => attribute(shortOid(i), tlv(0x0c))))),
  ),
  "name: attributes of long OIDs": subject((size) =>
    seq(tlv(0x31, ...fill(size, (i) => attribute(longOid(i), tlv(0x0c))))),
  ),
  "name: attributes that sort slowly": subject((size) =>
    seq(tlv(0x31, ...fill(size, (i) => attribute(cn, tlv(0x0c, utf8(`${"a".repeat(250)}${(i * 7919) % 1000}`)))))),
  ),
  "serial number": (size) => spread(size, (each) => ({ serial: tlv(2, new Uint8Array(each).fill(1)) })),
  signature: (size) =>
    spread(size, (each) => ({
      signer: { identifier: seq(oid("1.2.840.10045.4.3.2")), sign: () => new Uint8Array(each) },
    })),
  "deep nesting": (size) =>
    spread(size, (each) => {
      let nested = new Uint8Array(0);
      while (nested.length < Math.min(each, 8000)) nested = tlv(0x30, nested) as typeof nested;
      return { extensions: fill(each, (i) => seq(shortOid(i), octets(nested))) };
    }),
  "deep nesting of directory names": altNames(() =>
    tlv(0xa4, seq(tlv(0x31, seq(oid("2.5.4.3"), tlv(0x30, tlv(0x30, tlv(0x30))))))),
  ),
  "extensions: many": extensions((size) => fill(size, (i) => seq(shortOid(i), octets(bytes())))),
  "extensions: long OIDs": extensions((size) => fill(size, (i) => seq(longOid(i), octets(bytes())))),
  "extendedKeyUsage: many": extensions((size) => [extension("2.5.29.37", seq(...fill(size, () => tlv(6, bytes(42)))))]),
  "extendedKeyUsage: long": extensions((size) => [extension("2.5.29.37", seq(...fill(size, longOid)))]),
  "extendedKeyUsage: one-byte arcs": extensions((size) => [
    extension("2.5.29.37", seq(...fill(size, () => tlv(6, new Uint8Array(64).fill(1))))),
  ]),
  "policy mappings: many": extensions((size) => [
    extension("2.5.29.33", seq(...fill(size, (i) => seq(longOid(i), longOid(i))))),
  ]),
  "distribution points: many": extensions((size) => [extension("2.5.29.31", seq(...fill(size, () => seq())))]),
  "policies: many": extensions((size) => [extension("2.5.29.32", seq(...fill(size, (i) => seq(shortOid(i)))))]),
  "access descriptions: many": extensions((size) => [
    extension("1.3.6.1.5.5.7.1.1", seq(...fill(size, () => seq(tlv(6, bytes(42)), tlv(0x86))))),
  ]),
  "tlsFeature: many": extensions((size) => [extension("1.3.6.1.5.5.7.1.24", seq(...fill(size, () => int(5))))]),
  "authorityKeyIdentifier: names": extensions((size) => [
    extension("2.5.29.35", seq(tlv(0xa1, ...fill(size, () => tlv(0x82))))),
  ]),
  "authorityKeyIdentifier: long": extensions((size) => [extension("2.5.29.35", seq(tlv(0x80, new Uint8Array(size))))]),
  "subjectKeyIdentifier: long": extensions((size) => [extension("2.5.29.14", octets(new Uint8Array(size)))]),
  "keyUsage: long": extensions((size) => [extension("2.5.29.15", tlv(3, bytes(0), new Uint8Array(size).fill(255)))]),
  "subjectAltName: tiny DNS": altNames(() => dns("a")),
  "subjectAltName: DNS": altNames((i) => dns(`${i.toString(36)}.a`)),
  "subjectAltName: upper case": altNames(() => dns("A".repeat(200))),
  "subjectAltName: wildcards": altNames(() => dns("*.Example.com")),
  "subjectAltName: one long": (size) =>
    spread(size, (each, i) =>
      i
        ? { extensions: [subjectAltName(dns("A".repeat(each)))] }
        : ({ names: [dns("A".repeat(each))], extensions: [] } as Content),
    ),
  "subjectAltName: IPv4": altNames((i) => ip(...counter(i))),
  "subjectAltName: IPv6": altNames((i) => ip(...counter(i), 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, ...counter(i).slice(2))),
  "subjectAltName: directory names": altNames(() => directory(seq(tlv(0x31, attribute(tlv(6, bytes(42)), tlv(0x0c)))))),
  "subjectAltName: empty directory names": altNames(() => directory(seq())),
  "subjectAltName: directory names of marks": altNames(() =>
    directory(seq(rdn(tlv(0x0c, utf8(repeated(240, marks)))))),
  ),
  "subjectAltName: mail": altNames((i) => email(`m${i}@a.test`)),
  "subjectAltName: URI": altNames(() => uri("a:")),
  "nameConstraints: parsed alone": names((i) => dns(`${i.toString(36)}.a`)),
  "key: RSA modulus": (size) => spread(size, (each) => ({ spki: rsaKey(odd(each)) })),
  "key: RSA exponent": (size) =>
    spread(size, (each) => ({
      spki: rsaKey(
        odd(256),
        odd(each).map((b) => (b & 0x7f) | 1),
      ),
    })),
  "key: RSA 8192": (size) => spread(size, () => ({ spki: rsaKey(odd(1024)) }), 16),
  "key: P-521 points": (size) => spread(size, () => ({ spki: spkiOf(ecKey("P-521")) }), 16),
  "maze: short names": maze(() => name("O=Test", "CN=Maze")),
  "maze: long names": maze((size) => name(`O=${"A".repeat(size / 2 - 100)}`)),
  "maze: long names of controls": maze((size) => name(`O=${"\u0001".repeat(size / 2 - 100)}`)),
  "maze: names of marks": maze((size) => seq(rdn(tlv(0x0c, utf8(repeated(size / 2 - 100, marks)))))),
  "maze: many usages": maze(
    () => name("O=Test", "CN=Maze"),
    (size) => [extKeyUsage(clientAuth), ...fill(size - 200, (i) => seq(shortOid(i), octets(bytes())))],
  ),
  "maze: many key usages": maze(
    () => name("O=Test", "CN=Maze"),
    (size) => [extension("2.5.29.37", seq(...fill(size - 200, () => tlv(6, bytes(42))), oid(serverAuth)))],
  ),
  "constraints: DNS": constrained(
    (i) => dns(`${i.toString(36)}.a`),
    (i) => dns(`${i.toString(36)}.b`),
  ),
  "constraints: long DNS": constrained(
    (i) => dns(hostOf(i, 240)),
    (i) => dns(hostOf(i + 5000, 240)),
  ),
  "constraints: DNS of many labels": constrained(
    (i) => dns(`${i % 10}.`.repeat(120) + i),
    (i) => dns(`${i % 10}.`.repeat(120) + (i + 9999)),
  ),
  "constraints: wildcards": constrained(
    (i) => dns(`a${i}.b.test`),
    (i) => dns(`*.c${i}.b.test`),
  ),
  "constraints: long wildcards": constrained(
    (i) => dns(`a.${i}.${hostOf(0, 230)}`),
    (i) => dns(`*.${i + 5000}.${hostOf(0, 230)}`),
  ),
  "constraints: one against many DNS": constrained(
    () => dns("a"),
    (i) => dns(`${i.toString(36)}.b`),
  ),
  "constraints: mail": constrained(
    (i) => email(`m${i}@a.test`),
    (i) => email(`n${i}@a.test`),
  ),
  "constraints: long mail": constrained(
    (i) => email(`m${i}@${hostOf(i, 240)}`),
    (i) => email(`n${i}@${hostOf(i + 5000, 240)}`),
  ),
  "constraints: 250 and 900 mail": (size) => {
    const excluded = Array.from({ length: Math.floor((250 * size) / 131072) }, (_, i) =>
      email(`m${i}@${hostOf(i, 200)}`),
    );
    const only = ca("Only", { key, issuer: root, extensions: [nameConstraints([], excluded)] });
    const list = Array.from({ length: Math.floor((900 * size) / 131072) }, (_, i) =>
      email(`n${i}@${"a".repeat(20)}.test`),
    );
    return { chain: [server(only, { key, names: list }), only], anchors: [root] };
  },
  "constraints: IPv4": constrained(
    (i) => ip(...counter(i), 255, 255, 255, 255),
    (i) => ip(...counter(i + 60_000)),
  ),
  "constraints: IPv6": constrained(
    (i) => ip(...Array(12).fill(7), ...counter(i), ...Array<number>(16).fill(255)),
    (i) => ip(...Array(12).fill(7), ...counter(i + 60_000)),
  ),
  "constraints: directory": constrained(
    (i) => directory(name("O=Test", `CN=a${i}`)),
    (i) => directory(name("O=Test", `CN=b${i}`)),
  ),
  "constraints: directory of many RDNs": constrained(
    (i) => directory(name(...Array<string>(12).fill("O=Test"), `CN=a${i}`)),
    (i) => directory(name(...Array<string>(12).fill("O=Test"), `CN=b${i}`)),
  ),
  "constraints: long directory": constrained(
    (i) => directory(seq(rdn(tlv(0x0c, utf8(`${"A".repeat(3000)}${i}`))))),
    (i) => directory(seq(rdn(tlv(0x0c, utf8(`${"A".repeat(3000)}${i + 5000}`))))),
  ),
  "constraints: URI": constrained(
    (i) => uri(`a${i}.test`),
    (i) => uri(`spiffe://b${i}.test/x`),
  ),
  "constraints: long URI": constrained(
    (i) => uri(hostOf(i, 240)),
    (i) => uri(`https://${"u".repeat(250)}@${hostOf(i + 5000, 240)}/`),
  ),
  "constraints: malformed URI": constrained(
    (i) => uri(hostOf(i, 240)),
    () => uri(`${"a".repeat(64)}://${"%".repeat(3000)}`),
  ),
  "constraints: URI of 30 KiB": constrained(
    (i) => uri(`.${hostOf(i, 240)}`),
    (i) => uri(`a://${i}.test/${"a".repeat(30_000)}`),
  ),
  "constraints: a leading dot": constrained(
    (i) => dns(`.a${i}.b.test`),
    (i) => dns(`*.c${i}.b.test`),
  ),
  "constraints: unlike forms": constrained(
    (i) => (i % 2 ? dns(`a${i}.a`) : ip(...counter(i), 255, 255, 255, 255)),
    (i) => email(`m${i}@b.test`),
  ),
};
