/**
 * Joins `parts` into one array. Core's `concat(...parts)` would exceed the limit on arguments if there are many parts,
 * such as single bytes.
 */
export function join(parts: readonly Uint8Array[]): Uint8Array {
  const joined = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}
