/**
 * The contract of a CryptoProvider, as cases that compare a provider with another one. The {@link ContractSigner}s hold
 * the private keys for signatures and decryption.
 * @module
 */

import {
  type Awaitable,
  type CipherName,
  type Credential,
  type CryptoProvider,
  type CurveName,
  type EcKeyCurveName,
  finiteFieldGroups,
  type HashName,
  type KeyShare,
  type PublicKey,
  type Random,
  type SignatureAlgorithm,
  type SignatureScheme,
} from "@handclasp/core";
import { derElement, derInteger, finiteField, fromHex } from "@handclasp/core/unstable";

import { sealed } from "../sealed.ts";
import { assert, assertFails, assertSame, type ContractCase } from "./contract.ts";

/** A credential with the public key of its certificate. */
export interface ContractSigner {
  readonly name: string;
  readonly credential: Credential;
  readonly publicKey: PublicKey;
}

/**
 * The cases of `provider`'s contract, except those of {@link signatureContract}. `reference` is a provider that is
 * known to be right, for example noble.
 * @example
 * describe("nodeCrypto", () => {
 *   for (const { name, run } of providerContract(nodeCrypto, noble)) test(name, run);
 * });
 */
export function providerContract(provider: CryptoProvider, reference: CryptoProvider): readonly ContractCase[] {
  return [
    ...hashCases(provider, reference),
    ...aeadCases(provider, reference),
    ...cbcCases(provider, reference),
    ...ccmCases(provider),
    ...groupCases(provider, reference),
    ...finiteFieldCases(provider),
    ...randomCases(provider),
  ];
}

/**
 * Tests cannot show that bytes are random. These cases check the number of bytes, and that no two calls return the same
 * memory or the same bytes.
 */
function randomCases({ random }: CryptoProvider): ContractCase[] {
  if (!random) return [];
  return [
    {
      name: "random returns fresh bytes of the requested length",
      run: async () => {
        for (const length of [0, 1, 32, 70_000]) {
          const bytes = random(length);
          assertPlain(bytes, "random bytes");
          assert(bytes.length === length, `expected ${length} random bytes, got ${bytes.length}`);
        }
        const [first, second] = [random(32), random(32)];
        assert(first.buffer !== second.buffer, "two calls share memory, so wiping one result would wipe the other");
        assert(!sameBytes(first, second), "two calls returned the same bytes");
      },
    },
  ];
}

/**
 * The cases of `provider`'s `verify` and `rsaEncrypt`: one for each scheme of each signer, one for each signer's key,
 * and one for each key that decrypts.
 */
export function signatureContract(
  provider: CryptoProvider,
  reference: CryptoProvider,
  signers: readonly ContractSigner[],
): readonly ContractCase[] {
  return signers.flatMap((signer) => [
    ...signer.credential.schemes.map((scheme) => signatureCase(provider, reference, signer, scheme)),
    ...keyCases(provider, signer),
    ...encryptionCases(provider, signer),
  ]);
}

const entries = <K extends string, V>(table: { readonly [key in K]?: V | undefined }): [K, V][] =>
  Object.entries(table).filter(([, row]) => row !== undefined) as [K, V][];

/** Bytes that depend on `length` and `seed` only, and differ from position to position. */
function sample(length: number, seed = 1): Uint8Array {
  let state = (seed * 2654435761 + length) >>> 0;
  return Uint8Array.from({ length }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state >>> 24;
  });
}

const random: Random = (length) => {
  const bytes = new Uint8Array(length);
  (globalThis as unknown as { crypto: { getRandomValues(bytes: Uint8Array): void } }).crypto.getRandomValues(bytes);
  return bytes;
};

function flipped(bytes: Uint8Array, index: number, bit = 1): Uint8Array {
  const copy = bytes.slice();
  const at = index < 0 ? copy.length + index : index;
  copy[at] = (copy[at] as number) ^ bit;
  return copy;
}

const join = (...parts: readonly Uint8Array[]): Uint8Array => Uint8Array.from(parts.flatMap((part) => [...part]));

/** Asserts that `bytes` is not an instance of a subclass. A subclass's `slice()` may return a view: Buffer's does. */
function assertPlain(bytes: Uint8Array, what: string): void {
  assert(Object.getPrototypeOf(bytes) === Uint8Array.prototype, `${what} is not a plain Uint8Array`);
}

const lengthsAround = (blockLength: number): readonly number[] => [
  ...new Set([0, 1, 3, 55, 56, 63, 64, 65, 111, 112, 127, 128, 129, blockLength - 1, blockLength, 1000, 16384]),
];

function hashCases(provider: CryptoProvider, reference: CryptoProvider): ContractCase[] {
  return entries<HashName, CryptoProvider["hashes"][HashName]>(provider.hashes).flatMap(([name, hash]) => {
    const expected = reference.hashes[name];
    if (!hash || !expected) return [];
    return [
      {
        name: `${name}: digests and snapshots match the reference`,
        run: async () => {
          assert(hash.outputLength === expected.outputLength, "outputLength");
          assert(hash.blockLength === expected.blockLength, "blockLength");
          for (const length of lengthsAround(hash.blockLength)) {
            const data = sample(length);
            assertSame(hash.digest(data), expected.digest(data), `digest of ${length} bytes`);
            const incremental = hash.create().update(data.subarray(0, length >> 1));
            assertSame(
              incremental.snapshot(),
              expected.digest(data.subarray(0, length >> 1)),
              "snapshot after half of the bytes",
            );
            incremental.update(data.subarray(length >> 1));
            assertSame(incremental.snapshot(), expected.digest(data), `snapshot of ${length} bytes`);
            assertSame(incremental.snapshot(), expected.digest(data), "second snapshot");
          }
          assertPlain(hash.digest(sample(3)), "a digest");
          assertPlain(hash.create().snapshot(), "a snapshot");
        },
      },
      {
        name: `${name}: HMAC matches the reference`,
        run: async () => {
          for (const length of [0, 1, 20, 48, hash.blockLength, hash.blockLength + 1, 300]) {
            const key = sample(length, 2);
            const keyCopy = key.slice();
            const hmac = hash.hmac(keyCopy);
            keyCopy.fill(0);
            const message = sample(200, 3);
            const mac = expected.hmac(key).mac(message);
            assertSame(hmac.mac(message), mac, `HMAC with a key of ${length} bytes`);
            const parts = [message.subarray(0, 13), new Uint8Array(0), message.subarray(13)];
            assertSame(hmac.mac(...parts), mac, "HMAC of a message in parts, with the same key");
            assertSame(hmac.mac(), expected.hmac(key).mac(), "a message of no bytes");
            assertPlain(hmac.mac(message), "a MAC");
          }
        },
      },
    ];
  });
}

const keyLengths: Readonly<Record<CipherName, number>> = {
  AES_128_GCM: 16,
  AES_256_GCM: 32,
  CHACHA20_POLY1305: 32,
  AES_128_CCM: 16,
  AES_128_CCM_8: 16,
  AES_128_CBC: 16,
  AES_256_CBC: 32,
};

function aeadCases(provider: CryptoProvider, reference: CryptoProvider): ContractCase[] {
  const { AES_128_GCM, AES_256_GCM, CHACHA20_POLY1305, AES_128_CCM, AES_128_CCM_8 } = provider.ciphers;
  return entries({ AES_128_GCM, AES_256_GCM, CHACHA20_POLY1305, AES_128_CCM, AES_128_CCM_8 }).flatMap(
    ([name, make]) => {
      const key = sample(keyLengths[name], 4);
      const nonce = sample(12, 5);
      const additionalData = sample(13, 6);
      const tagLength = name === "AES_128_CCM_8" ? 8 : 16;
      const both = async () => {
        const keyCopy = key.slice();
        const mine = await make(keyCopy);
        keyCopy.fill(0);
        // noble has no CCM. `ccmCases` checks CCM with a known answer, and interop tests check it with peers.
        const theirs = reference.ciphers[name] ?? make;
        return { mine, theirs: await theirs(key) };
      };
      return [
        {
          name: `${name}: seals and opens`,
          run: async () => {
            const { mine, theirs } = await both();
            for (const length of [0, 1, 15, 16, 17, 255, 1024, 16384]) {
              const plaintext = sample(length, 7);
              const ciphertext = await sealed(mine, nonce, additionalData, plaintext, tagLength);
              assertSame(
                ciphertext,
                await sealed(theirs, nonce, additionalData, plaintext, tagLength),
                `${length} bytes sealed`,
              );
              assertPlain(ciphertext, "the ciphertext");
              const opened = await mine.open(nonce, additionalData, ciphertext);
              assertSame(opened, plaintext, `${length} bytes opened`);
              assertPlain(opened as Uint8Array, "the plaintext");
              assertSame(plaintext, sample(length, 7), "the input after the operation");
            }
            const bare = await sealed(mine, nonce, new Uint8Array(0), sample(9), tagLength);
            assertSame(await theirs.open(nonce, new Uint8Array(0), bare), sample(9), "opened without additional data");
          },
        },
        {
          name: `${name}: concurrent operations do not disturb each other`,
          run: async () => {
            const { mine, theirs } = await both();
            const ciphertexts = await Promise.all(
              Array.from({ length: 20 }, async (_, i) =>
                sealed(mine, sample(12, i), additionalData, sample(50 * i, i), tagLength),
              ),
            );
            const opened = await Promise.all(
              ciphertexts.map(async (bytes, i) => {
                assertSame(
                  await theirs.open(sample(12, i), additionalData, bytes),
                  sample(50 * i, i),
                  `operation ${i}`,
                );
                return mine.open(sample(12, i), additionalData, bytes);
              }),
            );
            for (const [i, bytes] of opened.entries()) assertSame(bytes, sample(50 * i, i), `operation ${i} opened`);
          },
        },
        {
          name: `${name}: open returns undefined if a bit is flipped, or if bytes are missing or added`,
          run: async () => {
            const { mine } = await both();
            const ciphertext = await sealed(mine, nonce, additionalData, sample(40, 8), tagLength);
            for (let i = 0; i < ciphertext.length; i++) {
              const opened = await mine.open(nonce, additionalData, flipped(ciphertext, i, 1 << (i % 8)));
              assert(opened === undefined, `a flipped bit in byte ${i} is accepted`);
            }
            for (const i of [0, 7, 12]) {
              assert(
                (await mine.open(nonce, flipped(additionalData, i), ciphertext)) === undefined,
                "a flipped bit of the additional data is accepted",
              );
            }
            for (const i of [0, 4, 11]) {
              assert(
                (await mine.open(flipped(nonce, i), additionalData, ciphertext)) === undefined,
                "a flipped bit of the nonce is accepted",
              );
            }
            for (const length of [0, 1, 7, 15, 16, ciphertext.length - 1]) {
              const opened = await mine.open(nonce, additionalData, ciphertext.subarray(0, length));
              assert(opened === undefined, `the first ${length} bytes are accepted`);
            }
            assert(
              (await mine.open(nonce, additionalData, join(ciphertext, new Uint8Array(1)))) === undefined,
              "a ciphertext with an extra byte is accepted",
            );
            assertSame(
              await mine.open(nonce, additionalData, ciphertext),
              sample(40, 8),
              "the right ciphertext, after all failures",
            );
          },
        },
        {
          name: `${name}: refuses keys and nonces of a wrong length`,
          run: async () => {
            const { mine } = await both();
            for (const length of [0, 15, 17, 24, 48 - key.length]) {
              await assertFails(() => make(new Uint8Array(length)), `a key of ${length} bytes`);
            }
            for (const length of [0, 8, 11, 13, 16]) {
              await assertFails(
                () => sealed(mine, new Uint8Array(length), additionalData, key, tagLength),
                `a nonce of ${length} bytes`,
              );
            }
          },
        },
      ];
    },
  );
}

/** SP 800-38C, example 3 (8 byte tag), and the 16 byte tag that Python's cryptography computes for the same input. */
const ccmAnswers = {
  AES_128_CCM: "e3b201a9f5b71a7a9b1ceaeccd97e70b6176aad9a4428aa5c87ae488918de93f17dd3e4934347f44",
  AES_128_CCM_8: "e3b201a9f5b71a7a9b1ceaeccd97e70b6176aad9a4428aa5484392fbc1b09951",
};

function ccmCases(provider: CryptoProvider): ContractCase[] {
  const { AES_128_CCM, AES_128_CCM_8 } = provider.ciphers;
  return entries({ AES_128_CCM, AES_128_CCM_8 }).map(([name, make]) => ({
    name: `${name}: seals to a known answer`,
    run: async () => {
      const count = (length: number, from: number) => Uint8Array.from({ length }, (_, i) => from + i);
      const context = await make(count(16, 0x40));
      const ciphertext = await sealed(
        context,
        count(12, 0x10),
        count(20, 0),
        count(24, 0x20),
        name === "AES_128_CCM" ? 16 : 8,
      );
      assertSame(ciphertext, fromHex(ccmAnswers[name]), "the ciphertext");
    },
  }));
}

/** Compares the provider with core's implementation, which uses BigInt. */
function finiteFieldCases(provider: CryptoProvider): ContractCase[] {
  const make = provider.finiteField;
  if (!make) return [];
  return finiteFieldGroups.map(({ field }) => ({
    name: `${field.name}: agrees with the reference and with itself`,
    run: async () => {
      const width = field.prime().length;
      const mine = make(field.prime(), field.exponentLength);
      const theirs = finiteField(field.prime(), field.exponentLength);
      for (let i = 0; i < 3; i++) {
        const a = await mine(random);
        assert(a.publicKey.length === width, `a public key of ${a.publicKey.length} bytes`);
        assertPlain(a.publicKey, "a public key");
        for (const b of [await theirs(random), await mine(random)]) {
          const secret = await agreed(a, b.publicKey);
          assert(secret.length === width, `a secret of ${secret.length} bytes`);
          assertPlain(secret, "a secret");
          assertSame(secret, await agreed(b, a.publicKey), "the secret");
        }
        // 4 is a square, so it is in the group, and it is much shorter than the prime.
        assert(
          (await agreed(a, Uint8Array.of(4))).length === width,
          "the secret with a short public key is not as long as the prime",
        );
        // p−2 is no square, so it is outside the subgroup. A provider may refuse it, but must not fail.
        const outside = field.prime().slice();
        outside[outside.length - 1] = (outside.at(-1) as number) - 2;
        const agreedOutside = await a.agree(outside);
        assert(agreedOutside?.length === width || agreedOutside === undefined, "p−2 has a secret of another length");
        a.wipe();
        await assertFails(() => a.agree(Uint8Array.of(4)), "agree after wipe()");
      }
    },
  }));
}

function cbcCases(provider: CryptoProvider, reference: CryptoProvider): ContractCase[] {
  const { AES_128_CBC, AES_256_CBC } = provider.ciphers;
  return entries({ AES_128_CBC, AES_256_CBC }).map(([name, make]) => ({
    name: `${name}: encrypts and decrypts whole blocks without padding`,
    run: async () => {
      const key = sample(keyLengths[name], 9);
      const keyCopy = key.slice();
      const mine = await make(keyCopy);
      keyCopy.fill(0);
      const theirs = await reference.ciphers[name]?.(key);
      assert(theirs !== undefined, `the reference has no ${name}`);
      for (const blocks of [1, 2, 3, 64, 1024]) {
        const iv = sample(16, blocks);
        const plaintext = sample(16 * blocks, 10);
        const encrypted = mine.encrypt(iv, plaintext);
        assertSame(encrypted, theirs.encrypt(iv, plaintext), `${blocks} blocks encrypted`);
        assertSame(mine.decrypt(iv, encrypted), plaintext, `${blocks} blocks decrypted`);
        assertSame(plaintext, sample(16 * blocks, 10), "the input after the operation");
        assertPlain(encrypted, "the encrypted blocks");
        assertPlain(mine.decrypt(iv, encrypted), "the decrypted blocks");
      }
      for (const length of [1, 15, 17]) {
        await assertFails(() => mine.encrypt(sample(16), sample(length)), `${length} bytes encrypted`);
        await assertFails(() => mine.decrypt(sample(16), sample(length)), `${length} bytes decrypted`);
      }
      await assertFails(() => mine.encrypt(sample(12), sample(16)), "an IV of 12 bytes");
      for (const length of [0, 24, 48 - key.length]) {
        await assertFails(() => make(new Uint8Array(length)), `a key of ${length} bytes`);
      }
    },
  }));
}

/** For each curve, the length of a coordinate in bytes, the prime of the field and the order of the group. */
const fields: Readonly<Record<EcKeyCurveName, { width: number; p: bigint; order: bigint }>> = {
  secp256r1: {
    width: 32,
    p: 2n ** 256n - 2n ** 224n + 2n ** 192n + 2n ** 96n - 1n,
    order: 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n,
  },
  secp384r1: {
    width: 48,
    p: 2n ** 384n - 2n ** 128n - 2n ** 96n + 2n ** 32n - 1n,
    order: 0xffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973n,
  },
  secp521r1: {
    width: 66,
    p: 2n ** 521n - 1n,
    order: BigInt(
      "0x1fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffa" +
        "51868783bf2f966b7fcc0148f709a5d03bb5c9b8899c47aebb6fb71e91386409",
    ),
  },
};

function groupCases(provider: CryptoProvider, reference: CryptoProvider): ContractCase[] {
  return entries(provider.groups).flatMap(([name, make]) => {
    const theirs = reference.groups[name];
    const wire = name === "x25519" ? 32 : 1 + 2 * fields[name].width;
    const secretLength = name === "x25519" ? 32 : fields[name].width;
    return [
      {
        name: `${name}: agrees with the reference and with itself`,
        run: async () => {
          assert(theirs !== undefined, `the reference has no ${name}`);
          for (let i = 0; i < 3; i++) {
            const a = await make(random);
            assert(a.publicKey.length === wire, `a public key of ${a.publicKey.length} bytes`);
            if (name !== "x25519") assert(a.publicKey[0] === 4, "the public key is not an uncompressed point");
            assertPlain(a.publicKey, "a public key");
            for (const b of [await theirs(random), await make(random)]) {
              const secret = await agreed(a, b.publicKey);
              assert(secret.length === secretLength, `a secret of ${secret.length} bytes`);
              assertPlain(secret, "a secret");
              assertSame(secret, await agreed(b, a.publicKey), "the secret");
            }
          }
        },
      },
      {
        name: `${name}: agree returns undefined for malformed and invalid points`,
        run: async () => {
          const share = await make(random);
          const { publicKey } = await make(random);
          for (const [what, point] of name === "x25519" ? badMontgomery(publicKey) : badPoints(name, publicKey)) {
            assert((await share.agree(point)) === undefined, `${what}: agree returned a secret, expected undefined`);
          }
          await agreed(share, publicKey);
        },
      },
      {
        name: `${name}: a share is fresh, and it refuses to agree after wipe()`,
        run: async () => {
          const share = await make(random);
          const { publicKey } = await make(random);
          assert(!sameBytes(share.publicKey, publicKey), "two shares are the same");
          share.wipe();
          share.wipe(); // the user and the maker of an early share both wipe it
          await assertFails(() => share.agree(publicKey), "agree after wipe()");
        },
      },
      ...(name === "x25519"
        ? [
            {
              name: "x25519: ignores the highest bit of a point (RFC 7748 §5)",
              run: async () => {
                const share = await make(random);
                const { publicKey } = await make(random);
                assertSame(await agreed(share, flipped(publicKey, -1, 0x80)), await agreed(share, publicKey), "secret");
              },
            },
          ]
        : []),
    ];
  });
}

/** Agrees with a valid public key, and asserts that there is a secret. */
async function agreed(share: KeyShare, publicKey: Uint8Array): Promise<Uint8Array> {
  const secret = await share.agree(publicKey);
  assert(secret !== undefined, "a valid public key is refused");
  return secret;
}

const sameBytes = (a: Uint8Array, b: Uint8Array): boolean =>
  a.length === b.length && a.every((byte, i) => byte === b[i]);

function badPoints(name: Exclude<CurveName, "x25519">, good: Uint8Array): [string, Uint8Array][] {
  const { width, p } = fields[name];
  const x = good.subarray(1, 1 + width);
  const parity = (good.at(-1) as number) & 1;
  const tagged = (tag: number, ...parts: Uint8Array[]) => join(Uint8Array.of(tag), ...parts);
  return [
    ["an empty point", new Uint8Array(0)],
    ["the point at infinity", new Uint8Array(1)],
    ["a compressed point", tagged(2 + parity, x)],
    ["a hybrid point", tagged(6 + parity, good.subarray(1))],
    ["an undefined point format", tagged(5, good.subarray(1))],
    ["format 0 at full length", tagged(0, good.subarray(1))],
    ["a byte missing", good.subarray(0, -1)],
    ["an extra byte", join(good, new Uint8Array(1))],
    ["a changed y, off the curve", flipped(good, -1)],
    ["a changed x, off the curve", flipped(good, width)],
    ["coordinates of zeros", tagged(4, new Uint8Array(2 * width))],
    ["coordinates of one bits", tagged(4, new Uint8Array(2 * width).fill(0xff))],
    ["x equal to the prime", tagged(4, bytesOf(p, width), good.subarray(1 + width))],
  ];
}

function badMontgomery(good: Uint8Array): [string, Uint8Array][] {
  const littleEndian = (value: bigint) => bytesOf(value, 32).reverse();
  const p = 2n ** 255n - 19n;
  // All points of low order (RFC 7748 §6.1), and 0 and 1 not reduced.
  const order8 = [
    325606250916557431795983626356110631294008115727848805560023387167927233504n,
    39382357235489614581723060781553021112529911719440698176882885853963445705823n,
  ];
  return [
    ["an empty point", new Uint8Array(0)],
    ["a byte missing", good.subarray(0, 31)],
    ["an extra byte", join(good, new Uint8Array(1))],
    ...[0n, 1n, ...order8, p - 1n, p, p + 1n].map((u): [string, Uint8Array] => [`low order: ${u}`, littleEndian(u)]),
  ];
}

function bytesOf(value: bigint, length: number): Uint8Array {
  const out = new Uint8Array(length);
  for (let i = length - 1, rest = value; i >= 0; i--, rest >>= 8n) out[i] = Number(rest & 255n);
  return out;
}

const numberOf = (bytes: Uint8Array): bigint => bytes.reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n);

/** A DER INTEGER. */
const integer = (value: bigint): Uint8Array => derInteger(bytesOf(value, Math.ceil(value.toString(16).length / 2)));
const sequence = (...parts: readonly Uint8Array[]): Uint8Array => derElement(0x30, ...parts);

/** Reads r and s from a well-formed Ecdsa-Sig-Value. */
function readEcdsaSignature(signature: Uint8Array): { r: bigint; s: bigint } {
  const start = signature[1] === 0x81 ? 3 : 2;
  const rLength = signature[start + 1] as number;
  const r = signature.subarray(start + 2, start + 2 + rLength);
  return { r: numberOf(r), s: numberOf(signature.subarray(start + 4 + rLength)) };
}

function signatureCase(
  provider: CryptoProvider,
  reference: CryptoProvider,
  { name, credential, publicKey }: ContractSigner,
  scheme: SignatureScheme,
): ContractCase {
  const { algorithm } = scheme;
  return {
    name: `${name}: verify accepts a ${scheme.name} signature and refuses altered ones`,
    run: async () => {
      assert(provider.canVerify(algorithm), "canVerify returned false for a scheme of the signer");
      const verifies = (signature: Uint8Array, data = message, key = publicKey, verifyAs = algorithm) =>
        provider.verify(verifyAs, key, data, signature);
      const message = sample(333, 11);
      const signature = await credential.sign(scheme, message);
      assertPlain(signature, "a signature");
      assert(await verifies(signature), "a valid signature is refused");
      assert(await reference.verify(algorithm, publicKey, message, signature), "the reference refuses the signature");
      assert(
        await verifies(await credential.sign(scheme, new Uint8Array(0)), new Uint8Array(0)),
        "a message of no bytes",
      );

      const expectRefusal = async (what: string, answer: Awaitable<boolean>) =>
        assert((await answer) === false, `${what}: verified, expected false`);
      await expectRefusal("another message", verifies(signature, flipped(message, 100)));
      await expectRefusal("an empty message", verifies(signature, new Uint8Array(0)));
      await expectRefusal("an empty signature", verifies(new Uint8Array(0)));
      await expectRefusal("a single zero byte", verifies(new Uint8Array(1)));
      await expectRefusal("zeros instead of the signature", verifies(new Uint8Array(signature.length)));
      await expectRefusal("one bits instead of the signature", verifies(new Uint8Array(signature.length).fill(0xff)));
      await expectRefusal("a signature without its last byte", verifies(signature.subarray(0, -1)));
      await expectRefusal("a signature without its first byte", verifies(signature.subarray(1)));
      await expectRefusal("a signature with an extra byte at its end", verifies(join(signature, new Uint8Array(1))));
      await expectRefusal("a signature with an extra byte at its start", verifies(join(new Uint8Array(1), signature)));
      for (const at of [0, 1, 2, 3, 4, 9, signature.length >> 1, -5, -1]) {
        await expectRefusal(`a flipped bit in byte ${at}`, verifies(flipped(signature, at, 1 << (Math.abs(at) % 8))));
      }
      for (const other of algorithms.filter((row) => !sameAlgorithm(row, algorithm))) {
        await expectRefusal(
          `the signature as ${other.type} ${"hash" in other ? other.hash : ""}`,
          verifies(signature, message, publicKey, other),
        );
      }
      if (publicKey.type === "ec") {
        const { r, s } = readEcdsaSignature(signature);
        const { order } = fields[publicKey.curve];
        assert(
          await verifies(sequence(integer(r), integer(order - s))),
          "a signature with order - s is refused (one of the two values is in the upper half)",
        );
        for (const [what, bad] of badDer(r, s, order)) await expectRefusal(what, verifies(bad));
      }
    },
  };
}

const hashes = ["sha256", "sha384", "sha512"] as const;
const algorithms: readonly SignatureAlgorithm[] = [
  ...(["ecdsa", "rsa_pkcs1", "rsa_pss"] as const).flatMap((type) => hashes.map((hash) => ({ type, hash }))),
  { type: "ed25519" },
];
const sameAlgorithm = (a: SignatureAlgorithm, b: SignatureAlgorithm): boolean =>
  a.type === b.type && ("hash" in a ? a.hash : "") === ("hash" in b ? b.hash : "");

/** Encodings of a signature that are not DER, and wrong numbers. */
function badDer(r: bigint, s: bigint, order: bigint): [string, Uint8Array][] {
  const body = join(integer(r), integer(s));
  const padded = (value: Uint8Array) => join(Uint8Array.of(2, (value[1] as number) + 1, 0), value.subarray(2));
  const long = body.length < 128 ? [0x30, 0x81, body.length] : [0x30, 0x82, 0, body.length];
  const wide = join(Uint8Array.of(2, 0x81), integer(s).subarray(1));
  return [
    ["a length in long form", join(Uint8Array.from(long), body)],
    ["an inner length in long form", sequence(integer(r), wide)],
    ["an indefinite length", join(Uint8Array.of(0x30, 0x80), body, new Uint8Array(2))],
    ["r with a leading zero", sequence(padded(integer(r)), integer(s))],
    ["s with a leading zero", sequence(integer(r), padded(integer(s)))],
    ["an extra byte after s", sequence(integer(r), integer(s), new Uint8Array(1))],
    ["a third number", sequence(integer(r), integer(s), integer(1n))],
    ["r alone", sequence(integer(r))],
    ["no numbers", sequence()],
    ["a SET", join(Uint8Array.of(0x31), sequence(integer(r), integer(s)).subarray(1))],
    ["r = 0", sequence(integer(0n), integer(s))],
    ["s = 0", sequence(integer(r), integer(0n))],
    ["s + order", sequence(integer(r), integer(s + order))],
    ["r + order", sequence(integer(r + order), integer(s))],
    ["an s that is far too long", sequence(integer(r), integer(s << 160n))],
    ["r and s swapped", sequence(integer(s), integer(r))],
  ];
}

function keyCases(provider: CryptoProvider, { name, credential, publicKey }: ContractSigner): ContractCase[] {
  return [
    {
      name: `${name}: verify with an invalid key returns false and does not throw`,
      run: async () => {
        const scheme = credential.schemes[0];
        assert(scheme !== undefined, "a credential without schemes");
        const message = sample(32);
        const signature = await credential.sign(scheme, message);
        for (const [what, key] of badKeys(publicKey)) {
          assert(
            (await provider.verify(scheme.algorithm, key, message, signature)) === false,
            `${what}: verified, expected false`,
          );
        }
        if (publicKey.type === "rsa" && !publicKey.pssOnly) {
          const pkcs1 = credential.schemes.find(({ algorithm }) => algorithm.type === "rsa_pkcs1");
          const restricted: PublicKey = { ...publicKey, pssOnly: true };
          const isPssSignature = scheme.algorithm.type === "rsa_pss";
          assert(
            (await provider.verify(scheme.algorithm, restricted, message, signature)) === isPssSignature,
            "a PSS-only key",
          );
          if (pkcs1) {
            const signed = await credential.sign(pkcs1, message);
            assert(
              !(await provider.verify(pkcs1.algorithm, restricted, message, signed)),
              "a PKCS#1 signature is accepted with a PSS-only key",
            );
            const padded: PublicKey = { ...publicKey, modulus: join(new Uint8Array(1), publicKey.modulus) };
            assert(await provider.verify(pkcs1.algorithm, padded, message, signed), "a modulus with a leading zero");
          }
        }
      },
    },
  ];
}

function badKeys(key: PublicKey): [string, PublicKey][] {
  const empty = new Uint8Array(0);
  switch (key.type) {
    case "rsa":
      return [
        ["an empty modulus", { ...key, modulus: empty }],
        ["a modulus of zeros", { ...key, modulus: new Uint8Array(256) }],
        ["a changed modulus", { ...key, modulus: flipped(key.modulus, 9) }],
        ["an even modulus", { ...key, modulus: flipped(key.modulus, -1) }],
        ["half a modulus", { ...key, modulus: key.modulus.subarray(128) }],
        ["a modulus of 16384 bits", { ...key, modulus: new Uint8Array(2048).fill(0xff) }],
        ["an empty exponent", { ...key, exponent: empty }],
        ["exponent 0", { ...key, exponent: new Uint8Array(1) }],
        ["exponent 1", { ...key, exponent: Uint8Array.of(1) }],
        ["exponent 3", { ...key, exponent: Uint8Array.of(3) }],
        ["a long exponent", { ...key, exponent: new Uint8Array(256).fill(0xff) }],
        ["an Ed25519 key", { type: "ed25519", point: new Uint8Array(32).fill(1) }],
      ];
    case "ec":
      return [
        ...badPoints(key.curve, key.point).map(([what, point]): [string, PublicKey] => [what, { ...key, point }]),
        ["another curve", { ...key, curve: key.curve === "secp256r1" ? "secp384r1" : "secp256r1" }],
        ["an Ed25519 key", { type: "ed25519", point: key.point.subarray(1, 33) }],
        ["an RSA key", { type: "rsa", modulus: key.point, exponent: Uint8Array.of(1, 0, 1), pssOnly: false }],
      ];
    case "ed25519":
      return [
        ["an empty point", { ...key, point: empty }],
        ["a byte missing", { ...key, point: key.point.subarray(0, 31) }],
        ["an extra byte", { ...key, point: join(key.point, new Uint8Array(1)) }],
        ["a changed point", { ...key, point: flipped(key.point, 3) }],
        ["a point of one bits", { ...key, point: new Uint8Array(32).fill(0xff) }],
        ["an EC key", { type: "ec", curve: "secp256r1", point: join(Uint8Array.of(4), key.point, key.point) }],
      ];
  }
}

function encryptionCases(provider: CryptoProvider, { name, credential, publicKey }: ContractSigner): ContractCase[] {
  const decrypt = credential.rsaDecryptRaw?.bind(credential);
  if (!decrypt || publicKey.type !== "rsa") return [];
  const { modulus } = publicKey;
  return [
    {
      name: `${name}: encrypts with PKCS#1 padding`,
      run: async () => {
        for (const length of [0, 48, modulus.length - 11]) {
          const message = sample(length, 12);
          const encrypted = await provider.rsaEncrypt(publicKey, message, random);
          assertPlain(encrypted, "a ciphertext");
          assert(encrypted.length === modulus.length, "the ciphertext is not as long as the modulus");
          const block: Uint8Array = await decrypt(encrypted);
          assertPlain(block, "a block");
          assert(block.length === modulus.length, "the block is not as long as the modulus");
          const end = block.length - length - 1;
          assert(
            block[0] === 0 && block[1] === 2 && block[end] === 0,
            "the block does not have the form 00 02 … 00 message",
          );
          assert(!block.subarray(2, end).includes(0), "the padding contains a zero");
          assertSame(block.subarray(end + 1), message, "the message");
          const again = await provider.rsaEncrypt(publicKey, message, random);
          assert(!sameBytes(encrypted, again), "two encryptions have the same padding");
        }
        await assertFails(
          () => provider.rsaEncrypt(publicKey, sample(modulus.length - 10), random),
          "a message that is too long",
        );
      },
    },
  ];
}
