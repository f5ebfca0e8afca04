/** The message and the advice of an error: the value that came, and the remedy. */
export type Finding = [what: string, advice: string];

export const kindOf = (value: unknown): string =>
  value === null ? "null" : Array.isArray(value) ? "a list" : value instanceof Uint8Array ? "bytes" : typeof value;
