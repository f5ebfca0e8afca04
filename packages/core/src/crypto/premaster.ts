/**
 * Removes the padding of an RSA-encrypted premaster secret.
 * @module
 */

const premasterLength = 48;

/** 1 if the byte is 0, otherwise 0, without a branch. */
const isZero = (byte: number): number => ((byte - 1) >>> 31) & 1;

/**
 * The premaster secret in a decrypted block, or `fallback` if anything in the block is wrong. It does not reveal which
 * of the two it returns. The block is, by RFC 5246 §7.4.7.1: 00 02, padding without a zero, 00, the version that
 * ClientHello offered, 46 random bytes. The length of the secret is fixed, so its position is known and the code does
 * not search for it. No branch and no index depends on the block's contents (Bleichenbacher, Klima et al., ROBOT).
 * @param block the result of the private-key operation: as long as the modulus, which is public.
 * @param clientVersion the version in ClientHello, for example 0x0303.
 * @param fallback 48 fresh random bytes, generated before the block was decrypted.
 */
export function unpadPremaster(block: Uint8Array, clientVersion: number, fallback: Uint8Array): Uint8Array {
  if (fallback.length !== premasterLength) throw new RangeError("the fallback must have 48 bytes");
  const start = block.length - premasterLength;
  // 00 02, at least eight bytes of padding, 00. The length is public, so this may branch.
  if (start < 11) return fallback.slice();
  let bad = (block[0] as number) | ((block[1] as number) ^ 2);
  for (let i = 2; i < start - 1; i++) bad |= isZero(block[i] as number);
  bad |= block[start - 1] as number;
  bad |= (block[start] as number) ^ (clientVersion >>> 8);
  bad |= (block[start + 1] as number) ^ (clientVersion & 0xff);
  // All ones if the block is good, otherwise zero.
  const good = -isZero(bad);
  const out = new Uint8Array(premasterLength);
  for (let i = 0; i < premasterLength; i++)
    out[i] = ((block[start + i] as number) & good) | ((fallback[i] as number) & ~good);
  return out;
}
