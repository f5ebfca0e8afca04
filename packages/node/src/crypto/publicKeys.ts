/**
 * Public keys as node:crypto takes them.
 * @module
 */
import { createPublicKey, type JsonWebKey, type KeyObject } from "node:crypto";
import type { EcCurveName, PublicKey } from "@handclasp/core";

/** The curves by their names in RFC 8422, with those of OpenSSL and JWK, and the bytes of a coordinate. */
export const curves = {
  secp256r1: { openssl: "prime256v1", jwk: "P-256", width: 32 },
  secp384r1: { openssl: "secp384r1", jwk: "P-384", width: 48 },
  secp521r1: { openssl: "secp521r1", jwk: "P-521", width: 66 },
} as const;

/** True for `04 || x || y` of that curve: no other form of a point is allowed in TLS (RFC 8422 §5.1.2). */
export const isUncompressed = (point: Uint8Array, curve: EcCurveName): boolean =>
  point.length === 1 + 2 * curves[curve].width && point[0] === 4;

export const base64url = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("base64url");

/** JWK is the cheapest way in: SPKI costs up to 190 µs on Node 24. */
export const jwk = (key: JsonWebKey): KeyObject => createPublicKey({ key, format: "jwk" });

/** Imported keys by their text, of the peers that were seen last: to import one costs as much as to verify with it. */
const imported = new Map<string, KeyObject>();
const maxImported = 256;

/** Throws if the key is invalid. */
export function importKey(key: PublicKey): KeyObject {
  const text = key.type === "rsa" ? `${base64url(key.modulus)}.${base64url(key.exponent)}` : base64url(key.point);
  const name = key.type === "ec" ? `${key.curve} ${text}` : `${key.type} ${text}`;
  const held = imported.get(name) ?? makeKey(key);
  imported.delete(name);
  imported.set(name, held);
  if (imported.size > maxImported) imported.delete(imported.keys().next().value as string);
  return held;
}

function makeKey(key: PublicKey): KeyObject {
  switch (key.type) {
    case "rsa":
      return jwk({ kty: "RSA", n: base64url(key.modulus), e: base64url(key.exponent) });
    case "ed25519":
      return jwk({ kty: "OKP", crv: "Ed25519", x: base64url(key.point) });
    case "ec": {
      if (!isUncompressed(key.point, key.curve)) throw new RangeError(`not an uncompressed point of ${key.curve}`);
      const { jwk: crv, width } = curves[key.curve];
      return jwk({
        kty: "EC",
        crv,
        x: base64url(key.point.subarray(1, 1 + width)),
        y: base64url(key.point.subarray(1 + width)),
      });
    }
  }
}
