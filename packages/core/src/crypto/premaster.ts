/**
 * Removes the padding of an RSA-encrypted premaster secret.
 * @module
 */

const premasterLength = 48;

/** 1 if the byte is 0, otherwise 0, without a branch. */
const isZero = (byte: number): number => ((byte - 1) >>> 31) & 1;

/**
 * The premaster secret in a decrypted block, or `fallback` if anything in the block is wrong. The function does not
 * reveal which of the two it returns. By RFC 5246 §7.4.7.1, the block has these parts: 00 02, padding without a zero
 * byte, 00, the version that ClientHello offered, and 46 random bytes. The length of the secret is fixed, so its
 * position is known and the code does not search for it. No branch and no index depends on the block's contents,
 * because of the attacks by Bleichenbacher and Klima et al., and ROBOT.
 * @param block the result of the private-key operation, as long as the modulus. Its length is public.
 * @param clientVersion the version in ClientHello, for example 0x0303.
 * @param fallback 48 fresh random bytes, generated before the block was decrypted.
 * @throws RangeError if `fallback` does not have 48 bytes
 */
export function unpadPremaster(block: Uint8Array, clientVersion: number, fallback: Uint8Array): Uint8Array {
  if (fallback.length !== premasterLength) throw new RangeError("the fallback must have 48 bytes");
  const start = block.length - premasterLength;
  // 11 bytes must come before the secret: 00 02, at least eight bytes of padding, 00. The length is public, so the code
  // may branch on it.
  if (start < 11) return fallback.slice();
  let bad = (block[0] as number) | ((block[1] as number) ^ 2);
  for (let i = 2; i < start - 1; i++) bad |= isZero(block[i] as number);
  bad |= block[start - 1] as number;
  bad |= (block[start] as number) ^ (clientVersion >>> 8);
  bad |= (block[start + 1] as number) ^ (clientVersion & 0xff);
  // All bits are set if the block is good, and none otherwise.
  const good = -isZero(bad);
  const out = new Uint8Array(premasterLength);
  for (let i = 0; i < premasterLength; i++)
    out[i] = ((block[start + i] as number) & good) | ((fallback[i] as number) & ~good);
  return out;
}
