import { generateKeyPairSync } from "node:crypto";
import { describe, expect, it } from "vitest";
import { concat } from "../../src/bytes/bytes.ts";
import {
  bits,
  bytes,
  ca,
  ecKey,
  int,
  type KeyPair,
  NULL,
  oid,
  type Signer,
  seq,
  server,
  signers,
  spkiOf,
  tlv,
} from "./make.ts";
import { refusal, verdict } from "./verify.ts";

const rsa = (modulusLength: number): KeyPair => generateKeyPairSync("rsa", { modulusLength });
const rsa2048 = rsa(2048);
const restrictedPss = (hash: string, saltLength: number): KeyPair =>
  generateKeyPairSync("rsa-pss", {
    modulusLength: 2048,
    hashAlgorithm: hash,
    mgf1HashAlgorithm: hash,
    // @types/node declares a string; Node.js needs a number.
    saltLength: saltLength as unknown as string,
  });
const ed25519 = generateKeyPairSync("ed25519");
const [p256, p384, p521] = [ecKey("P-256"), ecKey("P-384"), ecKey("P-521")];

/** The verdict on a path of three certificates with one key and one signature algorithm. */
const verdictOnPath = (key: KeyPair, signer: Signer) => {
  const root = { ...ca("Root", { key, signer }), signer };
  const middle = { ...ca("Middle", { key, issuer: root }), signer };
  return verdict([server(middle, { key }), middle], [root], {});
};
const root = ca("Root");
/** The verdict on an end-entity with this SubjectPublicKeyInfo. */
const verdictOnKey = (spki: Uint8Array) => verdict([server(root, { spki })], [root]);

describe("a path is accepted with", () => {
  const rows: [string, KeyPair, Signer][] = [
    ["P-256 with SHA-256", p256, signers.ecdsaSha256],
    ["P-256 with SHA-384", p256, signers.ecdsaSha384],
    ["P-256 with SHA-512", p256, signers.ecdsaSha512],
    ["P-384 with SHA-256", p384, signers.ecdsaSha256],
    ["P-384 with SHA-384", p384, signers.ecdsaSha384],
    ["P-521 with SHA-256", p521, signers.ecdsaSha256],
    ["P-521 with SHA-512", p521, signers.ecdsaSha512],
    ["Ed25519", ed25519, signers.ed25519],
    ["RSA-2048, PKCS#1 with SHA-256", rsa2048, signers.rsaSha256],
    ["RSA-2048, PKCS#1 with SHA-256, parameters absent", rsa2048, signers.rsaSha256NoNull],
    ["RSA-2048, PKCS#1 with SHA-384", rsa2048, signers.rsaSha384],
    ["RSA-2048, PKCS#1 with SHA-512", rsa2048, signers.rsaSha512],
    ["RSA-2048, PSS with SHA-256", rsa2048, signers.pssSha256],
    ["RSA-2048, PSS with SHA-384", rsa2048, signers.pssSha384],
    ["RSA-2048, PSS with SHA-512", rsa2048, signers.pssSha512],
    ["RSA-3072", rsa(3072), signers.rsaSha256],
    ["RSA-4096", rsa(4096), signers.rsaSha256],
    ["RSA-2052", rsa(2052), signers.pssSha256],
    ["an id-RSASSA-PSS key", generateKeyPairSync("rsa-pss", { modulusLength: 2048 }), signers.pssSha256],
    ["an id-RSASSA-PSS key that restricts itself", restrictedPss("sha256", 32), signers.pssSha256],
  ];
  it.each(rows)("%s", async (_, key, signer) => {
    // All certificates of this chain have one key. That is not a loop, because their names differ.
    expect(await verdictOnPath(key, signer)).toBe("ok");
  });
});

describe("a signature is refused below an anchor and ignored on the anchor", () => {
  const rows: [string, KeyPair, Signer][] = [
    ["RSA with SHA-1", rsa2048, signers.rsaSha1],
    ["RSA with MD5", rsa2048, signers.rsaMd5],
    ["ECDSA with SHA-1", p256, signers.ecdsaSha1],
    ["PSS with a salt that is not as long as the hash", rsa2048, signers.pssSha256Salt20],
    ["DSA", p256, signers.dsaSha256],
  ];
  it.each(rows)("%s", async (_, key, signer) => {
    expect(await verdictOnPath(key, signer)).toBe("weak_signature");
    const anchor = ca("Anchor", { key, signer });
    const strong = { ...anchor, signer: key === rsa2048 ? signers.rsaSha256 : signers.ecdsaSha256 };
    expect(await verdict([server(strong)], [anchor])).toBe("ok");
    expect(await refusal([server({ ...anchor, signer })], [anchor])).toMatchObject({
      code: "weak_signature",
      alert: "unsupported_certificate",
      position: 0,
    });
    const middle = { ...ca("Middle", { issuer: { ...strong, signer } }) };
    expect(await refusal([server(middle), middle], [anchor])).toMatchObject({ code: "weak_signature", position: 1 });
  });
});

describe("a signature whose algorithm does not fit the issuer's key", () => {
  it("is refused as bad_signature", async () => {
    const mislabelled: Signer = { identifier: signers.ed25519.identifier, sign: signers.ecdsaSha256.sign };
    expect(await verdict([server({ ...root, signer: mislabelled })], [root])).toBe("bad_signature");
    const pssKey = restrictedPss("sha512", 64);
    const pssRoot = ca("PSS", { key: pssKey, signer: signers.pssSha512 });
    const claim = (identifier: Uint8Array): Signer => ({ identifier, sign: signers.pssSha512.sign });
    expect(await verdict([server({ ...pssRoot, signer: signers.pssSha512 })], [pssRoot])).toBe("ok");
    expect(await verdict([server({ ...pssRoot, signer: claim(signers.pssSha256.identifier) })], [pssRoot])).toBe(
      "bad_signature",
    );
    expect(await verdict([server({ ...pssRoot, signer: claim(signers.rsaSha512.identifier) })], [pssRoot])).toBe(
      "bad_signature",
    );
  });
});

describe("a key is refused", () => {
  const rsaSpki = (modulus: Uint8Array, exponent: Uint8Array, ...parameters: Uint8Array[]) =>
    seq(
      seq(oid("1.2.840.113549.1.1.1"), ...(parameters.length ? parameters : [NULL])),
      bits(seq(tlv(2, bytes(...(modulus[0]! & 0x80 ? [0] : [])), modulus), exponent)),
    );
  const modulus = (length: number, first: number, last = 1) =>
    concat(bytes(first), new Uint8Array(length - 2).fill(7), bytes(last));
  const ec = (curve: Uint8Array, point: Uint8Array) => seq(seq(oid("1.2.840.10045.2.1"), curve), bits(point));
  const point = spkiOf(p256).slice(-65);
  const changed = (verdictAt: number, to: number) => Object.assign(point.slice(), { [verdictAt]: to });
  const P256 = oid("1.2.840.10045.3.1.7");

  const weak: [string, Uint8Array][] = [
    ["RSA-1024", spkiOf(rsa(1024))],
    ["RSA-2047", rsaSpki(modulus(256, 0x40), int(3))],
    ["RSA-8193", rsaSpki(modulus(1025, 0x01), int(3))],
    ["an even modulus", rsaSpki(modulus(256, 0x80, 2), int(3))],
    ["the exponent 1", rsaSpki(modulus(256, 0x80), int(1))],
    ["an even exponent", rsaSpki(modulus(256, 0x80), int(4))],
    ["an exponent above 2^32-1", rsaSpki(modulus(256, 0x80), tlv(2, bytes(1, 0, 0, 0, 1)))],
    ["DSA", seq(seq(oid("1.2.840.10040.4.1"), seq(int(1), int(1), int(1))), bits(int(1)))],
    ["P-192", ec(oid("1.2.840.10045.3.1.1"), concat(bytes(4), new Uint8Array(48)))],
    ["secp256k1", spkiOf(generateKeyPairSync("ec", { namedCurve: "secp256k1" }))],
    [
      "explicit curve parameters",
      spkiOf(generateKeyPairSync("ec", { namedCurve: "P-256", paramEncoding: "explicit" })),
    ],
    ["a compressed point", ec(P256, concat(bytes(2), point.slice(1, 33)))],
    ["X25519", spkiOf(generateKeyPairSync("x25519"))],
    ["Ed448", spkiOf(generateKeyPairSync("ed448"))],
    [
      "id-RSASSA-PSS for SHA-1 (its default)",
      seq(seq(oid("1.2.840.113549.1.1.10"), seq()), bits(spkiOf(rsa2048).slice(24))),
    ],
  ];
  it.each(weak)("as weak: %s", async (_, spki) => {
    expect(await verdictOnKey(spki)).toBe("weak_key");
    expect(await refusal([server(root, { spki })], [root])).toMatchObject({
      alert: "unsupported_certificate",
      position: 0,
    });
  });

  const malformed: [string, Uint8Array][] = [
    ["RSA without NULL", seq(seq(oid("1.2.840.113549.1.1.1")), bits(seq(int(1), int(3))))],
    ["a negative modulus", seq(seq(oid("1.2.840.113549.1.1.1"), NULL), bits(seq(tlv(2, modulus(256, 0x80)), int(3))))],
    [
      "RSA with bytes after the key",
      seq(seq(oid("1.2.840.113549.1.1.1"), NULL), bits(concat(seq(int(1), int(3)), NULL))),
    ],
    ["a point that is not on its curve", ec(P256, changed(64, point[64]! ^ 1))],
    ["a coordinate beyond the prime", ec(P256, concat(bytes(4), new Uint8Array(32).fill(255), point.slice(33)))],
    ["an EC key without a curve", seq(seq(oid("1.2.840.10045.2.1")), bits(point))],
    ["an EC key with two curves", seq(seq(oid("1.2.840.10045.2.1"), P256, P256), bits(point))],
    ["Ed25519 with parameters", seq(seq(oid("1.3.101.112"), NULL), bits(new Uint8Array(32)))],
    ["Ed25519 of 31 bytes", seq(seq(oid("1.3.101.112")), bits(new Uint8Array(31)))],
    ["unused bits", seq(seq(oid("1.3.101.112")), bits(new Uint8Array(32), 1))],
  ];
  it.each(malformed)("as malformed: %s", async (_, spki) => {
    expect(await verdictOnKey(spki)).toBe("malformed");
  });

  it("if its curve is smaller than minimumEcBits", async () => {
    const big = ca("Big", { key: p384 });
    const verdictAt = (minimumEcBits: number, key: KeyPair, issuer = big) =>
      verdict([server(issuer, { key })], { ca: issuer.der, minimumEcBits });
    expect(await verdictAt(384, p384)).toBe("ok");
    expect(await verdictAt(384, p256)).toBe("weak_key");
    expect(await verdictAt(384, ed25519)).toBe("weak_key");
    expect(await verdictAt(256, ed25519)).toBe("ok");
    expect(await verdictAt(521, p521)).toBe("weak_key");
    expect(await verdictAt(521, p521, ca("Biggest", { key: p521 }))).toBe("ok");
    // The minimum of EC keys does not apply to RSA keys.
    expect(await verdict([server(big, { key: rsa2048 })], { ca: big.der, minimumEcBits: 384 })).toBe("ok");
  });

  it("if it is smaller than minimumRsaBits", async () => {
    const big = ca("Big", { key: rsa(3072) });
    const chain = [server(big, { key: rsa2048 })];
    expect(await verdict(chain, { ca: big.der, minimumRsaBits: 2048 })).toBe("ok");
    expect(await verdict(chain, { ca: big.der, minimumRsaBits: 3072 })).toBe("weak_key");
    const small = ca("Small", { key: rsa2048 });
    expect(await verdict([server(small)], { ca: small.der, minimumRsaBits: 3072 })).toBe("weak_key");
  });
});
