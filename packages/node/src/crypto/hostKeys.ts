/**
 * A Uint8Array over the memory of a Buffer. No function of the provider returns a Buffer, because `Buffer.slice()` does
 * not copy.
 */
export const asUint8Array = (buffer: Buffer): Uint8Array =>
  new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.length);

/** Returns the private key of a share, unless the share was wiped. */
export function requireKey<T>(key: T | undefined): T {
  if (!key) throw new Error("the key share was wiped");
  return key;
}
