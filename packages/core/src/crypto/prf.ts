/**
 * The pseudorandom function of TLS 1.2: P_hash over a label and a seed, RFC 5246 §5.
 * @module
 */
import type { Bytes } from "../bytes/bytes.ts";
import { ascii, concat } from "../bytes/bytes.ts";
import type { Hash } from "./provider.ts";

/**
 * `length` bytes of PRF(secret, label, seed).
 * @example
 * const masterSecret = ({ hashes }: CryptoProvider, premaster: Uint8Array, randoms: Uint8Array): Bytes =>
 *   prf(hashes.sha256, premaster, "master secret", randoms, 48);
 */
export function prf(hash: Hash, secret: Uint8Array, label: string, seed: Uint8Array, length: number): Bytes {
  const hmac = hash.hmac(secret);
  const labelled = concat(ascii(label), seed);
  const out = new Uint8Array(length);
  // A(0) is the label and the seed; A(i) is the MAC of A(i-1).
  let a: Uint8Array = labelled;
  for (let at = 0; at < length; at += hash.outputLength) {
    a = hmac.mac(a);
    const block = hmac.mac(a, labelled);
    out.set(block.subarray(0, length - at), at);
    block.fill(0);
  }
  return out;
}
