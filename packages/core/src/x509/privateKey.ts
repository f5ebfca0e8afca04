/**
 * Private keys as files have them: PKCS#8 (RFC 5958), plain or under a passphrase (PBES2, RFC 8018), SEC1 (RFC 5915), PKCS#1 (RFC 8017) and JWK (RFC 7517),
 * PEM or DER. Whoever connects without a key of its own loads nothing of this.
 * @module
 */
import { cbc } from "@noble/ciphers/aes.js";
import { sha1 } from "@noble/hashes/legacy.js";
import { pbkdf2 } from "@noble/hashes/pbkdf2.js";
import { scrypt } from "@noble/hashes/scrypt.js";
import { sha256, sha384, sha512 } from "@noble/hashes/sha2.js";
import { utf8ToBytes } from "@noble/hashes/utils.js";
import { concat, fromBase64, fromHex, latin1, toHex, wipe } from "../bytes/bytes.ts";
import { type Der, der, derFault, tags } from "../bytes/der.ts";
import { curves } from "../crypto/curves.ts";
import type { EcCurveName, HashName, PublicKey } from "../crypto/provider.ts";
import { rsaKeyFault } from "../crypto/rsa.ts";
import { configurationError, TlsError } from "../errors.ts";
import type { Awaitable } from "../flow.ts";
import { maxIterations, maxScryptMemory } from "../limits.ts";
import { curveNames, ecPublicKey, ed25519, readPss, rsaEncryption, rsassaPss, type SignatureHash } from "./key.ts";
import { noPemAdvice, pemBlocks } from "./pem.ts";

/** A private key, read. Its bytes are the caller's own: wipe them when they have been imported. */
export type PrivateKey =
  | {
      readonly type: "ec";
      readonly curve: EcCurveName /** Big-endian, as long as the field. */;
      readonly secret: Uint8Array;
    }
  | { readonly type: "ed25519" /** The 32-byte seed of RFC 8032. */; readonly secret: Uint8Array }
  | {
      readonly type: "rsa";
      /** The key's OID is id-RSASSA-PSS: it signs with PSS only. */
      readonly pssOnly: boolean;
      /** The one hash that such a key restricts itself to. */
      readonly pssHash: SignatureHash | undefined;
      /** RSAPrivateKey, DER (RFC 8017 §A.1.2). */
      readonly secret: Uint8Array;
    };

/** A JSON Web Key, RFC 7517, as far as a private key has members: what `crypto.subtle.exportKey("jwk", …)` gives. */
export type JsonWebKey = { readonly [M in JwkMember]?: string | undefined } & { readonly oth?: unknown };
type JwkMember = "kty" | "crv" | "d" | "n" | "e" | "p" | "q" | "dp" | "dq" | "qi";

/** PEM or a JWK as text, the contents of such a file, DER, or a JWK. Never the name of a file. */
export type PrivateKeySource = string | Uint8Array | JsonWebKey;

/** PBKDF2, RFC 8018 §5.2: `length` bytes. */
export type Pbkdf2 = (
  hash: HashName,
  password: Uint8Array,
  salt: Uint8Array,
  iterations: number,
  length: number,
) => Awaitable<Uint8Array>;

export interface PrivateKeyOptions {
  /** Opens an encrypted key; text is taken as UTF-8. */
  readonly passphrase?: string | Uint8Array | undefined;
  /** The host's PBKDF2, which is several times as fast as ours. */
  readonly pbkdf2?: Pbkdf2 | undefined;
}

/**
 * Reads a private key: EC on P-256, P-384 or P-521, Ed25519, RSA, or RSA bound to PSS.
 * @throws TlsError with the fault `"configuration"` and an advice; the codes `"passphrase_needed"` and `"wrong_passphrase"` where that is it.
 * @example
 * const key = await readPrivateKey(await readFile("server.key"), { passphrase: "correct horse" });
 */
export async function readPrivateKey(source: PrivateKeySource, options: PrivateKeyOptions = {}): Promise<PrivateKey> {
  const found = findPrivateKey(source);
  if (found.form === "jwk") return readJwk(found.jwk);
  if (found.form !== "encrypted") {
    const read = readers[found.form];
    return reading(() => read(found.der));
  }
  const { passphrase } = options;
  if (passphrase === undefined)
    throw configurationError("the private key is encrypted", "give its passphrase", "passphrase_needed");
  const plain = await decrypt(
    found.der,
    typeof passphrase === "string" ? utf8ToBytes(passphrase) : passphrase,
    options,
  );
  try {
    // One wrong passphrase in 256 gives good padding, and then rubbish.
    if (plain && formOf(plain) === "pkcs8") return reading(() => readPkcs8(plain));
  } finally {
    wipe(plain);
  }
  throw configurationError(
    "the private key does not open with this passphrase",
    "give the passphrase that the key was encrypted with; where it is the right one, the file is damaged",
    "wrong_passphrase",
  );
}

/** A private key as it was found, not read yet: for hosts that read it themselves. */
export type FoundPrivateKey =
  | { readonly form: "pkcs8" | "encrypted" | "pkcs1" | "sec1"; readonly der: Uint8Array }
  | { readonly form: "jwk"; readonly jwk: JsonWebKey };

/** Finds the one private key in what the user gave, or says what that is instead. Nothing of a key gets into the error. */
export function findPrivateKey(source: PrivateKeySource): FoundPrivateKey {
  if (source instanceof Uint8Array && source[0] === tags.sequence) return formed(source);
  const text = source instanceof Uint8Array ? latin1(source) : source;
  if (typeof text !== "string") return { form: "jwk", jwk: text };
  if (/^\s*\{/.test(text)) return { form: "jwk", jwk: parseJwk(text) };
  const blocks = pemBlocks(text);
  const keys = blocks.filter(({ label }) => label.endsWith("PRIVATE KEY"));
  const [key] = keys;
  if (keys.length > 1)
    throw configurationError(`${keys.length} private keys in one text`, "give the one that belongs to the certificate");
  if (key?.label === "OPENSSH PRIVATE KEY") {
    throw configurationError("a private key of OpenSSH", "convert a copy of it: ssh-keygen -p -N '' -m PKCS8 -f COPY");
  }
  if (key) return formed(key.der);
  const [other] = blocks;
  // A certificate, a public key: the shape has the message. DH or EC parameters have none.
  if (other) formed(other.der);
  throw configurationError("there is no private key", noPemAdvice(text, "PRIVATE KEY"));
}

function formed(bytes: Uint8Array): FoundPrivateKey {
  const form = formOf(bytes);
  if (form === "certificate") {
    throw configurationError(
      "the private key is a certificate",
      "give the certificate as cert, and its private key as key",
    );
  }
  if (form === "public")
    throw configurationError("the private key is a public one", "give the private key that belongs to it");
  if (form) return { form, der: bytes };
  throw configurationError("there is no private key in this", "give PEM or DER: PKCS#8, PKCS#1 or SEC1");
}

/** What a DER value is, by the tags inside its SEQUENCE. */
function formOf(bytes: Uint8Array): "pkcs8" | "encrypted" | "pkcs1" | "sec1" | "certificate" | "public" | undefined {
  let shape = "";
  try {
    der(bytes, (outer) =>
      outer.sequence((reader) => {
        for (let { tag } = reader; tag !== undefined; { tag } = reader) {
          reader.contents(tag);
          shape += toHex(Uint8Array.of(tag));
        }
      }),
    );
  } catch {
    return undefined;
  }
  if (/^023004(a0)?(81)?$/.test(shape)) return "pkcs8";
  if (shape === "3004") return "encrypted";
  if (/^(02){9}(30)?$/.test(shape)) return "pkcs1";
  if (/^0204(a0)?(a1)?$/.test(shape)) return "sec1";
  return shape === "303003" ? "certificate" : shape === "3003" ? "public" : undefined;
}

/** Faults in the file are the user's, not a peer's. */
function reading<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!TlsError.is(error) || error.fault === "configuration") throw error;
    throw configurationError(
      `the private key cannot be read: ${error.message}`,
      "the file is damaged: export it again",
    );
  }
}

const unsupported = (what: string): never => {
  throw configurationError(
    `${what} is not supported`,
    "use an EC key on P-256, P-384 or P-521, an Ed25519 key, or an RSA key",
  );
};

const readers = {
  pkcs8: (bytes: Uint8Array) => readPkcs8(bytes),
  pkcs1: (bytes: Uint8Array) => readPkcs1(bytes, false, undefined),
  sec1: (bytes: Uint8Array) => readSec1(bytes, undefined),
};

/** PrivateKeyInfo, or OneAsymmetricKey, which may add the public key (RFC 5958 §2). */
function readPkcs8(bytes: Uint8Array): PrivateKey {
  return der(bytes, (outer) =>
    outer.sequence((info) => {
      if (info.small() > 1) derFault("PKCS#8 version neither v1 nor v2");
      const algorithm = info.element(tags.sequence);
      const inner = info.contents(tags.octetString);
      if (info.tag === 0xa0) info.contents(0xa0);
      if (info.tag === 0x81) info.bits(0x81);
      return der(algorithm, (reader) => reader.sequence((identifier) => readInner(identifier, inner)));
    }),
  );
}

function readInner(identifier: Der, bytes: Uint8Array): PrivateKey {
  const oid = identifier.oid();
  switch (oid) {
    case rsaEncryption:
      identifier.null();
      return readPkcs1(bytes, false, undefined);
    case rsassaPss: {
      if (!identifier.more) return readPkcs1(bytes, true, undefined);
      const hash = readPss(identifier);
      return hash ? readPkcs1(bytes, true, hash) : unsupported("an RSASSA-PSS key with such restrictions");
    }
    case ecPublicKey:
      if (identifier.tag !== tags.oid) return unsupported("an EC key with explicit parameters");
      return readSec1(bytes, identifier.oid());
    case ed25519:
      return seed(der(bytes, (reader) => reader.contents(tags.octetString)));
    default:
      return unsupported(`a private key of the kind ${oid}`);
  }
}

const seed = (secret: Uint8Array): PrivateKey =>
  secret.length === 32 ? { type: "ed25519", secret: secret.slice() } : derFault("Ed25519 key not 32 bytes");

/** ECPrivateKey: it names its curve where nothing around it does, and the same one where something does. */
function readSec1(bytes: Uint8Array, around: string | undefined): PrivateKey {
  return der(bytes, (outer) =>
    outer.sequence((reader) => {
      if (reader.small() !== 1) derFault("ECPrivateKey version not 1");
      const secret = reader.contents(tags.octetString);
      const inside = reader.optional(0xa0, (parameters) =>
        parameters.tag === tags.oid ? parameters.oid() : unsupported("an EC key with explicit parameters"),
      );
      reader.optional(0xa1, (inner) => inner.octets());
      if (around && inside && around !== inside) derFault("two curves");
      return ec(curveNames[around ?? inside ?? derFault("EC key without a curve")], secret);
    }),
  );
}

function ec(curve: EcCurveName | undefined, secret: Uint8Array): PrivateKey {
  if (!curve) return unsupported("an EC key on another curve");
  if (secret.length !== curves[curve].lengths.secretKey) derFault(`a key on ${curve} of ${secret.length} bytes`);
  return { type: "ec", curve, secret: secret.slice() };
}

/** RSAPrivateKey of two primes. */
function readPkcs1(bytes: Uint8Array, pssOnly: boolean, pssHash: SignatureHash | undefined): PrivateKey {
  return der(bytes, (outer) =>
    outer.sequence((reader) => {
      if (reader.small() !== 0) return unsupported("an RSA key of more than two primes");
      const modulus = reader.unsigned();
      const exponent = reader.unsigned();
      for (let i = 0; i < 6; i++) reader.unsigned();
      const fault = rsaKeyFault({ type: "rsa", modulus, exponent, pssOnly });
      if (fault) throw configurationError(`the RSA key is refused: ${fault}`, "make a new one of 2048 bits or more");
      return { type: "rsa", pssOnly, pssHash, secret: bytes.slice() };
    }),
  );
}

function parseJwk(text: string): JsonWebKey {
  try {
    return JSON.parse(text) as JsonWebKey;
  } catch {
    throw configurationError("the private key is no JSON", "give a JWK, PEM or DER");
  }
}

const jwkCurves: Record<string, EcCurveName> = { "P-256": "secp256r1", "P-384": "secp384r1", "P-521": "secp521r1" };

/** RFC 7518 §6.2.2 and §6.3.2, RFC 8037 §2. */
function readJwk(jwk: JsonWebKey): PrivateKey {
  if (typeof jwk.d !== "string" && ["EC", "OKP", "RSA"].includes(jwk.kty as string)) {
    throw configurationError("the JWK is a public key", 'give the private one, which has "d"');
  }
  return reading(() => {
    switch (jwk.kty) {
      case "EC":
        return ec(jwkCurves[jwk.crv as string], member(jwk, "d"));
      case "OKP":
        return jwk.crv === "Ed25519" ? seed(member(jwk, "d")) : unsupported("a JWK on another curve");
      case "RSA": {
        if (jwk.oth !== undefined) return unsupported("an RSA key of more than two primes");
        const numbers = (["n", "e", "d", "p", "q", "dp", "dq", "qi"] as const).map((name) =>
          integer(member(jwk, name)),
        );
        const whole = tlv(tags.sequence, Uint8Array.of(2, 1, 0), ...numbers);
        wipe(...numbers);
        return readPkcs1(whole, false, undefined);
      }
      default:
        return unsupported("a JWK of this kind");
    }
  });
}

/** A base64url member, which has neither padding nor spaces (RFC 7515 §2). */
function member(jwk: JsonWebKey, name: JwkMember): Uint8Array {
  const text = jwk[name];
  if (typeof text === "string" && /^[\w-]+$/.test(text)) {
    const base64 = text.replaceAll("-", "+").replaceAll("_", "/");
    try {
      return fromBase64(base64.padEnd(Math.ceil(base64.length / 4) * 4, "="));
    } catch {
      // The error below says it.
    }
  }
  return derFault(`"${name}" of the JWK is not base64url`);
}

const schemes = { pbes2: "1.2.840.113549.1.5.13", pbkdf2: "1.2.840.113549.1.5.12", scrypt: "1.3.6.1.4.1.11591.4.11" };

/** The key's length in bytes, for each cipher of PBES2. */
const ciphers: Record<string, number> = {
  "2.16.840.1.101.3.4.1.2": 16,
  "2.16.840.1.101.3.4.1.22": 24,
  "2.16.840.1.101.3.4.1.42": 32,
};

/** HMAC with each hash. */
const prfs: Record<string, HashName> = {
  "1.2.840.113549.2.7": "sha1",
  "1.2.840.113549.2.9": "sha256",
  "1.2.840.113549.2.10": "sha384",
  "1.2.840.113549.2.11": "sha512",
};

const hashes = { sha1, sha256, sha384, sha512 };

type DeriveKey = (password: Uint8Array, length: number) => Awaitable<Uint8Array>;

/** EncryptedPrivateKeyInfo, RFC 5958 §3, under PBES2: what is inside, `undefined` where the passphrase cannot be right. */
async function decrypt(
  bytes: Uint8Array,
  password: Uint8Array,
  options: PrivateKeyOptions,
): Promise<Uint8Array | undefined> {
  const { derive, length, iv, ciphertext } = reading(() =>
    der(bytes, (outer) =>
      outer.sequence((info) => {
        const parameters = info.sequence((algorithm) => readPbes2(algorithm, options));
        return { ...parameters, ciphertext: info.contents(tags.octetString) };
      }),
    ),
  );
  const key = await derive(password, length);
  try {
    return cbc(key, iv).decrypt(ciphertext);
  } catch {
    return undefined;
  } finally {
    wipe(key);
  }
}

/** RFC 8018 §A.4. Older schemes (DES, RC2, a hash run once) keep nobody out. */
function readPbes2(algorithm: Der, options: PrivateKeyOptions): { derive: DeriveKey; length: number; iv: Uint8Array } {
  const old = (): never => {
    throw configurationError(
      "the private key is encrypted in a way that is not supported",
      "encrypt it anew: openssl pkcs8 -topk8 -v2 aes-256-cbc -v2prf hmacWithSHA256",
    );
  };
  if (algorithm.oid() !== schemes.pbes2) return old();
  return algorithm.sequence((parameters) => {
    const [derive, keyLength] = parameters.sequence((kdf) => {
      const oid = kdf.oid();
      if (oid === schemes.pbkdf2) return kdf.sequence((reader) => readPbkdf2(reader, options, old));
      if (oid === schemes.scrypt) return kdf.sequence(readScrypt);
      return old();
    });
    return parameters.sequence((cipher) => {
      const length = ciphers[cipher.oid()] ?? old();
      const iv = cipher.contents(tags.octetString);
      if (iv.length !== 16) derFault("IV not 16 bytes");
      if (keyLength !== undefined && keyLength !== length) derFault("keyLength does not fit the cipher");
      return { derive, length, iv };
    });
  });
}

function readPbkdf2(reader: Der, options: PrivateKeyOptions, old: () => never): [DeriveKey, number | undefined] {
  const salt = reader.contents(tags.octetString);
  const iterations = reader.small();
  const length = reader.tag === tags.integer ? reader.small() : undefined;
  const hash =
    reader.optional(tags.sequence, (prf) => {
      const name = prfs[prf.oid()] ?? old();
      prf.null();
      return name;
    }) ?? "sha1";
  bounded("iterations of PBKDF2", iterations, maxIterations);
  const host = options.pbkdf2 ?? ourPbkdf2;
  return [(password, size) => host(hash, password, salt, iterations, size), length];
}

const ourPbkdf2: Pbkdf2 = (hash, password, salt, iterations, length) =>
  pbkdf2(hashes[hash], password, salt, { c: iterations, dkLen: length });

/** RFC 7914 §7. */
function readScrypt(reader: Der): [DeriveKey, number | undefined] {
  const salt = reader.contents(tags.octetString);
  const [N, r, p] = [reader.small(), reader.small(), reader.small()];
  const length = reader.more ? reader.small() : undefined;
  bounded("bytes of scrypt", 128 * N * r * p, maxScryptMemory);
  if (N < 2 || N & (N - 1)) derFault("the cost of scrypt is no power of two");
  return [(password, size) => scrypt(password, salt, { N, r, p, dkLen: size }), length];
}

function bounded(what: string, value: number, most: number): void {
  if (value >= 1 && value <= most) return;
  throw configurationError(`${value} ${what}; 1 to ${most} are accepted`, "encrypt the key anew: openssl pkcs8 -topk8");
}

/** AlgorithmIdentifiers, DER. A key bound to PSS is written as any RSA key: WebCrypto knows no other, and its caller says what it signs. */
const identifiers = {
  secp256r1: "301306072a8648ce3d020106082a8648ce3d030107",
  secp384r1: "301006072a8648ce3d020106052b81040022",
  secp521r1: "301006072a8648ce3d020106052b81040023",
  ed25519: "300506032b6570",
  rsa: "300d06092a864886f70d0101010500",
} as const;

/**
 * The key as plain PKCS#8, which hosts import. An EC key takes its public key along, which Firefox insists on.
 * @example
 * const pkcs8 = privateKeyToPkcs8(key, parseCertificate(leaf).publicKey);
 */
export function privateKeyToPkcs8(key: PrivateKey, publicKey?: PublicKey): Uint8Array {
  const point =
    publicKey?.type === "ec" ? tlv(0xa1, tlv(tags.bitString, Uint8Array.of(0), publicKey.point)) : new Uint8Array(0);
  const inner =
    key.type === "rsa"
      ? key.secret
      : key.type === "ed25519"
        ? tlv(tags.octetString, key.secret)
        : tlv(tags.sequence, Uint8Array.of(2, 1, 1), tlv(tags.octetString, key.secret), point);
  const identifier = fromHex(identifiers[key.type === "ec" ? key.curve : key.type]);
  return tlv(tags.sequence, Uint8Array.of(2, 1, 0), identifier, tlv(tags.octetString, inner));
}

function tlv(tag: number, ...contents: readonly Uint8Array[]): Uint8Array {
  const value = concat(...contents);
  const length: number[] = [];
  for (let n = value.length; n; n >>>= 8) length.unshift(n & 255);
  return concat(
    Uint8Array.from(value.length < 0x80 ? [tag, value.length] : [tag, 0x80 | length.length, ...length]),
    value,
  );
}

/** A positive INTEGER: a zero in front where the top bit is set, no other. */
function integer(value: Uint8Array): Uint8Array {
  const first = value.findIndex((byte) => byte !== 0);
  const digits = first < 0 ? value.subarray(-1) : value.subarray(first);
  return tlv(tags.integer, Uint8Array.from((digits[0] as number) & 0x80 ? [0] : []), digits);
}
