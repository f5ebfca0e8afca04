/**
 * Conversions and properties that WebIDL gives to the classes and arguments of the platform.
 * @module
 */

/** Makes the members of a class enumerable, and names the class. A bundler may have given it another name. */
export function shape(shaped: { readonly prototype: object }, name: string): void {
  const { prototype } = shaped;
  Object.defineProperty(shaped, "name", { value: name, configurable: true });
  for (const member of Object.getOwnPropertyNames(prototype))
    if (member !== "constructor") Object.defineProperty(prototype, member, { enumerable: true });
  Object.defineProperty(prototype, Symbol.toStringTag, { value: name, configurable: true });
}

/** The text with U+FFFD for each lone surrogate. */
export const wellFormed = (text: string): string => new TextDecoder().decode(new TextEncoder().encode(text));

/** Converts to an unsigned short with [Clamp]. */
export function clampedShort(value: unknown): number {
  const number = Math.min(Math.max(Number(value), 0), 65_535);
  if (Number.isNaN(number)) return 0;
  const floor = Math.floor(number);
  // Half goes to the even neighbour.
  return number - floor === 0.5 ? floor + (floor % 2) : Math.round(number);
}

/**
 * Converts to an unsigned short with [EnforceRange].
 * @throws TypeError
 */
export function enforcedShort(value: unknown): number {
  const number = Math.trunc(Number(value));
  if (number >= 0 && number <= 65_535) return number;
  throw new TypeError(`${String(value)} is no unsigned short`);
}

/**
 * Converts to a dictionary.
 * @throws TypeError
 */
export function dictionaryOf<T extends object>(value: unknown): Partial<T> {
  if (value === undefined || value === null) return {};
  if (typeof value === "object" || typeof value === "function") return value;
  throw new TypeError(`${typeof value} instead of an object`);
}
