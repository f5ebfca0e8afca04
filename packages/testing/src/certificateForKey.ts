const hex = (text: string): number[] => (text.match(/../g) ?? []).map((byte) => Number.parseInt(byte, 16));

function tlv(tag: number, ...parts: readonly Iterable<number>[]): number[] {
  const body = parts.flatMap((part) => [...part]);
  const n = body.length;
  return [tag, ...(n < 128 ? [n] : n < 256 ? [0x81, n] : [0x82, n >> 8, n & 255]), ...body];
}

/**
 * A certificate of version 3 around any public key, valid from 2020 to 2049, whose signature is nonsense: for tests of keys that no CA of WebCrypto's certifies.
 * @param spki SubjectPublicKeyInfo, DER
 */
export function certificateForKey(spki: Uint8Array): Uint8Array {
  const ecdsaWithSha256 = tlv(0x30, hex("06082a8648ce3d040302"));
  const commonName = tlv(0x30, hex("0603550403"), tlv(0x0c, hex("74657374")));
  const name = tlv(0x30, tlv(0x31, commonName));
  const time = (digits: string) =>
    tlv(
      0x17,
      Array.from(`${digits}Z`, (digit) => digit.charCodeAt(0)),
    );
  const validity = tlv(0x30, time("200101000000"), time("490101000000"));
  const tbs = tlv(0x30, hex("a003020102"), hex("020101"), ecdsaWithSha256, name, validity, name, spki);
  return Uint8Array.from(tlv(0x30, tbs, ecdsaWithSha256, tlv(0x03, hex("003006020101020101"))));
}
