import {
  createCipheriv,
  createPrivateKey,
  generateKeyPairSync,
  type KeyObject,
  pbkdf2Sync,
  randomBytes,
  scryptSync,
} from "node:crypto";
import { describe, expect, it } from "vitest";
import { noble } from "../../src/crypto/noble.ts";
import { TlsError } from "../../src/errors.ts";
import type { PrivateKeySource } from "../../src/x509/findPrivateKey.ts";
import { privateKeyToPkcs8, readPrivateKey } from "../../src/x509/privateKey.ts";
import { ca, int, NULL, octets, oid, parsed, seq, spkiOf, tlv } from "./make.ts";

const pss = generateKeyPairSync("rsa-pss", { modulusLength: 2048 });
const keys = {
  "P-256": generateKeyPairSync("ec", { namedCurve: "P-256" }),
  "P-384": generateKeyPairSync("ec", { namedCurve: "P-384" }),
  "P-521": generateKeyPairSync("ec", { namedCurve: "P-521" }),
  Ed25519: generateKeyPairSync("ed25519"),
  "RSA-2048": generateKeyPairSync("rsa", { modulusLength: 2048 }),
  "RSA-PSS": pss,
  "RSA-PSS for SHA-384": generateKeyPairSync("rsa-pss", {
    modulusLength: 2048,
    hashAlgorithm: "sha384",
    mgf1HashAlgorithm: "sha384",
    // @types/node declares a string; Node.js needs a number.
    saltLength: 48 as unknown as string,
  }),
};
const names = Object.keys(keys) as (keyof typeof keys)[];
const pkcs8 = ({ privateKey }: { privateKey: KeyObject }) =>
  new Uint8Array(privateKey.export({ type: "pkcs8", format: "der" }));
const pem = (label: string, der: Uint8Array) =>
  `-----BEGIN ${label}-----\n${Buffer.from(der).toString("base64")}\n-----END ${label}-----\n`;

/** The configuration error for a source. */
async function refusal(source: PrivateKeySource, options = {}): Promise<TlsError> {
  try {
    await readPrivateKey(source, options);
  } catch (error) {
    if (TlsError.is(error) && error.fault === "configuration" && error.advice) return error;
    throw error;
  }
  throw new Error("the key was read");
}
const messageFor = async (source: PrivateKeySource, options = {}) => (await refusal(source, options)).message;

/** Expects that Node.js reads the same key from our PKCS#8. */
async function expectSame(source: PrivateKeySource, { privateKey }: { privateKey: KeyObject }, options = {}) {
  const key = await readPrivateKey(source, options);
  const again = createPrivateKey({ key: Buffer.from(privateKeyToPkcs8(key)), format: "der", type: "pkcs8" });
  if (key.type !== "rsa" || !key.pssOnly) expect(again.equals(privateKey)).toBe(true);
  else expect(pkcs8({ privateKey: again }).slice(-600)).toEqual(pkcs8({ privateKey }).slice(-600));
  return key;
}

describe("a private key is read from", () => {
  it.each(names)("PKCS#8, PEM or DER: %s", async (name) => {
    const der = pkcs8(keys[name]);
    const text = pem("PRIVATE KEY", der);
    const root = pem("CERTIFICATE", ca("Root").der);
    for (const source of [der, text, Buffer.from(text), `${root}${text}${root}`]) await expectSame(source, keys[name]);
  });

  it("SEC1 and PKCS#1", async () => {
    for (const name of ["P-256", "P-384", "P-521"] as const) {
      for (const format of ["pem", "der"] as const)
        await expectSame(
          keys[name].privateKey.export({ type: "sec1", format } as { type: "sec1"; format: "pem" }),
          keys[name],
        );
    }
    const { privateKey } = keys["RSA-2048"];
    await expectSame(privateKey.export({ type: "pkcs1", format: "pem" }), keys["RSA-2048"]);
    await expectSame(new Uint8Array(privateKey.export({ type: "pkcs1", format: "der" })), keys["RSA-2048"]);
    const parameters = "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n";
    await expectSame(
      `${parameters}${pem("EC PRIVATE KEY", keys["P-256"].privateKey.export({ type: "sec1", format: "der" }))}`,
      keys["P-256"],
    );
  });

  it("JWK, as an object or text", async () => {
    for (const name of names.slice(0, 5)) {
      const jwk = keys[name].privateKey.export({ format: "jwk" });
      await expectSame(jwk, keys[name]);
      await expectSame(JSON.stringify(jwk), keys[name]);
    }
  });

  it("OneAsymmetricKey, with attributes and a public key", async () => {
    const { publicKey } = keys.Ed25519;
    const point = new Uint8Array(publicKey.export({ type: "spki", format: "der" })).slice(-32);
    const seed = pkcs8(keys.Ed25519).slice(-34);
    const attributes = tlv(0xa0, seq(oid("1.2.3.4"), tlv(0x31, NULL)));
    const whole = seq(int(1), seq(oid("1.3.101.112")), octets(seed), attributes, tlv(0x81, new Uint8Array(1), point));
    await expectSame(whole, keys.Ed25519);
  });

  it("PKCS#8 with an RSASSA-PSS key, with the hash that restricts it", async () => {
    expect(await readPrivateKey(pkcs8(pss))).toMatchObject({ type: "rsa", pssOnly: true, pssHash: undefined });
    expect(await readPrivateKey(pkcs8(keys["RSA-PSS for SHA-384"]))).toMatchObject({
      pssOnly: true,
      pssHash: "sha384",
    });
  });
});

it("PKCS#8 that we write has an EC key's public key if it is known", async () => {
  const key = await readPrivateKey(pkcs8(keys["P-384"]));
  const { publicKey } = parsed(ca("Root", { key: keys["P-384"] }));
  expect(privateKeyToPkcs8(key, publicKey)).toEqual(pkcs8(keys["P-384"]));
  expect(privateKeyToPkcs8(key).length).toBeLessThan(pkcs8(keys["P-384"]).length);
});

const ids = {
  pbes2: oid("1.2.840.113549.1.5.13"),
  pbkdf2: oid("1.2.840.113549.1.5.12"),
  scrypt: oid("1.3.6.1.4.1.11591.4.11"),
  sha1: oid("1.2.840.113549.2.7"),
  sha256: oid("1.2.840.113549.2.9"),
  sha384: oid("1.2.840.113549.2.10"),
  sha512: oid("1.2.840.113549.2.11"),
  "aes-128-cbc": oid("2.16.840.1.101.3.4.1.2"),
  "aes-192-cbc": oid("2.16.840.1.101.3.4.1.22"),
  "aes-256-cbc": oid("2.16.840.1.101.3.4.1.42"),
  "des-ede3-cbc": oid("1.2.840.113549.3.7"),
};
const lengths = { "aes-128-cbc": 16, "aes-192-cbc": 24, "aes-256-cbc": 32, "des-ede3-cbc": 24 };
const salt = randomBytes(16);
const iv = randomBytes(16);
const big = (n: number) => tlv(2, Uint8Array.of(0, n >>> 24, (n >>> 16) & 255, (n >>> 8) & 255, n & 255));

/** Makes an EncryptedPrivateKeyInfo with the cryptography of Node.js. */
function encrypted(
  plain: Uint8Array,
  kdf: Uint8Array,
  key: Uint8Array,
  cipher: keyof typeof lengths = "aes-256-cbc",
): Uint8Array {
  const context = createCipheriv(cipher, key, cipher === "des-ede3-cbc" ? iv.subarray(0, 8) : iv);
  const parameters = seq(kdf, seq(ids[cipher], octets(iv)));
  return seq(seq(ids.pbes2, parameters), octets(Buffer.concat([context.update(plain), context.final()])));
}
function underPbkdf2(
  plain: Uint8Array,
  prf: "sha1" | "sha256" | "sha384" | "sha512" = "sha256",
  cipher: keyof typeof lengths = "aes-256-cbc",
  passphrase = "pässwörd",
): Uint8Array {
  const kdf = seq(ids.pbkdf2, seq(octets(salt), int(100), ...(prf === "sha1" ? [] : [seq(ids[prf], NULL)])));
  return encrypted(plain, kdf, pbkdf2Sync(passphrase, salt, 100, lengths[cipher], prf), cipher);
}

describe("an encrypted key", () => {
  const plain = pkcs8(keys["P-256"]);
  const passphrase = "pässwörd";

  it.each(["sha1", "sha256", "sha384", "sha512"] as const)(
    "is decrypted with PBKDF2, %s and AES of each size",
    async (prf) => {
      for (const cipher of ["aes-128-cbc", "aes-192-cbc", "aes-256-cbc"] as const) {
        const der = underPbkdf2(plain, prf, cipher);
        await expectSame(der, keys["P-256"], { passphrase });
        await expectSame(pem("ENCRYPTED PRIVATE KEY", der), keys["P-256"], { passphrase: Buffer.from(passphrase) });
      }
    },
  );

  it("is decrypted as Node.js writes it", async () => {
    for (const name of names) {
      const options = { type: "pkcs8", format: "pem", cipher: "aes-256-cbc", passphrase } as const;
      await expectSame(keys[name].privateKey.export(options), keys[name], { passphrase });
    }
  });

  it("is decrypted with scrypt", async () => {
    const kdf = seq(ids.scrypt, seq(octets(salt), int(1024), int(8), int(1)));
    const der = encrypted(plain, kdf, scryptSync(passphrase, salt, 32, { N: 1024, r: 8, p: 1 }));
    await expectSame(der, keys["P-256"], { passphrase });
  });

  it("is decrypted with the host's PBKDF2 if it is given", async () => {
    const calls: unknown[] = [];
    await expectSame(underPbkdf2(plain, "sha384"), keys["P-256"], {
      passphrase,
      pbkdf2: async (hash: string, password: Uint8Array, salted: Uint8Array, iterations: number, length: number) => {
        calls.push(hash, iterations, length);
        return new Uint8Array(pbkdf2Sync(password, salted, iterations, length, hash));
      },
    });
    expect(calls).toEqual(["sha384", 100, 32]);
  });

  it("needs the right passphrase, and the error tells a missing one from a wrong one", async () => {
    const der = underPbkdf2(plain);
    expect((await refusal(der)).code).toBe("passphrase_needed");
    expect((await refusal(pem("ENCRYPTED PRIVATE KEY", der))).code).toBe("passphrase_needed");
    // 300 wrong keys, because one in 256 yields valid padding by chance.
    const noise = { passphrase: "wrong", pbkdf2: () => new Uint8Array(randomBytes(32)) };
    for (let i = 0; i < 300; i++) expect((await refusal(der, noise)).code).toBe("wrong_passphrase");
    expect((await refusal(der, { passphrase: "" })).code).toBe("wrong_passphrase");
  });

  it("needs bounded work, and is refused if its scheme is too costly, too weak or unsupported", async () => {
    const kdf = (...parameters: Uint8Array[]) => seq(ids.pbkdf2, seq(octets(salt), ...parameters));
    const scrypt = (...costs: number[]) => seq(ids.scrypt, seq(octets(salt), ...costs.map(big2)));
    const big2 = (n: number) => (n < 32768 ? int(n) : big(n));
    const key = new Uint8Array(32);
    const cases: [string, Uint8Array][] = [
      ["3000001 iterations", encrypted(plain, kdf(tlv(2, Uint8Array.of(0x2d, 0xc6, 0xc1))), key)],
      ["0 iterations", encrypted(plain, kdf(int(0)), key)],
      ["bytes of scrypt", encrypted(plain, scrypt(0x4000, 8, 5), key)],
      ["bytes of scrypt", encrypted(plain, scrypt(0x4000, 0x4000, 1), key)],
      ["power of two", encrypted(plain, scrypt(1000, 8, 1), key)],
      ["keyLength", encrypted(plain, kdf(int(100), int(16)), key)],
      ["not supported", encrypted(plain, kdf(int(100)), key.subarray(8), "des-ede3-cbc")],
      ["not supported", encrypted(plain, kdf(int(100), seq(oid("1.2.840.113549.2.8"), NULL)), key)],
      ["not supported", encrypted(plain, seq(oid("1.2.3.4"), NULL), key)],
      ["not supported", seq(seq(oid("1.2.840.113549.1.5.3"), seq(octets(salt), int(100))), octets(key))],
    ];
    for (const [message, der] of cases) expect(await messageFor(der, { passphrase })).toContain(message);
  });
});

describe("a source without a usable private key is recognised:", () => {
  const { publicKey, privateKey } = keys["P-256"];
  const jwk = privateKey.export({ format: "jwk" });
  const rsaJwk = keys["RSA-2048"].privateKey.export({ format: "jwk" });
  const legacy = privateKey.export({ type: "sec1", format: "pem", cipher: "aes-128-cbc", passphrase: "x" });
  const secret = pkcs8(keys["P-256"]).slice(36, 68);
  const sec1 = (...parts: Uint8Array[]) => seq(int(1), octets(secret), ...parts);
  const P256 = oid("1.2.840.10045.3.1.7");
  const ec = (inner: Uint8Array, curve = P256) => seq(int(0), seq(oid("1.2.840.10045.2.1"), curve), octets(inner));
  const other = (type: "x25519" | "ed448" | "dsa") =>
    pkcs8(
      type === "dsa"
        ? generateKeyPairSync("dsa", { modulusLength: 1024, divisorLength: 160 })
        : generateKeyPairSync(type as "ed448"),
    );

  const rows: [string, string, PrivateKeySource][] = [
    ["a certificate, DER", "is a certificate", ca("Root").der],
    ["a certificate, PEM", "is a certificate", pem("CERTIFICATE", ca("Root").der)],
    ["a public key", "is a public key", publicKey.export({ type: "spki", format: "pem" })],
    ["a public key, DER", "is a public key", spkiOf(keys["P-256"])],
    ["a public JWK", "is a public key", publicKey.export({ format: "jwk" })],
    ["the name of a file", "name of a file", "/etc/ssl/private/server.key"],
    ["the name of a file", "name of a file", "server.key"],
    ["an empty text", "key: empty (the file is empty", ""],
    ["a text that is not PEM", "BEGIN PRIVATE KEY", "hello"],
    ["bytes that are not DER", "no private key", Uint8Array.of(1, 2, 3)],
    ["DER of another structure", "no private key", seq(int(1), int(2))],
    ["DER that is cut off", "no private key", pkcs8(keys["P-256"]).slice(0, -1)],
    ["DER with bytes after it", "no private key", Buffer.concat([pkcs8(keys["P-256"]), NULL])],
    ["two keys", "2 private keys", pem("PRIVATE KEY", pkcs8(keys["P-256"])).repeat(2)],
    ["a key of OpenSSH", "ssh-keygen", pem("OPENSSH PRIVATE KEY", Uint8Array.of(1, 2, 3))],
    ["PEM under a legacy passphrase", "openssl pkcs8", legacy],
    ["RSA-1024", "1024 bits", pkcs8(generateKeyPairSync("rsa", { modulusLength: 1024 }))],
    ["secp256k1", "another curve", pkcs8(generateKeyPairSync("ec", { namedCurve: "secp256k1" }))],
    [
      "explicit parameters",
      "explicit",
      pkcs8(generateKeyPairSync("ec", { namedCurve: "P-256", paramEncoding: "explicit" })),
    ],
    ["explicit parameters", "explicit", sec1(tlv(0xa0, seq(int(1))))],
    ["X25519", "1.3.101.110", other("x25519")],
    ["Ed448", "1.3.101.113", other("ed448")],
    ["DSA", "1.2.840.10040.4.1", other("dsa")],
    ["SEC1 without a curve", "without a curve", sec1()],
    ["two curves", "two curves", ec(sec1(tlv(0xa0, oid("1.3.132.0.34"))))],
    ["a key of another length", "32 bytes", ec(sec1(), oid("1.3.132.0.34"))],
    ["SEC1 of another version", "version", ec(seq(int(2), octets(secret)))],
    ["PKCS#8 of another version", "version", seq(int(2), seq(oid("1.3.101.112")), octets(octets(secret)))],
    ["Ed25519 with parameters", "too many", seq(int(0), seq(oid("1.3.101.112"), NULL), octets(octets(secret)))],
    ["Ed25519 of 31 bytes", "not 32 bytes", seq(int(0), seq(oid("1.3.101.112")), octets(octets(secret.slice(1))))],
    ["RSA of three primes", "two primes", seq(int(1), ...Array.from({ length: 8 }, () => int(3)), seq(seq(int(3))))],
    ["PSS for SHA-1", "restrictions", seq(int(0), seq(oid("1.2.840.113549.1.1.10"), seq()), octets(seq(int(0))))],
    ["text that is not JSON", "not JSON", "{"],
    ["a JWK without kty", "no private key in this object", { d: "AA" }],
    ["a symmetric JWK", "not supported", { kty: "oct", k: "AA", d: "AA" }],
    ["a JWK on secp256k1", "another curve", { ...jwk, crv: "secp256k1" }],
    ["a JWK on X25519", "not supported", { kty: "OKP", crv: "X25519", d: jwk.d }],
    ["a JWK that is not base64url", "base64url", { ...jwk, d: `${jwk.d}=` }],
    ["a JWK too short", "30 bytes", { ...jwk, d: jwk.d!.slice(0, 40) }],
    ["an RSA JWK with its primes left out", "base64url", { kty: "RSA", n: rsaJwk.n, e: rsaJwk.e, d: rsaJwk.d }],
    ["an RSA JWK of more primes", "two primes", { ...rsaJwk, oth: [] }],
  ];
  it.each(rows)("%s: %s", async (_, message, source) => {
    expect(await messageFor(source)).toContain(message);
  });

  it("no error repeats the key", async () => {
    const body = Buffer.from(pkcs8(keys["P-256"])).toString("base64");
    for (const source of [
      body,
      `${body}.`,
      `-----BEGIN PRIVATE KEY-----\n${body}`,
      `{"d":"${jwk.d}"`,
      { ...jwk, d: `${jwk.d}=` },
    ]) {
      const message = await messageFor(source);
      expect(message).not.toContain(body.slice(50, 80));
      expect(message).not.toContain(jwk.d!.slice(0, 20));
    }
  });
});

it("a mutated key is read or refused with a configuration error", async () => {
  const der = pkcs8(keys["P-256"]);
  const locked = underPbkdf2(der);
  const rsa = new Uint8Array(keys["RSA-2048"].privateKey.export({ type: "pkcs1", format: "der" })).slice(0, 400);
  for (const original of [der, locked, rsa]) {
    for (let at = 0; at < Math.min(original.length, 150); at++) {
      for (const flip of [1, 0x80, 0xff]) {
        const changed = Object.assign(original.slice(), { [at]: original[at]! ^ flip });
        const pbkdf2 = () => noble.hashes.sha256.digest(salt);
        await readPrivateKey(changed, { passphrase: "x", pbkdf2 }).catch((error: unknown) => {
          if (!TlsError.is(error) || error.fault !== "configuration") throw error;
        });
      }
    }
  }
});

describe("a value that only JavaScript callers can pass as a key", () => {
  it.each([
    [undefined, "no private key in this undefined"],
    [null, "key: null (leave it out"],
    [7, "no private key in this number"],
    [{}, "no private key in this object"],
    [[], "no private key in this object"],
    ["{}", "no private key in this object"],
  ])("%j is refused", async (source, message) => {
    await expect(readPrivateKey(source as never)).rejects.toMatchObject({
      code: "configuration",
      message: expect.stringContaining(message),
    });
  });
});
