/** Makes a request for a certificate: PKCS#10 (RFC 2986). */
import { configurationError, derElement, fromHex } from "@handclasp/core/unstable";
import { signatureToDer } from "../crypto/ecdsa.ts";

const oids = { commonName: fromHex("0603550403"), ecdsaWithSha256: fromHex("06082a8648ce3d040302") };

/**
 * @param spki the SubjectPublicKeyInfo of the key, which is on P-256
 * @param commonName the requested name, or an empty string for a request without a name
 */
export async function certificationRequest(
  subtle: SubtleCrypto,
  key: CryptoKey,
  spki: Uint8Array,
  commonName: string,
): Promise<Uint8Array> {
  if (Array.from(commonName).length > 64) throw configurationError("commonName: expected at most 64 characters");
  const attribute = derElement(0x30, oids.commonName, derElement(0x0c, new TextEncoder().encode(commonName)));
  const subject = derElement(0x30, ...(commonName === "" ? [] : [derElement(0x31, attribute)]));
  const info = derElement(0x30, fromHex("020100"), subject, spki, derElement(0xa0)) as Uint8Array<ArrayBuffer>;
  const signature = await subtle.sign({ name: "ECDSA", hash: "SHA-256" }, key, info);
  return derElement(
    0x30,
    info,
    derElement(0x30, oids.ecdsaWithSha256),
    derElement(0x03, Uint8Array.of(0), signatureToDer(new Uint8Array(signature))),
  );
}
