/**
 * Checks the noble provider with vectors from the standards, and checks that it does what its interface documents.
 * @module
 */
import { sealed } from "@handclasp/testing";
import { describe, expect, test } from "vitest";
import { ascii, fromHex, toHex } from "../../src/bytes/bytes.ts";
import { noble } from "../../src/crypto/noble.ts";
import type { CurveName, HashName, PublicKey } from "../../src/crypto/provider.ts";
import { fixedRandom } from "./support.ts";

const names: readonly HashName[] = ["sha1", "sha256", "sha384", "sha512"];

describe("hashes", () => {
  // The examples of FIPS 180-4 for "abc".
  test.each([
    ["sha1", "a9993e364706816aba3e25717850c26c9cd0d89d", 64],
    ["sha256", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", 64],
    ["sha384", "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7", 128],
    [
      "sha512",
      "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
      128,
    ],
  ] as const)("%s has the standard's digest of abc", (name, digest, blockLength) => {
    const hash = noble.hashes[name];
    expect(toHex(hash.digest(ascii("abc")))).toBe(digest);
    expect(hash.outputLength).toBe(digest.length / 2);
    expect(hash.blockLength).toBe(blockLength);
  });

  test.each(names)("%s: a snapshot does not end the hash", (name) => {
    const hash = noble.hashes[name];
    const running = hash.create();
    let all = "";
    expect(toHex(running.snapshot())).toBe(toHex(hash.digest(new Uint8Array(0))));
    for (const part of ["a", "b".repeat(200), "", "c"]) {
      all += part;
      expect(toHex(running.update(ascii(part)).snapshot())).toBe(toHex(hash.digest(ascii(all))));
      expect(toHex(running.snapshot())).toBe(toHex(hash.digest(ascii(all))));
    }
  });
});

describe("HMAC", () => {
  // RFC 2202 §3 and RFC 4231 §4.3: "Jefe".
  test.each([
    ["sha1", "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79"],
    ["sha256", "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"],
    ["sha384", "af45d2e376484031617f78d2b58a6b1b9c7ef464f5a01b47e42ec3736322445e8e2240ca5e69e2c78b3239ecfab21649"],
    [
      "sha512",
      "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea2505549758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737",
    ],
  ] as const)("%s has the standard's MAC in test case 2", (name, mac) => {
    const hmac = noble.hashes[name].hmac(ascii("Jefe"));
    expect(toHex(hmac.mac(ascii("what do ya want for nothing?")))).toBe(mac);
    expect(toHex(hmac.mac(ascii("what do ya"), new Uint8Array(0), ascii(" want for nothing?")))).toBe(mac);
  });

  // RFC 4231 §4.7.
  test("accepts a key that is longer than the block", () => {
    const hmac = noble.hashes.sha256.hmac(new Uint8Array(131).fill(0xaa));
    expect(toHex(hmac.mac(ascii("Test Using Larger Than Block-Size Key - Hash Key First")))).toBe(
      "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
    );
  });

  test("accepts an empty key, and copies its key", () => {
    const empty = noble.hashes.sha256.hmac(new Uint8Array(0));
    expect(toHex(empty.mac())).toBe("b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
    const key = ascii("Jefe");
    const hmac = noble.hashes.sha1.hmac(key);
    key.fill(0);
    expect(toHex(hmac.mac(ascii("what do ya want for nothing?")))).toBe("effcdf6ae5eb2fa2d27416d5f184df9c259a7c79");
  });
});

const gcmKey = "feffe9928665731c6d6a8f9467308308";
const gcm = {
  nonce: "cafebabefacedbaddecaf888",
  aad: "feedfacedeadbeeffeedfacedeadbeefabaddad2",
  plaintext:
    "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39",
};
const aeads = [
  {
    // McGrew and Viega, The Galois/Counter Mode of Operation, test case 4.
    ...gcm,
    name: "AES_128_GCM" as const,
    key: gcmKey,
    sealed:
      "42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e21d514b25466931c7d8f6a5aac84aa051ba30b396a0aac973d58e0915bc94fbc3221a5db94fae95ae7121a47",
  },
  {
    // Test case 16 of the same document.
    ...gcm,
    name: "AES_256_GCM" as const,
    key: gcmKey + gcmKey,
    sealed:
      "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f66276fc6ece0f4e1768cddf8853bb2d551b",
  },
  {
    // RFC 8439 §2.8.2.
    name: "CHACHA20_POLY1305" as const,
    key: "808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f",
    nonce: "070000004041424344454647",
    aad: "50515253c0c1c2c3c4c5c6c7",
    plaintext: toHex(
      ascii(
        "Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, " +
          "sunscreen would be" +
          " it.",
      ),
    ),
    sealed:
      "d31a8d34648e60db7b86afbc53ef7ec2a4aded51296e08fea9e2b5a736ee62d63dbea45e8ca9671282fafb69da92728b1a71de0a9e060b2905d6a5b67ecd3b3692ddbd7f2d778b8c9803aee328091b58fab324e4fad675945585808b4831d7bc3ff4def08e4b7a9de576d26586cec64b61161ae10b594f09e26a7e902ecbd0600691",
  },
];

describe("AEADs", () => {
  test.each(aeads)("$name: seals and opens the standard's vector, twice", async (vector) => {
    const aead = await noble.ciphers[vector.name]!(fromHex(vector.key));
    for (let round = 0; round < 2; round++) {
      const ciphertext = await sealed(aead, fromHex(vector.nonce), fromHex(vector.aad), fromHex(vector.plaintext));
      expect(toHex(ciphertext)).toBe(vector.sealed);
      const opened = await aead.open(fromHex(vector.nonce), fromHex(vector.aad), ciphertext);
      expect(toHex(opened!)).toBe(vector.plaintext);
    }
  });

  test.each(aeads)("$name: `open` returns `undefined` for any altered input, and never throws", async (vector) => {
    const aead = await noble.ciphers[vector.name]!(fromHex(vector.key));
    const open = (sealed: Uint8Array, aad = vector.aad, nonce = vector.nonce) =>
      aead.open(fromHex(nonce), fromHex(aad), sealed);
    for (const at of [0, 20, -1]) {
      const sealed = fromHex(vector.sealed);
      sealed[at < 0 ? sealed.length + at : at]! ^= 1;
      expect(await open(sealed)).toBeUndefined();
    }
    for (const length of [0, 1, 15, 16]) expect(await open(fromHex(vector.sealed).subarray(0, length))).toBeUndefined();
    expect(await open(fromHex(vector.sealed), "00")).toBeUndefined();
    expect(await open(fromHex(vector.sealed), vector.aad, "00".repeat(12))).toBeUndefined();
  });

  test.each(aeads)(
    "$name: copies its key, accepts empty inputs, and throws for a key or nonce of another length",
    async (vector) => {
      const make = noble.ciphers[vector.name]!;
      const key = fromHex(vector.key);
      const aead = await make(key);
      key.fill(0);
      expect(toHex(await sealed(aead, fromHex(vector.nonce), fromHex(vector.aad), fromHex(vector.plaintext)))).toBe(
        vector.sealed,
      );
      const empty = new Uint8Array(0);
      const ciphertext = await sealed(aead, fromHex(vector.nonce), empty, empty);
      expect(ciphertext).toHaveLength(16);
      expect(await aead.open(fromHex(vector.nonce), empty, ciphertext)).toEqual(empty);
      expect(() => make(new Uint8Array(24))).toThrow();
      expect(() => sealed(aead, new Uint8Array(8), empty, empty)).toThrow();
    },
  );
});

describe("AES-CBC", () => {
  // SP 800-38A §F.2.1 and §F.2.5, the first two blocks.
  const iv = "000102030405060708090a0b0c0d0e0f";
  const plain = "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51";
  test.each([
    [
      "AES_128_CBC",
      "2b7e151628aed2a6abf7158809cf4f3c",
      "7649abac8119b246cee98e9b12e9197d5086cb9b507219ee95db113a917678b2",
    ],
    [
      "AES_256_CBC",
      "603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4",
      "f58c4c04d6e5f1ba779eabfb5f7bfbd69cfc4e967edb808d679f777bc6702c7d",
    ],
  ] as const)("%s encrypts and decrypts the standard's blocks without padding", async (name, key, cipher) => {
    const chain = await noble.ciphers[name]!(fromHex(key));
    for (let round = 0; round < 2; round++) {
      expect(toHex(chain.encrypt(fromHex(iv), fromHex(plain)))).toBe(cipher);
      expect(toHex(chain.decrypt(fromHex(iv), fromHex(cipher)))).toBe(plain);
    }
    expect(() => chain.encrypt(fromHex(iv), new Uint8Array(17))).toThrow();
    expect(() => noble.ciphers[name]!(new Uint8Array(24))).toThrow();
  });

  test("does not change its input, even if it is not aligned", async () => {
    const chain = await noble.ciphers.AES_128_CBC!(new Uint8Array(16).fill(9));
    const buffer = new Uint8Array(100).fill(5);
    const [ivView, view] = [buffer.subarray(1, 17), buffer.subarray(17, 49)];
    const sealed = chain.encrypt(ivView, view);
    expect(toHex(chain.decrypt(ivView, sealed))).toBe(toHex(view));
    expect(buffer.every((byte) => byte === 5)).toBe(true);
  });
});

describe("key agreement", () => {
  const agreements = [
    {
      // Bob's keys in RFC 7748 §6.1.
      name: "x25519" as const,
      privateKey: "5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb",
      publicKey: "de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f",
      peer: "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a",
      secret: "4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742",
    },
    {
      // RFC 5903 §8.1.
      name: "secp256r1" as const,
      privateKey: "c88f01f510d9ac3f70a292daa2316de544e9aab8afe84049c62a9c57862d1433",
      publicKey:
        "04dad0b65394221cf9b051e1feca5787d098dfe637fc90b9ef945d0c37725811805271a0461cdb8252d61f1c456fa3e59ab1f45b33accf5f58389e0577b8990bb3",
      peer: "04d12dfb5289c8d4f81208b70270398c342296970a0bccb74c736fc7554494bf6356fbf3ca366cc23e8157854c13c58d6aac23f046ada30f8353e74f33039872ab",
      secret: "d6840f6b42f6edafd13116e0e12565202fef8e9ece7dce03812464d04b9442de",
    },
  ];
  test.each(agreements)("$name: computes the RFC's secret", async ({ name, privateKey, publicKey, peer, secret }) => {
    const share = await noble.groups[name]!(fixedRandom(fromHex(privateKey)));
    expect(toHex(share.publicKey)).toBe(publicKey);
    expect(toHex((await share.agree(fromHex(peer)))!)).toBe(secret);
  });

  const widths: readonly [CurveName, number, number][] = [
    ["x25519", 32, 32],
    ["secp256r1", 65, 32],
    ["secp384r1", 97, 48],
    ["secp521r1", 133, 66],
  ];
  const random = (seed: number) => (length: number) => Uint8Array.from({ length }, (_, i) => seed + 7 * i);

  test.each(widths)(
    "%s: both sides compute the same secret, and a wiped share throws",
    async (name, publicLength, secretLength) => {
      const a = await noble.groups[name]!(random(1));
      const b = await noble.groups[name]!(random(2));
      expect(a.publicKey).toHaveLength(publicLength);
      const secret = (await a.agree(b.publicKey))!;
      expect(secret).toHaveLength(secretLength);
      expect(toHex((await b.agree(a.publicKey))!)).toBe(toHex(secret));
      a.wipe();
      expect(() => a.agree(b.publicKey)).toThrow("wiped");
    },
  );

  test.each(widths)("%s: refuses keys of another length or encoding, or off the curve", async (name, publicLength) => {
    const a = await noble.groups[name]!(random(1));
    const b = await noble.groups[name]!(random(2));
    const longer = new Uint8Array(publicLength + 1);
    longer.set(b.publicKey);
    for (const wrong of [new Uint8Array(0), b.publicKey.subarray(1), longer, new Uint8Array(publicLength)])
      expect(await a.agree(wrong)).toBeUndefined();
    if (name === "x25519") return;
    const width = (publicLength - 1) / 2;
    const compressed = b.publicKey.slice(0, width + 1);
    compressed[0] = 2 + (b.publicKey.at(-1)! & 1);
    const hybrid = b.publicKey.slice();
    hybrid[0] = 6 + (b.publicKey.at(-1)! & 1);
    const offCurve = b.publicKey.slice();
    offCurve[publicLength - 1]! ^= 1;
    for (const wrong of [compressed, hybrid, offCurve, Uint8Array.of(0)]) expect(await a.agree(wrong)).toBeUndefined();
  });

  test.each(widths)("%s: copies the bytes of `random` and does not change them", async (name, _, width) => {
    const bytes = random(1)(width);
    const share = await noble.groups[name]!(() => bytes);
    share.wipe();
    expect(toHex(bytes)).toBe(toHex(random(1)(width)));
  });

  test("replaces a scalar that is out of range, and throws if the random source is broken", async () => {
    const candidates = [new Uint8Array(32).fill(0xff), new Uint8Array(32), fromHex(agreements[1]!.privateKey)];
    const share = await noble.groups.secp256r1!(() => candidates.shift()!);
    expect(toHex(share.publicKey)).toBe(agreements[1]!.publicKey);
    expect(() => noble.groups.secp521r1!((length) => new Uint8Array(length))).toThrow("random");
  });
});

describe("verify", () => {
  // RFC 6979 §A.2.5, P-256, message "sample". The signature with SHA-256 has a high S. The other hashes are longer than
  // the curve's order.
  const p256: PublicKey = {
    type: "ec",
    curve: "secp256r1",
    point: fromHex(
      "0460fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb67903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299",
    ),
  };
  const signatures = [
    [
      "sha256",
      "3046022100efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716022100f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8",
    ],
    [
      "sha384",
      "304402200eafea039b20e9b42309fb1d89e213057cbf973dc0cfc8f129edddc800ef771902204861f0491e6998b9455193e34e7b0d284ddd7149a74b95b9261f13abde940954",
    ],
    [
      "sha512",
      "30450221008496a60b5e9b47c825488827e0495b0e3fa109ec4568fd3f8d1097678eb97f0002202362ab1adbe2b8adf9cb9edab740ea6049c028114f2460f96554f61fae3302fe",
    ],
  ] as const;

  test.each(signatures)(
    "accepts the standard's signature by ECDSA on P-256 with %s, and no other",
    async (hash, der) => {
      const verify = (key: PublicKey, message: string, signature: Uint8Array, name = hash as "sha256") =>
        noble.verify({ type: "ecdsa", hash: name }, key, ascii(message), signature);
      const signature = fromHex(der);
      expect(await verify(p256, "sample", signature)).toBe(true);
      expect(await verify(p256, "simple", signature)).toBe(false);
      expect(await verify(p256, "sample", signature, hash === "sha256" ? ("sha512" as "sha256") : "sha256")).toBe(
        false,
      );
      const changed = signature.slice();
      changed[changed.length - 1]! ^= 1;
      expect(await verify(p256, "sample", changed)).toBe(false);
      for (const malformed of [
        new Uint8Array(0),
        signature.subarray(1),
        new Uint8Array(300),
        new Uint8Array([...signature, 0]),
      ])
        expect(await verify(p256, "sample", malformed)).toBe(false);
    },
  );

  test("returns false for a key of another kind, curve or encoding", async () => {
    const algorithm = { type: "ecdsa", hash: "sha256" } as const;
    const signature = fromHex(signatures[0][1]);
    const point = (p256 as { point: Uint8Array }).point;
    const compressed = point.slice(0, 33);
    compressed[0] = 2 + (point.at(-1)! & 1);
    const offCurve = point.slice();
    offCurve[64]! ^= 1;
    const keys: PublicKey[] = [
      { type: "ec", curve: "secp384r1", point },
      { type: "ec", curve: "secp256r1", point: compressed },
      { type: "ec", curve: "secp256r1", point: offCurve },
      { type: "ec", curve: "secp256r1", point: new Uint8Array(0) },
      { type: "ed25519", point: point.subarray(0, 32) },
      { type: "rsa", modulus: new Uint8Array(0), exponent: new Uint8Array(0), pssOnly: false },
    ];
    for (const key of keys) expect(await noble.verify(algorithm, key, ascii("sample"), signature)).toBe(false);
    for (const other of [{ type: "ed25519" }, { type: "rsa_pss", hash: "sha256" }] as const)
      expect(await noble.verify(other, p256, ascii("sample"), signature)).toBe(false);
  });

  test("accepts Ed25519's test 2 of RFC 8032 §7.1, and no other message", async () => {
    const key: PublicKey = {
      type: "ed25519",
      point: fromHex("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c"),
    };
    const signature = fromHex(
      "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
    );
    const verify = (message: string, bytes = signature) =>
      noble.verify({ type: "ed25519" }, key, fromHex(message), bytes);
    expect(await verify("72")).toBe(true);
    expect(await verify("73")).toBe(false);
    expect(await verify("72", signature.subarray(1))).toBe(false);
  });

  test("verifies Ed25519 by RFC 8032, not ZIP 215: a key of small order accepts no signature", async () => {
    // With the neutral element as the key and as R, and S = 0, the equation holds for every message.
    const neutral = fromHex(`01${"00".repeat(31)}`);
    const key: PublicKey = { type: "ed25519", point: neutral };
    const signature = new Uint8Array(64);
    signature.set(neutral);
    expect(await noble.verify({ type: "ed25519" }, key, ascii("anything"), signature)).toBe(false);
  });
});

test("the noble provider has every group, and every cipher except CCM", () => {
  expect(Object.keys(noble.ciphers).sort()).toEqual([
    "AES_128_CBC",
    "AES_128_GCM",
    "AES_256_CBC",
    "AES_256_GCM",
    "CHACHA20_POLY1305",
  ]);
  expect(Object.keys(noble.groups)).toEqual(["x25519", "secp256r1", "secp384r1", "secp521r1"]);
  expect(noble.canVerify({ type: "ed25519" })).toBe(true);
});
