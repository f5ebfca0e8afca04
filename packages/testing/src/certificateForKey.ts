import { ascii, derElement, fromHex } from "@handclasp/core/unstable";

/**
 * Makes the DER of a version 3 certificate for any public key, valid from 2020 to 2049, with a signature that does not
 * verify. Tests use it for keys that WebCrypto does not generate, and for which a {@link testCa} therefore issues no
 * certificates.
 * @param spki the DER of the SubjectPublicKeyInfo
 */
export function certificateForKey(spki: Uint8Array): Uint8Array {
  const ecdsaWithSha256 = derElement(0x30, fromHex("06082a8648ce3d040302"));
  const commonName = derElement(0x30, fromHex("0603550403"), derElement(0x0c, fromHex("74657374")));
  const name = derElement(0x30, derElement(0x31, commonName));
  const time = (digits: string) => derElement(0x17, ascii(`${digits}Z`));
  const validity = derElement(0x30, time("200101000000"), time("490101000000"));
  const tbs = derElement(0x30, fromHex("a003020102"), fromHex("020101"), ecdsaWithSha256, name, validity, name, spki);
  return derElement(0x30, tbs, ecdsaWithSha256, derElement(0x03, fromHex("003006020101020101")));
}
