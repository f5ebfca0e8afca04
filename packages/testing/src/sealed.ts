import type { Aead, Awaitable } from "@handclasp/core";

/** Ciphertext and tag in an array of their own. The tag has 16 bytes unless told otherwise. */
export function sealed(
  aead: Aead,
  nonce: Uint8Array,
  additionalData: Uint8Array,
  plaintext: Uint8Array,
  tagLength = 16,
): Awaitable<Uint8Array> {
  const out = new Uint8Array(plaintext.length + tagLength);
  const done = aead.seal(nonce, additionalData, plaintext, out);
  return done === undefined ? out : done.then(() => out);
}
