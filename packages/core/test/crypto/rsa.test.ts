/**
 * Checks RSA's public operations with node:crypto and with forged blocks that the private key signed, and the unpadding
 * of a premaster secret.
 * @module
 */
import {
  constants,
  createPrivateKey,
  generateKeyPairSync,
  generatePrimeSync,
  type KeyObject,
  privateDecrypt,
  sign,
} from "node:crypto";
import { beforeAll, describe, expect, test } from "vitest";
import { concat, fromHex, toHex } from "../../src/bytes/bytes.ts";
import { powerModulo } from "../../src/crypto/bigEndian.ts";
import { noble } from "../../src/crypto/noble.ts";
import { unpadPremaster } from "../../src/crypto/premaster.ts";
import { encryptPkcs1, type RsaHashName } from "../../src/crypto/rsa.ts";
import { type RsaPublicKey, rsaKeyFault } from "../../src/crypto/rsaKey.ts";
import { vectorFile } from "./support.ts";

const hashNames: readonly RsaHashName[] = ["sha256", "sha384", "sha512"];
const message = new TextEncoder().encode("a message");

const number = (bytes: Uint8Array): bigint => BigInt(`0x${toHex(bytes)}`);
const bytesOf = (value: bigint, length: number): Uint8Array => fromHex(value.toString(16).padStart(2 * length, "0"));
const fromBase64Url = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, "base64url"));

interface Pair {
  readonly key: RsaPublicKey;
  readonly secret: KeyObject;
  readonly length: number;
  /** The private-key operation without padding. */
  raw(block: Uint8Array): Uint8Array;
}

function pairOf(secret: KeyObject): Pair {
  const { n, e, d } = secret.export({ format: "jwk" });
  const modulus = fromBase64Url(n!);
  return {
    key: { type: "rsa", modulus, exponent: fromBase64Url(e!), pssOnly: false },
    secret,
    length: modulus.length,
    raw: (block) => bytesOf(powerModulo(number(block), number(fromBase64Url(d!)), number(modulus)), modulus.length),
  };
}

const pair = (bits: number, publicExponent = 65537): Pair =>
  pairOf(generateKeyPairSync("rsa", { modulusLength: bits, publicExponent }).privateKey);

/** A pair with a modulus of 2049 bits, which OpenSSL can use but not generate. */
function oddPair(): Pair {
  const e = 65537n;
  const p = generatePrimeSync(1025, { bigint: true });
  const q = generatePrimeSync(1024, { bigint: true });
  const order = (p - 1n) * (q - 1n);
  // By Fermat's little theorem, order^(e-2) is the inverse of `order` modulo e, and q^(p-2) that of q modulo p.
  const d = (1n + order * ((e - powerModulo(order, e - 2n, e)) % e)) / e;
  const field = (value: bigint): string =>
    Buffer.from(bytesOf(value, Math.ceil(value.toString(16).length / 2))).toString("base64url");
  const key = {
    kty: "RSA",
    n: field(p * q),
    e: field(e),
    d: field(d),
    p: field(p),
    q: field(q),
    dp: field(d % (p - 1n)),
    dq: field(d % (q - 1n)),
    qi: field(powerModulo(q, p - 2n, p)),
  };
  return pairOf(createPrivateKey({ key, format: "jwk" }));
}

let rsa: Pair;
/** A modulus with one bit more than a multiple of eight: a PSS block is one byte shorter than the modulus. */
let odd: Pair;
let cubic: Pair;
beforeAll(() => {
  rsa = pair(2048);
  odd = oddPair();
  expect(odd.length).toBe(257);
  cubic = pair(2048, 3);
});

const verify = (type: "rsa_pkcs1" | "rsa_pss", hash: RsaHashName, key: RsaPublicKey, signature: Uint8Array) =>
  noble.verify({ type, hash }, key, message, signature);

const nodeSign = (keys: Pair, hash: RsaHashName, options: object = {}): Uint8Array =>
  new Uint8Array(sign(hash, message, { key: keys.secret, ...options }));

const pss = (length: number) => ({ padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: length });

describe("verify", () => {
  test.each(hashNames)("accepts signatures of node:crypto with %s, and no others", async (hash) => {
    const saltLength = noble.hashes[hash].outputLength;
    for (const keys of [rsa, odd, cubic]) {
      for (const [type, signature] of [
        ["rsa_pkcs1", nodeSign(keys, hash)],
        ["rsa_pss", nodeSign(keys, hash, pss(saltLength))],
      ] as const) {
        expect(await verify(type, hash, keys.key, signature)).toBe(true);
        expect(await verify(type === "rsa_pss" ? "rsa_pkcs1" : "rsa_pss", hash, keys.key, signature)).toBe(false);
        for (const other of hashNames.filter((name) => name !== hash))
          expect(await verify(type, other, keys.key, signature)).toBe(false);
        expect(await verify(type, hash, (keys === rsa ? odd : rsa).key, signature)).toBe(false);
        for (const at of [0, 100, signature.length - 1]) {
          const changed = signature.slice();
          changed[at]! ^= 1;
          expect(await verify(type, hash, keys.key, changed)).toBe(false);
        }
      }
    }
  });

  test("requires a signature that is as long as the modulus and below it", async () => {
    const signature = nodeSign(rsa, "sha256");
    expect(await verify("rsa_pkcs1", "sha256", rsa.key, concat(Uint8Array.of(0), signature))).toBe(false);
    expect(await verify("rsa_pkcs1", "sha256", rsa.key, concat(signature, Uint8Array.of(0)))).toBe(false);
    expect(await verify("rsa_pkcs1", "sha256", rsa.key, signature.subarray(1))).toBe(false);
    expect(await verify("rsa_pkcs1", "sha256", rsa.key, new Uint8Array(0))).toBe(false);
    // s + n is the same number modulo n, and fits into the 257 bytes of a modulus of 2049 bits.
    const again = number(nodeSign(odd, "sha256")) + number(odd.key.modulus);
    expect(await verify("rsa_pkcs1", "sha256", odd.key, bytesOf(again, odd.length))).toBe(false);
  });

  test("ignores a leading zero of the modulus, which DER adds, and of the exponent", async () => {
    const key = { ...rsa.key, modulus: concat(Uint8Array.of(0), rsa.key.modulus), exponent: Uint8Array.of(0, 1, 0, 1) };
    expect(await verify("rsa_pkcs1", "sha256", key, nodeSign(rsa, "sha256"))).toBe(true);
    expect(await verify("rsa_pss", "sha256", key, nodeSign(rsa, "sha256", pss(32)))).toBe(true);
  });

  test("accepts only PSS for a key that is for PSS only", async () => {
    const key = { ...rsa.key, pssOnly: true };
    expect(await verify("rsa_pkcs1", "sha256", key, nodeSign(rsa, "sha256"))).toBe(false);
    expect(await verify("rsa_pss", "sha256", key, nodeSign(rsa, "sha256", pss(32)))).toBe(true);
  });
});

describe("PKCS#1 v1.5 with forged blocks", () => {
  const nullPrefix = "3031300d060960864801650304020105000420";
  const info = (prefix: string): Uint8Array => concat(fromHex(prefix), noble.hashes.sha256.digest(message));
  /** 00 01 FF… 00, then `part`, then `tail` zeros. The padding fills the block. */
  const block = (part: Uint8Array, { type = 1, padding = 0xff, tail = 0, zero = 0 } = {}): Uint8Array => {
    const out = new Uint8Array(256).fill(padding);
    out.set([0, type]);
    const end = 256 - tail;
    out[end - part.length - 1] = zero;
    out.set(part, end - part.length);
    out.fill(0, end);
    return out;
  };
  const accepts = (padded: Uint8Array) => verify("rsa_pkcs1", "sha256", rsa.key, rsa.raw(padded));

  test("accepts the correct block, with and without NULL (RFC 5246 §4.7)", async () => {
    expect(await accepts(block(info(nullPrefix)))).toBe(true);
    expect(await accepts(block(info("302f300b06096086480165030402010420")))).toBe(true);
  });

  test.each([
    ["garbage after the digest (Bleichenbacher 2006)", () => block(info(nullPrefix), { tail: 64 })],
    ["block type 2", () => block(info(nullPrefix), { type: 2 })],
    ["block type 0", () => block(info(nullPrefix), { type: 0, padding: 0 })],
    ["padding that is not FF", () => block(info(nullPrefix), { padding: 0xfe })],
    ["no zero before the DigestInfo", () => block(info(nullPrefix), { zero: 0xff })],
    ["another hash's identifier", () => block(info("3031300d060960864801650304020205000420"))],
    ["BER: a long form length", () => block(info("308131300d060960864801650304020105000420"))],
    ["parameters other than NULL", () => block(info("3031300d060960864801650304020104000420"))],
    ["the bare digest", () => block(noble.hashes.sha256.digest(message))],
  ])("refuses %s", async (_name, make) => {
    expect(await accepts(make())).toBe(false);
  });
});

describe("PSS verification", () => {
  test.each([0, 20, 31, 33, 64])("refuses a salt of %i bytes", async (length) => {
    expect(await verify("rsa_pss", "sha256", rsa.key, nodeSign(rsa, "sha256", pss(length)))).toBe(false);
  });

  type Fault = readonly [string, "rsa" | "odd", (block: Uint8Array) => void];
  const flip = (at: number, bit: number) => (block: Uint8Array) => {
    block[at]! ^= bit;
  };
  const faults: readonly Fault[] = [
    ["the trailer", "rsa", flip(255, 1)],
    ["the hash", "rsa", flip(254, 1)],
    ["the padding", "rsa", flip(10, 1)],
    ["the salt", "rsa", flip(222, 1)],
    ["the unused bit", "rsa", flip(0, 0x80)],
    ["the unused byte", "odd", flip(0, 1)],
  ];
  test.each(faults)("refuses a fault in %s", async (_name, which, corrupt) => {
    const keys = which === "odd" ? odd : rsa;
    const open = (signature: Uint8Array) =>
      bytesOf(powerModulo(number(signature), number(keys.key.exponent), number(keys.key.modulus)), keys.length);
    for (;;) {
      const opened = open(nodeSign(keys, "sha256", pss(32)));
      const corrupted = opened.slice();
      corrupt(corrupted);
      // Only a number below the modulus can be signed. If the fault sets the top bit, at least one block in eight is.
      if (number(corrupted) >= number(keys.key.modulus)) continue;
      expect(await verify("rsa_pss", "sha256", keys.key, keys.raw(opened))).toBe(true);
      expect(await verify("rsa_pss", "sha256", keys.key, keys.raw(corrupted))).toBe(false);
      return;
    }
  });
});

describe("limits on keys", () => {
  const key = (bits: number, exponent: string, even = false): RsaPublicKey => {
    const modulus = bytesOf((1n << BigInt(bits - 1)) | (even ? 0n : 1n), Math.ceil(bits / 8));
    return { type: "rsa", modulus, exponent: fromHex(exponent), pssOnly: false };
  };

  test("accept odd moduli of 2048 to 8192 bits, and odd exponents from 3 to 2^32 - 1", () => {
    expect(rsaKeyFault(key(2048, "010001"))).toBeUndefined();
    expect(rsaKeyFault(key(8192, "03"))).toBeUndefined();
    expect(rsaKeyFault(key(3072, "00ffffffff"))).toBeUndefined();
    expect(rsaKeyFault(key(2047, "010001"))).toContain("2047 bits");
    expect(rsaKeyFault(key(8193, "010001"))).toContain("8193 bits");
    expect(rsaKeyFault(key(2048, "010001", true))).toContain("even");
    for (const exponent of ["", "00", "01", "02", "010000", "0100000001", "ff".repeat(200)])
      expect(rsaKeyFault(key(2048, exponent)), exponent).toContain("exponent");
    expect(
      rsaKeyFault({ type: "rsa", modulus: new Uint8Array(300), exponent: Uint8Array.of(3), pssOnly: false }),
    ).toContain("0 bits");
  });

  test("apply to verification and to encryption", async () => {
    const weak = pair(1024);
    expect(await verify("rsa_pkcs1", "sha256", weak.key, nodeSign(weak, "sha256"))).toBe(false);
    expect(await verify("rsa_pss", "sha256", weak.key, nodeSign(weak, "sha256", pss(32)))).toBe(false);
    expect(() => encryptPkcs1(weak.key, message, (length) => new Uint8Array(length).fill(1))).toThrow("1024 bits");
  });
});

/** The private-key operation as `@handclasp/node` performs it. */
const nodeRaw = (keys: Pair, ciphertext: Uint8Array): Uint8Array =>
  new Uint8Array(privateDecrypt({ key: keys.secret, padding: constants.RSA_NO_PADDING }, ciphertext));

describe("encrypt", () => {
  test("builds the block 00 02, padding without a zero, 00, message; it replaces random bytes that are zero", () => {
    for (const keys of [rsa, odd]) {
      let calls = 0;
      const random = (length: number): Uint8Array => {
        calls++;
        return Uint8Array.from({ length }, (_, i) => ((i + calls) % 3 === 0 ? 0 : 1 + (i % 250)));
      };
      const sealed = encryptPkcs1(keys.key, message, random);
      expect(sealed).toHaveLength(keys.length);
      expect(calls).toBeGreaterThan(1);
      const block = nodeRaw(keys, sealed);
      expect([...block.subarray(0, 2)]).toEqual([0, 2]);
      const end = block.length - message.length - 1;
      expect(block.subarray(2, end).includes(0)).toBe(false);
      expect(block[end]).toBe(0);
      expect(block.subarray(end + 1)).toEqual(message);
    }
  });

  test("encrypts a premaster secret that unpadPremaster returns", async () => {
    const premaster = Uint8Array.from({ length: 48 }, (_, i) => (i < 2 ? 3 : i));
    let state = 7;
    const random = (length: number) =>
      Uint8Array.from({ length }, () => {
        state = (state * 1103515245 + 12345) & 0x7fffffff;
        return state >> 16;
      });
    const sealed = await noble.rsaEncrypt(rsa.key, premaster, random);
    expect(toHex(unpadPremaster(nodeRaw(rsa, sealed), 0x0303, new Uint8Array(48)))).toBe(toHex(premaster));
  });

  test("throws for a message that does not fit, and for a random source that returns only zeros", () => {
    const ones = (length: number) => new Uint8Array(length).fill(1);
    expect(encryptPkcs1(rsa.key, new Uint8Array(245), ones)).toHaveLength(256);
    expect(() => encryptPkcs1(rsa.key, new Uint8Array(246), ones)).toThrow(RangeError);
    expect(() => encryptPkcs1(rsa.key, message, (length) => new Uint8Array(length))).toThrow("random");
  });
});

const fallback = Uint8Array.from({ length: 48 }, (_, i) => 200 + i);
const goodBlock = (length = 256): Uint8Array => {
  const block = Uint8Array.from({ length }, (_, i) => 1 + (i % 255));
  block.set([0, 2]);
  block.set([0, 3, 3], length - 49);
  return block;
};

describe("unpadPremaster", () => {
  test.each([59, 256, 257, 1024])("returns the last 48 bytes of a correct block of %i bytes", (length) => {
    const block = goodBlock(length);
    expect(toHex(unpadPremaster(block, 0x0303, fallback))).toBe(toHex(block.subarray(length - 48)));
  });

  test("accepts any byte in the secret, including zeros", () => {
    for (const byte of [0, 1, 2, 0x7f, 0x80, 0xff]) {
      const block = goodBlock().fill(byte, 256 - 46);
      expect(toHex(unpadPremaster(block, 0x0303, fallback))).toBe(`0303${toHex(Uint8Array.of(byte)).repeat(46)}`);
    }
  });

  test("returns the fallback for every other value of each byte that must have one value", () => {
    for (const at of [0, 1, 207, 208, 209]) {
      for (let value = 0; value < 256; value++) {
        const block = goodBlock();
        const isCorrect = block[at] === value;
        block[at] = value;
        expect(toHex(unpadPremaster(block, 0x0303, fallback)) === toHex(fallback), `${at}: ${value}`).toBe(!isCorrect);
      }
    }
  });

  test("returns the fallback for a zero anywhere in the padding, and for no other byte", () => {
    for (let at = 2; at < 207; at++) {
      for (const value of [0, 1, 2, 0x80, 0xff]) {
        const block = goodBlock();
        block[at] = value;
        expect(toHex(unpadPremaster(block, 0x0303, fallback)) === toHex(fallback), `${at}: ${value}`).toBe(value === 0);
      }
    }
  });

  test("requires the version that it is given, which must be that of ClientHello", () => {
    const block = goodBlock();
    expect(unpadPremaster(block, 0x0304, fallback)).toEqual(fallback);
    expect(unpadPremaster(block, 0x0203, fallback)).toEqual(fallback);
    block[209] = 4;
    expect(unpadPremaster(block, 0x0304, fallback)).toEqual(block.subarray(208));
  });

  test("returns the fallback for a block that is too short, and throws for a fallback of another length", () => {
    // In a block of 58 bytes everything is correct except the padding, which has seven bytes.
    for (const block of [...[0, 47, 48, 49].map((length) => new Uint8Array(length)), goodBlock(58)]) {
      const out = unpadPremaster(block, 0x0303, fallback);
      expect(out).toEqual(fallback);
      expect(out).not.toBe(fallback);
    }
    expect(() => unpadPremaster(goodBlock(), 0x0303, new Uint8Array(47))).toThrow(RangeError);
  });

  test("reads the same bytes in the same order for any contents", () => {
    const trace = (block: Uint8Array): { reads: string; out: string } => {
      const reads: string[] = [];
      const watch = (name: string, bytes: Uint8Array): Uint8Array =>
        new Proxy(bytes, {
          get(target, property) {
            reads.push(name + String(property));
            return Reflect.get(target, property, target) as unknown;
          },
        });
      const out = unpadPremaster(watch("b", block), 0x0303, watch("f", fallback));
      return { reads: reads.join(), out: toHex(out) };
    };
    const good = trace(goodBlock());
    expect(good.out).not.toBe(toHex(fallback));
    for (const at of [0, 1, 2, 100, 206, 207, 208, 209]) {
      const block = goodBlock();
      block[at] = at === 207 ? 9 : at > 1 && at < 207 ? 0 : 77;
      const bad = trace(block);
      expect(bad.out).toBe(toHex(fallback));
      expect(bad.reads).toBe(good.reads);
    }
    expect(trace(new Uint8Array(256)).reads).toBe(good.reads);
  });
});

describe("Wycheproof's RSAES-PKCS1-v1_5 ciphertexts", () => {
  const { path, read } = vectorFile("wycheproof/rsa_pkcs1_2048_test.json");
  if (!read) test.skip(`no vectors at ${path}; set HANDCLASP_VECTORS to their folder`);
  else
    test("give the fallback: none is a premaster secret, and the valid ones have another length or version", () => {
      interface File {
        testGroups: {
          privateKey: { modulus: string; privateExponent: string };
          tests: { tcId: number; msg: string; ct: string; result: string }[];
        }[];
      }
      let seen = 0;
      let unpadded = 0;
      for (const { privateKey, tests } of (read() as File).testGroups) {
        const n = BigInt(`0x${privateKey.modulus}`);
        const d = BigInt(`0x${privateKey.privateExponent}`);
        for (const { tcId, msg, ct, result } of tests) {
          // A ciphertext of another length, or one that is not below the modulus, is never decrypted.
          if (ct.length !== 512 || BigInt(`0x${ct}`) >= n) {
            expect(result).toBe("invalid");
            continue;
          }
          const block = bytesOf(powerModulo(BigInt(`0x${ct}`), d, n), 256);
          expect(unpadPremaster(block, 0x0303, fallback), `${tcId}`).toEqual(fallback);
          seen++;
          if (result !== "valid" || msg.length < 4) continue;
          // A block with the same two first bytes is accepted if it holds a premaster secret.
          const start = 256 - msg.length / 2;
          expect(toHex(block.subarray(start))).toBe(msg);
          const padded = concat(
            block.subarray(0, 2),
            new Uint8Array(205).fill(9),
            Uint8Array.of(0, 3, 3),
            new Uint8Array(46),
          );
          expect(unpadPremaster(padded, 0x0303, fallback)).not.toEqual(fallback);
          unpadded++;
        }
      }
      expect(seen).toBeGreaterThan(50);
      expect(unpadded).toBeGreaterThan(20);
    });
});
