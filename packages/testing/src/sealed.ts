import type { Aead, Awaitable } from "@handclasp/core";

/** Seals `plaintext` into a new array: the ciphertext and then the tag. `tagLength` is in bytes, default 16. */
export function sealed(
  aead: Aead,
  nonce: Uint8Array,
  additionalData: Uint8Array,
  plaintext: Uint8Array,
  tagLength = 16,
): Awaitable<Uint8Array> {
  const out = new Uint8Array(plaintext.length + tagLength);
  const pending = aead.seal(nonce, additionalData, plaintext, out);
  return pending === undefined ? out : pending.then(() => out);
}
