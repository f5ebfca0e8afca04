/**
 * Public keys of peers as KeyObjects of node:crypto.
 * @module
 */
import { createPublicKey, type JsonWebKey, type KeyObject } from "node:crypto";
import type { EcKeyCurveName, PublicKey } from "@handclasp/core";

/** The curves, by their names in RFC 8422, with OpenSSL's and JWK's names and the length of a coordinate in bytes. */
export const curves = {
  secp256r1: { openssl: "prime256v1", jwk: "P-256", width: 32 },
  secp384r1: { openssl: "secp384r1", jwk: "P-384", width: 48 },
  secp521r1: { openssl: "secp521r1", jwk: "P-521", width: 66 },
} as const;

/** True for `04 || x || y` with coordinates of that curve's length, the only form that TLS allows (RFC 8422 §5.1.2). */
export const isUncompressed = (point: Uint8Array, curve: EcKeyCurveName): boolean =>
  point.length === 1 + 2 * curves[curve].width && point[0] === 4;

export const base64url = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("base64url");

/** Imports a public key in the JWK format, which is the fastest: importing SPKI takes up to 190 µs on Node 24. */
export const fromJwk = (key: JsonWebKey): KeyObject => createPublicKey({ key, format: "jwk" });

/** The most recently used keys, by type and value. Importing a key takes as long as verifying a signature with it. */
const cache = new Map<string, KeyObject>();
const maxCached = 256;

/** Imports a public key, or takes it from the cache. Throws if the key is invalid. */
export function importKey(key: PublicKey): KeyObject {
  const text = key.type === "rsa" ? `${base64url(key.modulus)}.${base64url(key.exponent)}` : base64url(key.point);
  const name = key.type === "ec" ? `${key.curve} ${text}` : `${key.type} ${text}`;
  const imported = cache.get(name) ?? makeKey(key);
  cache.delete(name);
  cache.set(name, imported);
  if (cache.size > maxCached) cache.delete(cache.keys().next().value as string);
  return imported;
}

function makeKey(key: PublicKey): KeyObject {
  switch (key.type) {
    case "rsa":
      return fromJwk({ kty: "RSA", n: base64url(key.modulus), e: base64url(key.exponent) });
    case "ed25519":
      return fromJwk({ kty: "OKP", crv: "Ed25519", x: base64url(key.point) });
    case "ec": {
      if (!isUncompressed(key.point, key.curve)) throw new RangeError(`not an uncompressed point of ${key.curve}`);
      const { jwk: crv, width } = curves[key.curve];
      return fromJwk({
        kty: "EC",
        crv,
        x: base64url(key.point.subarray(1, 1 + width)),
        y: base64url(key.point.subarray(1 + width)),
      });
    }
  }
}
