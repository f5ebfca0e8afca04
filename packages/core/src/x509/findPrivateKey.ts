/**
 * Which private key the user gave, and in which form. Nothing is read or decrypted here: hosts that do that themselves need no more.
 * @module
 */
import { latin1, toHex } from "../bytes/bytes.ts";
import { der, tags } from "../bytes/der.ts";
import { configurationError } from "../errors.ts";
import { noPemAdvice } from "../validation/noPem.ts";
import { withFault } from "../validation/options.ts";
import { pemBlocks } from "./pem.ts";

/** A JSON Web Key, RFC 7517, as far as a private key has members: what `crypto.subtle.exportKey("jwk", …)` gives. */
export type JsonWebKey = { readonly [M in JwkMember]?: string | undefined } & { readonly oth?: unknown };
export type JwkMember = "kty" | "crv" | "d" | "n" | "e" | "p" | "q" | "dp" | "dq" | "qi";

/** PEM or a JWK as text, the contents of such a file, DER, or a JWK. Never the name of a file. */
export type PrivateKeySource = string | Uint8Array | JsonWebKey;

/** A private key as it was found, not read yet: for hosts that read it themselves. */
export type FoundPrivateKey =
  | { readonly form: "pkcs8" | "encrypted" | "pkcs1" | "sec1"; readonly der: Uint8Array }
  | { readonly form: "jwk"; readonly jwk: JsonWebKey };

/** Finds the one private key in what the user gave, or says what that is instead. Nothing of a key gets into the error. */
export function findPrivateKey(source: PrivateKeySource): FoundPrivateKey {
  if (source instanceof Uint8Array && source[0] === tags.sequence) return formed(source);
  const text = source instanceof Uint8Array ? latin1(source) : source;
  if (typeof text !== "string") return { form: "jwk", jwk: jwkOf(text) };
  if (/^\s*\{/.test(text)) return { form: "jwk", jwk: jwkOf(parseJwk(text)) };
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
  const error = configurationError("key: there is no private key", noPemAdvice(text, "PRIVATE KEY"));
  throw withFault(error, { option: "key", value: source });
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
  const error = configurationError("key: there is no private key in it", "give PEM or DER: PKCS#8, PKCS#1 or SEC1");
  throw withFault(error, { option: "key", value: bytes });
}

/** What a DER value is, by the tags inside its SEQUENCE. */
export function formOf(
  bytes: Uint8Array,
): "pkcs8" | "encrypted" | "pkcs1" | "sec1" | "certificate" | "public" | undefined {
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

function parseJwk(text: string): JsonWebKey {
  try {
    return JSON.parse(text) as JsonWebKey;
  } catch {
    throw configurationError("the private key is no JSON", "give a JWK, PEM or DER");
  }
}

/** What JavaScript lets pass where a key is wanted: an unset variable, a file's handle. */
function jwkOf(value: JsonWebKey | null | undefined): JsonWebKey {
  if (typeof value?.kty === "string") return value;
  const error = configurationError(
    `there is no private key in this ${value === null ? "null" : typeof value}`,
    "give PEM, DER, or a JWK with its kty",
  );
  throw withFault(error, { option: "key", value });
}
