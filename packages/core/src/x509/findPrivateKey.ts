/**
 * Finds the private key in what the application gave, and recognises its form. This module neither parses nor decrypts
 * the key, because some hosts do that themselves.
 * @module
 */
import { latin1, toHex } from "../bytes/bytes.ts";
import { der, tags } from "../bytes/der.ts";
import { configurationError } from "../errors.ts";
import { noPemAdvice } from "../validation/noPem.ts";
import { withFault } from "../validation/options.ts";
import { pemBlocks } from "./pem.ts";

/** The members of a private key in a JSON Web Key, RFC 7517, as `crypto.subtle.exportKey("jwk", …)` returns it. */
export type JsonWebKey = { readonly [M in JwkMember]?: string | undefined } & { readonly oth?: unknown };
export type JwkMember = "kty" | "crv" | "d" | "n" | "e" | "p" | "q" | "dp" | "dq" | "qi";

/** A private key: PEM or a JWK as text or bytes, DER, or a JWK as an object. It is never the name of a file. */
export type PrivateKeySource = string | Uint8Array | JsonWebKey;

/**
 * A private key that was found but not parsed: PKCS#8 PrivateKeyInfo or EncryptedPrivateKeyInfo (RFC 5958), PKCS#1 (RFC
 * 8017), SEC1 (RFC 5915) or a JWK (RFC 7517).
 */
export type FoundPrivateKey =
  | { readonly form: "pkcs8" | "encrypted" | "pkcs1" | "sec1"; readonly der: Uint8Array }
  | { readonly form: "jwk"; readonly jwk: JsonWebKey };

/**
 * Finds the one private key in `source`. Throws a TlsError with the fault `"configuration"` if there is none or more
 * than one. The error says what the source is instead, but repeats no part of it.
 */
export function findPrivateKey(source: PrivateKeySource): FoundPrivateKey {
  if (source instanceof Uint8Array && source[0] === tags.sequence) return classify(source);
  const text = source instanceof Uint8Array ? latin1(source) : source;
  if (typeof text !== "string") return { form: "jwk", jwk: jwkOf(text) };
  if (/^\s*\{/.test(text)) return { form: "jwk", jwk: jwkOf(parseJwk(text)) };
  const blocks = pemBlocks(text);
  const keys = blocks.filter(({ label }) => label.endsWith("PRIVATE KEY"));
  const [key] = keys;
  if (keys.length > 1)
    throw configurationError(`${keys.length} private keys in one text`, "give the one that belongs to the certificate");
  if (key?.label === "OPENSSH PRIVATE KEY") {
    throw configurationError("an OpenSSH private key", "convert a copy of it: ssh-keygen -p -N '' -m PKCS8 -f COPY");
  }
  if (key) return classify(key.der);
  const [other] = blocks;
  // `classify` throws, unless the block is a private key under another label. Then the error below is thrown.
  if (other) classify(other.der);
  const error = configurationError("key: there is no private key", noPemAdvice(text, "PRIVATE KEY"));
  throw withFault(error, { option: "key", value: source });
}

function classify(bytes: Uint8Array): FoundPrivateKey {
  const form = formOf(bytes);
  if (form === "certificate") {
    throw configurationError(
      "the private key is a certificate",
      "give the certificate as cert, and its private key as key",
    );
  }
  if (form === "public")
    throw configurationError("the private key is a public key", "give the private key that belongs to it");
  if (form) return { form, der: bytes };
  const error = configurationError("key: there is no private key in it", "give PEM or DER: PKCS#8, PKCS#1 or SEC1");
  throw withFault(error, { option: "key", value: bytes });
}

/** Recognises a DER value by the tags inside its SEQUENCE. */
export function formOf(
  bytes: Uint8Array,
): "pkcs8" | "encrypted" | "pkcs1" | "sec1" | "certificate" | "public" | undefined {
  let tagsHex = "";
  try {
    der(bytes, (outer) =>
      outer.sequence((reader) => {
        for (let { tag } = reader; tag !== undefined; { tag } = reader) {
          reader.contents(tag);
          tagsHex += toHex(Uint8Array.of(tag));
        }
      }),
    );
  } catch {
    return undefined;
  }
  if (/^023004(a0)?(81)?$/.test(tagsHex)) return "pkcs8";
  if (tagsHex === "3004") return "encrypted";
  if (/^(02){9}(30)?$/.test(tagsHex)) return "pkcs1";
  if (/^0204(a0)?(a1)?$/.test(tagsHex)) return "sec1";
  return tagsHex === "303003" ? "certificate" : tagsHex === "3003" ? "public" : undefined;
}

function parseJwk(text: string): JsonWebKey {
  try {
    return JSON.parse(text) as JsonWebKey;
  } catch {
    throw configurationError("the private key is not JSON", "give a JWK, PEM or DER");
  }
}

/**
 * Returns the value if it is a JWK. Throws for any other value that JavaScript code can pass, such as an unset variable
 * or a file handle.
 */
function jwkOf(value: JsonWebKey | null | undefined): JsonWebKey {
  if (typeof value?.kty === "string") return value;
  const error = configurationError(
    `there is no private key in this ${value === null ? "null" : typeof value}`,
    "give PEM, DER, or a JWK with its kty",
  );
  throw withFault(error, { option: "key", value });
}
