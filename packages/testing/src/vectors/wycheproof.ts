/**
 * Wycheproof's vectors as suites that check any provider, one suite for each file. A test runner names and runs them.
 * They need Node.js, because they read files.
 *
 * The rules of TLS 1.2 decide about vectors whose result is "acceptable": a provider refuses compressed points (RFC
 * 8422 §5.4.1), accepts any X25519 public key, refuses an all-zero secret (§5.11), and accepts a DigestInfo without
 * NULL (RFC 5246 §4.7), unless `missingNull` says otherwise: OpenSSL refuses it.
 * @module
 */
import { existsSync, readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import type {
  CipherName,
  CryptoProvider,
  EcKeyCurveName,
  CurveName,
  Hash,
  KeyShare,
  PublicKey,
  SignatureAlgorithm,
} from "@handclasp/core";
import { sealed } from "../sealed.ts";

export interface VectorResult {
  /** The number of vectors that hold. */
  readonly passed: number;
  /** The number of vectors with parameters that TLS 1.2 or this provider does not have. */
  readonly skipped: number;
  /** One line for each vector that does not hold. A test expects an empty array. */
  readonly failures: readonly string[];
}

export interface VectorSuite {
  /** The file's name without `_test.json`. */
  readonly name: string;
  /** The path where the file should be. */
  readonly path: string;
  /** Whether the file exists. */
  readonly isPresent: boolean;
  run(): Promise<VectorResult>;
}

export interface VectorOptions {
  /** Whether the provider accepts a DigestInfo without NULL. Default `"accept"`, as RFC 5246 §4.7 requires. */
  readonly missingNull?: "accept" | "refuse";
  /**
   * Makes a key share with a given private key, for a provider whose groups ignore `random`. Without it, the vectors
   * only check which points such a provider accepts.
   */
  readonly keyShareFrom?: (group: CurveName, privateKey: Uint8Array) => KeyShare | PromiseLike<KeyShare>;
}

/** Returns the directory that `HANDCLASP_VECTORS` names, otherwise `shared/vectors` next to the repository. */
export function vectorsDirectory(): string {
  if (process.env.HANDCLASP_VECTORS) return resolve(process.env.HANDCLASP_VECTORS);
  for (let at = process.cwd(); ; at = dirname(at)) {
    if (existsSync(join(at, "pnpm-workspace.yaml"))) return resolve(at, "../shared/vectors");
    if (at === dirname(at)) return resolve("../shared/vectors");
  }
}

interface Vector {
  readonly tcId: number;
  readonly comment: string;
  readonly flags: readonly string[];
  readonly result: "valid" | "invalid" | "acceptable";
  readonly [field: string]: unknown;
}

interface Group {
  readonly tests: readonly Vector[];
  readonly [field: string]: unknown;
}

/** `true` if the vector holds, `"skip"` if it does not apply, otherwise a text that says how it fails. */
type Verdict = true | string;
type Check = (vector: Vector, group: Group) => Verdict | Promise<Verdict>;

const bytes = (hex: unknown): Uint8Array => Uint8Array.from(Buffer.from(String(hex), "hex"));
const hex = (value: Uint8Array | undefined): string =>
  value === undefined ? "undefined" : Buffer.from(value).toString("hex");
const same = (a: Uint8Array | undefined, b: Uint8Array): boolean => a !== undefined && hex(a) === hex(b);

/**
 * The suites for a provider. Their files are under `directory`/wycheproof.
 * @example
 * for (const suite of providerVectors(noble))
 *   test.skipIf(!suite.isPresent)(suite.name, async () => expect((await suite.run()).failures).toEqual([]));
 */
export function providerVectors(
  provider: CryptoProvider,
  directory: string = vectorsDirectory(),
  options: VectorOptions = {},
): readonly VectorSuite[] {
  const suite = (name: string, check: Check): VectorSuite => {
    const path = join(directory, "wycheproof", `${name}_test.json`);
    return { name, path, isPresent: existsSync(path), run: () => runFile(path, check) };
  };
  const { sha1, sha256, sha384 } = provider.hashes;
  return [
    suite("aes_gcm", aeadCheck(provider, { 128: "AES_128_GCM", 256: "AES_256_GCM" })),
    suite("chacha20_poly1305", aeadCheck(provider, { 256: "CHACHA20_POLY1305" })),
    ...(sha1 ? [suite("hmac_sha1", hmacCheck(sha1))] : []),
    suite("hmac_sha256", hmacCheck(sha256)),
    suite("hmac_sha384", hmacCheck(sha384)),
    suite("x25519", agreementCheck(provider, "x25519", 32, options)),
    suite("ecdh_secp256r1_ecpoint", agreementCheck(provider, "secp256r1", 32, options)),
    suite("ecdh_secp384r1_ecpoint", agreementCheck(provider, "secp384r1", 48, options)),
    suite("ecdh_secp521r1_ecpoint", agreementCheck(provider, "secp521r1", 66, options)),
    suite("ecdsa_secp256r1_sha256", ecdsaCheck(provider)),
    suite("ecdsa_secp384r1_sha384", ecdsaCheck(provider)),
    suite("ecdsa_secp521r1_sha512", ecdsaCheck(provider)),
    suite("ed25519", ed25519Check(provider)),
    suite("rsa_signature_2048_sha256", pkcs1Check(provider, options)),
    suite("rsa_signature_2048_sha384", pkcs1Check(provider, options)),
    suite("rsa_signature_4096_sha512", pkcs1Check(provider, options)),
    suite("rsa_pss_2048_sha256_mgf1_32", pssCheck(provider)),
    suite("rsa_pss_4096_sha512_mgf1_64", pssCheck(provider)),
    suite("rsa_pss_misc", pssCheck(provider)),
  ];
}

async function runFile(path: string, check: Check): Promise<VectorResult> {
  const { testGroups } = JSON.parse(readFileSync(path, "utf8")) as { testGroups: readonly Group[] };
  const failures: string[] = [];
  let passed = 0;
  let skipped = 0;
  for (const group of testGroups) {
    for (const vector of group.tests) {
      let verdict: Verdict;
      try {
        verdict = await check(vector, group);
      } catch (error) {
        verdict = `threw ${String(error)}`;
      }
      if (verdict === true) passed++;
      else if (verdict === "skip") skipped++;
      else
        failures.push(
          `${vector.tcId} (${vector.result}; ${vector.flags.join(", ")}; ${vector.comment || "-"}): ${verdict}`,
        );
    }
  }
  return { passed, skipped, failures };
}

function aeadCheck(provider: CryptoProvider, names: Readonly<Record<number, CipherName>>): Check {
  return async (vector, group) => {
    const name = names[group.keySize as number];
    const make = name && provider.ciphers[name];
    // In TLS 1.2, these ciphers have nonces of 12 bytes and tags of 16.
    if (!make || group.ivSize !== 96 || group.tagSize !== 128) return "skip";
    const context = await (make as (key: Uint8Array) => ReturnType<NonNullable<typeof provider.ciphers.AES_128_GCM>>)(
      bytes(vector.key),
    );
    const [nonce, aad, plaintext] = [bytes(vector.iv), bytes(vector.aad), bytes(vector.msg)];
    const expected = bytes(`${String(vector.ct)}${String(vector.tag)}`);
    const opened = await context.open(nonce, aad, expected);
    if (vector.result !== "valid") return opened === undefined || "opened the ciphertext, expected undefined";
    if (!same(opened, plaintext)) return `opened ${hex(opened)}`;
    const again = await sealed(context, nonce, aad, plaintext);
    return same(again, expected) || `sealed ${hex(again)}`;
  };
}

function hmacCheck(hash: Hash): Check {
  return (vector, group) => {
    const message = bytes(vector.msg);
    const cut = message.length >> 1;
    const mac = hash
      .hmac(bytes(vector.key))
      .mac(message.subarray(0, cut), message.subarray(cut))
      .subarray(0, (group.tagSize as number) / 8);
    return same(mac, bytes(vector.tag)) === (vector.result === "valid") || `the MAC is ${hex(mac)}`;
  };
}

function agreementCheck(provider: CryptoProvider, name: CurveName, width: number, options: VectorOptions): Check {
  const group = provider.groups[name];
  const shares = new Map<string, { share: KeyShare; isFromVector: boolean }>();
  const shareOf = async (privateKey: Uint8Array): Promise<{ share: KeyShare; isFromVector: boolean }> => {
    if (options.keyShareFrom) return { share: await options.keyShareFrom(name, privateKey), isFromVector: true };
    let isFromVector = false;
    const share = await group?.((length) => {
      isFromVector = true;
      if (length !== width) throw new RangeError(`the group took ${length} random bytes, expected ${width}`);
      return privateKey.slice();
    });
    if (!share) throw new Error("the provider made no key share");
    return { share, isFromVector };
  };
  return async (vector) => {
    if (!group) return "skip";
    // The files write private keys of the prime curves as integers.
    const digits = String(vector.private);
    const privateKey = digits.slice(-2 * width).padStart(2 * width, "0");
    let entry = shares.get(privateKey);
    if (!entry) shares.set(privateKey, (entry = await shareOf(bytes(privateKey))));
    const mustRefuse =
      vector.result === "invalid" ||
      (vector.result === "acceptable" &&
        (vector.flags.includes("CompressedPublic") || vector.flags.includes("ZeroSharedSecret")));
    const secret = await entry.share.agree(bytes(vector.public));
    if (!secret) return mustRefuse || "refused the point";
    if (mustRefuse) return `accepted the point, with the secret ${hex(secret)}`;
    if (!entry.isFromVector) return secret.length === width || `a secret of ${secret.length} bytes`;
    return same(secret, bytes(vector.shared)) || `the secret is ${hex(secret)}`;
  };
}

/** The hashes of the signature schemes that Handclasp supports. SHA-1 and SHA-224 are not among them. */
const hashes: Readonly<Record<string, "sha256" | "sha384" | "sha512">> = {
  "SHA-256": "sha256",
  "SHA-384": "sha384",
  "SHA-512": "sha512",
};

async function verifyCheck(
  provider: CryptoProvider,
  algorithm: SignatureAlgorithm,
  key: PublicKey,
  vector: Vector,
  isValid: boolean,
): Promise<Verdict> {
  if (!provider.canVerify(algorithm)) return "skip";
  const verified = await provider.verify(algorithm, key, bytes(vector.msg), bytes(vector.sig));
  return verified === isValid || `verified: ${verified}`;
}

function ecdsaCheck(provider: CryptoProvider): Check {
  return (vector, group) => {
    const hash = hashes[group.sha as string];
    if (!hash) return "skip";
    const { curve, uncompressed } = group.publicKey as { curve: EcKeyCurveName; uncompressed: string };
    const key: PublicKey = { type: "ec", curve, point: bytes(uncompressed) };
    return verifyCheck(provider, { type: "ecdsa", hash }, key, vector, vector.result === "valid");
  };
}

function ed25519Check(provider: CryptoProvider): Check {
  return (vector, group) => {
    const key: PublicKey = { type: "ed25519", point: bytes((group.publicKey as { pk: string }).pk) };
    return verifyCheck(provider, { type: "ed25519" }, key, vector, vector.result === "valid");
  };
}

function rsaKey(group: Group): PublicKey {
  const { modulus, publicExponent } = group.publicKey as { modulus: string; publicExponent: string };
  // Removes the leading zero byte that the files have, as in DER, to mark a positive number.
  const unsigned = (digits: string): Uint8Array => {
    const significant = digits.replace(/^0+/, "");
    return bytes(significant.padStart(significant.length + (significant.length % 2), "0"));
  };
  return { type: "rsa", modulus: unsigned(modulus), exponent: unsigned(publicExponent), pssOnly: false };
}

function pkcs1Check(provider: CryptoProvider, options: VectorOptions): Check {
  return (vector, group) => {
    const hash = hashes[group.sha as string];
    if (!hash) return "skip";
    const isValid =
      vector.result === "valid" ||
      (vector.result === "acceptable" &&
        vector.flags.includes("MissingNull") &&
        (options.missingNull ?? "accept") === "accept");
    return verifyCheck(provider, { type: "rsa_pkcs1", hash }, rsaKey(group), vector, isValid);
  };
}

function pssCheck(provider: CryptoProvider): Check {
  return (vector, group) => {
    const hash = hashes[group.sha as string];
    if (!hash) return "skip";
    // TLS requires the signature's hash in MGF1, and a salt as long as its digest (RFC 8446 §4.2.3). Signatures with
    // other parameters must not verify.
    const hasTlsParameters = group.mgfSha === group.sha && group.sLen === Number(hash.slice(3)) / 8;
    return verifyCheck(
      provider,
      { type: "rsa_pss", hash },
      rsaKey(group),
      vector,
      hasTlsParameters && vector.result === "valid",
    );
  };
}
