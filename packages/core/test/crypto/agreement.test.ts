/**
 * Checks that all providers give the same verdict on each signature, unusual ones included, so that no verdict depends
 * on the runtime.
 */
import { constants, generateKeyPairSync, type KeyObject, privateEncrypt, sign } from "node:crypto";
import { ed25519 } from "@noble/curves/ed25519.js";
import { describe, expect, test } from "vitest";
import { nodeCrypto } from "../../../node/src/crypto/nodeCrypto.ts";
import { concat, fromHex } from "../../src/bytes/bytes.ts";
import { noble } from "../../src/crypto/noble.ts";
import type { CryptoProvider, PublicKey, SignatureAlgorithm } from "../../src/crypto/provider.ts";

interface Input {
  readonly name: string;
  readonly algorithm: SignatureAlgorithm;
  readonly key: PublicKey;
  readonly signature: Uint8Array;
  readonly valid: boolean;
}

const message = new TextEncoder().encode("message");
/** A variable, so that TypeScript does not load the module, which needs the types of a page. */
const webCryptoModule = "../../../browser/src/crypto/webCrypto.ts";
const { webCrypto } = (await import(webCryptoModule)) as { webCrypto: CryptoProvider };
const providers = { noble, nodeCrypto, webCrypto };
const base64url = (text: unknown): Uint8Array => new Uint8Array(Buffer.from(text as string, "base64url"));

function rsaKey(
  modulusLength: number,
  publicExponent = 65537,
): { key: PublicKey & { type: "rsa" }; secret: KeyObject } {
  const pair = generateKeyPairSync("rsa", { modulusLength, publicExponent });
  const { n, e } = pair.publicKey.export({ format: "jwk" });
  return {
    key: { type: "rsa", modulus: base64url(n), exponent: base64url(e), pssOnly: false },
    secret: pair.privateKey,
  };
}
const { key, secret } = rsaKey(2048);
const pkcs1: SignatureAlgorithm = { type: "rsa_pkcs1", hash: "sha256" };
const pss: SignatureAlgorithm = { type: "rsa_pss", hash: "sha256" };

const digest = noble.hashes.sha256.digest(message);
const info = "3031300d060960864801650304020105000420";
const withoutNull = "302f300b06096086480165030402010420";
/** A signature of a padded block of 256 bytes that ends in `end`. */
function signBlock(end: Uint8Array, start = [0, 1], fill = 0xff): Uint8Array {
  const block = new Uint8Array(256).fill(fill);
  block.set(start);
  block[255 - end.length] = 0;
  block.set(end, 256 - end.length);
  return new Uint8Array(privateEncrypt({ key: secret, padding: constants.RSA_NO_PADDING }, block));
}
const digestInfo = (prefix: string, hash = digest): Uint8Array => concat(fromHex(prefix), hash);
const signPss = (saltLength: number): Uint8Array =>
  new Uint8Array(sign("sha256", message, { key: secret, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength }));

/** The signature plus the modulus, which is the same number modulo n. */
function plusModulus(signature: Uint8Array): Uint8Array {
  const number = (bytes: Uint8Array) => BigInt(`0x${Buffer.from(bytes).toString("hex")}`);
  const hex = (number(signature) + number(key.modulus)).toString(16).padStart(512, "0");
  return fromHex(hex.length % 2 ? `0${hex}` : hex);
}

const small = rsaKey(1024);
const rsa: readonly Input[] = (
  [
    ["DigestInfo with NULL", signBlock(digestInfo(info)), true],
    // RFC 5246 §4.7: implementations MUST accept both.
    ["DigestInfo without parameters", signBlock(digestInfo(withoutNull)), true],
    [
      "DigestInfo without parameters, of another digest",
      signBlock(digestInfo(withoutNull, Uint8Array.from(digest).reverse())),
      false,
    ],
    ["DigestInfo of another hash", signBlock(digestInfo(withoutNull.replace("0201", "0202"))), false],
    ["DigestInfo with an empty SEQUENCE", signBlock(digestInfo("3031300d060960864801650304020130000420")), false],
    [
      "DigestInfo with a long length",
      signBlock(digestInfo("3081303 00b06096086480165030402010420".replace(" ", ""))),
      false,
    ],
    ["DigestInfo with a byte after it", signBlock(concat(digestInfo(withoutNull), new Uint8Array(1))), false],
    ["the digest alone", signBlock(digest), false],
    ["block type 2", signBlock(digestInfo(withoutNull), [0, 2]), false],
    ["block type 0", signBlock(digestInfo(withoutNull), [0, 0], 0), false],
    ["padding that is not FF", signBlock(digestInfo(withoutNull), [0, 1], 0xfe), false],
    [
      "short padding, and zeros after the DigestInfo",
      signBlock(concat(digestInfo(withoutNull), new Uint8Array(150))),
      false,
    ],
    ["zeros", new Uint8Array(256), false],
    ["no signature", new Uint8Array(0), false],
    ["a byte too few", signBlock(digestInfo(info)).subarray(1), false],
    ["a leading zero", concat(new Uint8Array(1), signBlock(digestInfo(info))), false],
    ["a signature that is not below the modulus", plusModulus(signBlock(digestInfo(info))), false],
  ] as const
).map(([name, signature, valid]) => ({ name: `RSA: ${name}`, algorithm: pkcs1, key, signature, valid }));

const keys: readonly Input[] = [
  ...(
    [
      ["a modulus with leading zeros", { ...key, modulus: concat(new Uint8Array(2), key.modulus) }, true],
      ["an even exponent", { ...key, exponent: Uint8Array.of(2) }, false],
      ["the exponent 1", { ...key, exponent: Uint8Array.of(1) }, false],
      ["no modulus", { ...key, modulus: new Uint8Array(0) }, false],
      ["the OID id-RSASSA-PSS", { ...key, pssOnly: true }, false],
    ] as const
  ).map(([name, publicKey, valid]) => ({
    name: `RSA: a key with ${name}`,
    algorithm: pkcs1,
    key: publicKey,
    signature: signBlock(digestInfo(info)),
    valid,
  })),
  {
    name: "RSA: a key of 1024 bits",
    algorithm: pkcs1,
    key: small.key,
    signature: new Uint8Array(sign("sha256", message, small.secret)),
    valid: false,
  },
  ...[0, 20, 31, 32, 33, 222].map((salt) => ({
    name: `RSA: PSS with a salt of ${salt}`,
    algorithm: pss,
    key,
    signature: signPss(salt),
    valid: salt === 32,
  })),
];

function ecKey(
  namedCurve: string,
  curve: "secp256r1" | "secp384r1" | "secp521r1",
): { key: PublicKey; secret: KeyObject } {
  const pair = generateKeyPairSync("ec", { namedCurve });
  const { x, y } = pair.publicKey.export({ format: "jwk" });
  return {
    key: { type: "ec", curve, point: concat(Uint8Array.of(4), base64url(x), base64url(y)) },
    secret: pair.privateKey,
  };
}
const p256 = ecKey("P-256", "secp256r1");
const p521 = ecKey("P-521", "secp521r1");
const ecdsa: SignatureAlgorithm = { type: "ecdsa", hash: "sha256" };
const order = fromHex("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551");
const number = (bytes: Uint8Array): bigint => BigInt(`0x${Buffer.from(bytes).toString("hex")}`);
const hexOf = (n: bigint): Uint8Array => fromHex(n.toString(16).padStart(64, "0"));
const unsigned = (value: Uint8Array): Uint8Array => {
  const first = value.findIndex((byte) => byte !== 0);
  const digits = first < 0 ? value.subarray(-1) : value.subarray(first);
  return digits[0]! > 127 ? concat(Uint8Array.of(0), digits) : digits;
};
const integer = (value: Uint8Array): Uint8Array => concat(Uint8Array.of(2, value.length), value);
const pair = (r: Uint8Array, s: Uint8Array): Uint8Array => concat(Uint8Array.of(0x30, r.length + s.length), r, s);
const p1363 = new Uint8Array(sign("sha256", message, { key: p256.secret, dsaEncoding: "ieee-p1363" }));
const [r, s] = [p1363.subarray(0, 32), p1363.subarray(32)];
const der = pair(integer(unsigned(r)), integer(unsigned(s)));
const ec: readonly Input[] = (
  [
    ["the signature unchanged", der, true],
    ["the other s", pair(integer(unsigned(r)), integer(unsigned(hexOf(number(order) - number(s))))), true],
    ["r with leading zeros", pair(integer(concat(new Uint8Array(2), r)), integer(unsigned(s))), false],
    ["a negative r", pair(integer(concat(Uint8Array.of(255), r)), integer(unsigned(s))), false],
    [
      "r + n",
      pair(integer(fromHex(`${(number(r) + number(order)).toString(16).padStart(66, "0")}`)), integer(unsigned(s))),
      false,
    ],
    ["s of zero", pair(integer(unsigned(r)), integer(new Uint8Array(1))), false],
    ["r of zero", pair(integer(new Uint8Array(1)), integer(unsigned(s))), false],
    ["r of n", pair(integer(unsigned(order)), integer(unsigned(s))), false],
    ["an empty INTEGER", pair(integer(new Uint8Array(0)), integer(unsigned(s))), false],
    ["a long length", concat(Uint8Array.of(0x30, 0x81, der[1]!), der.subarray(2)), false],
    ["an indefinite length", concat(Uint8Array.of(0x30, 0x80), der.subarray(2), new Uint8Array(2)), false],
    ["a byte after the SEQUENCE", concat(der, new Uint8Array(1)), false],
    [
      "a third element in the SEQUENCE",
      concat(Uint8Array.of(0x30, der[1]! + 2), der.subarray(2), Uint8Array.of(5, 0)),
      false,
    ],
    ["another tag", concat(Uint8Array.of(0x31), der.subarray(1)), false],
    ["the format P1363 instead of DER", p1363, false],
    ["no signature", new Uint8Array(0), false],
  ] as const
).map(([name, signature, valid]) => ({ name: `ECDSA: ${name}`, algorithm: ecdsa, key: p256.key, signature, valid }));
const ecKeys: readonly Input[] = (
  [
    ["a compressed point", { ...p256.key, point: concat(Uint8Array.of(2), base64url("").subarray(0), r) }],
    [
      "a hybrid point",
      { ...p256.key, point: concat(Uint8Array.of(6), (p256.key as { point: Uint8Array }).point.subarray(1)) },
    ],
    ["a point off its curve", { ...p256.key, point: concat(Uint8Array.of(4), r, s) }],
    ["the point at infinity", { ...p256.key, point: new Uint8Array(1) }],
    ["another curve's point", { ...p256.key, point: (p521.key as { point: Uint8Array }).point }],
    ["a key of another kind", key],
  ] as const
).map(([name, publicKey]) => ({
  name: `ECDSA: ${name}`,
  algorithm: ecdsa,
  key: publicKey,
  signature: der,
  valid: false,
}));

const { Point } = ed25519;
const L = Point.Fn.ORDER;
const edSecret = new Uint8Array(32).fill(7);
const edPoint = ed25519.getPublicKey(edSecret);
const good = ed25519.sign(message, edSecret);
const littleEndian = (n: bigint): Uint8Array => fromHex(n.toString(16).padStart(64, "0")).reverse();
const fromLittleEndian = (bytes: Uint8Array): bigint => number(Uint8Array.from(bytes).reverse());
const order8 = Point.fromHex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a");
const challenge = (R: Uint8Array, A: Uint8Array): bigint =>
  fromLittleEndian(noble.hashes.sha512.digest(concat(R, A, message))) % L;
/**
 * A signature for which a point of low order was added to R or to the public key. Only the equation with the cofactor
 * accepts it.
 */
function signWithLowOrder(lowR: boolean, lowA: boolean): { point: Uint8Array; signature: Uint8Array } {
  const { scalar, point } = ed25519.utils.getExtendedPublicKey(edSecret);
  const A = (lowA ? point.add(order8) : point).toBytes();
  const nonce = 12345n;
  const R = (lowR ? Point.BASE.multiply(nonce).add(order8) : Point.BASE.multiply(nonce)).toBytes();
  return { point: A, signature: concat(R, littleEndian((nonce + challenge(R, A) * scalar) % L)) };
}
const edwards: readonly Input[] = (
  [
    ["the signature unchanged", edPoint, good, true],
    ["s + L", edPoint, concat(good.subarray(0, 32), littleEndian(fromLittleEndian(good.subarray(32)) + L)), false],
    ["a byte too many", edPoint, concat(good, new Uint8Array(1)), false],
    ["no signature", edPoint, new Uint8Array(0), false],
    ["R with a point of low order added", ...Object.values(signWithLowOrder(true, false)), false],
    // With a key of low order, a signature with s = 0 could be valid for a message that its maker never saw.
    ...[
      ["0 and 1", "01".padEnd(64, "0")],
      ["0 and -1", "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"],
      ["order 4", "".padEnd(64, "0")],
      ["order 4, the other", `${"".padEnd(62, "0")}80`],
      ["order 8", "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"],
      ["order 8, the second", "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa"],
      ["order 8, the third", "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"],
      ["order 8, the fourth", "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85"],
      ["p + 1", "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"],
      ["p", "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"],
      ["minus 0 and 1", `01${"".padEnd(60, "0")}80`],
    ].flatMap(([name, hex]) => {
      const A = fromHex(hex!);
      // With s = 0, R must be −kA. The test tries all eight points of low order.
      return Array.from({ length: 8 }, (_, i) => {
        const R = (i ? order8.multiplyUnsafe(BigInt(i)) : Point.ZERO).toBytes();
        return [`a key of low order, ${name}, ${i}`, A, concat(R, new Uint8Array(32)), false] as const;
      });
    }),
  ] as readonly (readonly [string, Uint8Array, Uint8Array, boolean])[]
).map(([name, point, signature, valid]) => ({
  name: `Ed25519: ${name}`,
  algorithm: { type: "ed25519" },
  key: { type: "ed25519", point },
  signature,
  valid,
}));

describe("noble, nodeCrypto and webCrypto give the same verdict", () => {
  test.each([...rsa, ...keys, ...ec, ...ecKeys, ...edwards])("$name", async ({ algorithm, key, signature, valid }) => {
    const answers: Record<string, boolean> = {};
    for (const [name, { verify }] of Object.entries(providers))
      answers[name] = await verify(algorithm, key, message, signature);
    expect(answers).toEqual({ noble: valid, nodeCrypto: valid, webCrypto: valid });
  });
});
