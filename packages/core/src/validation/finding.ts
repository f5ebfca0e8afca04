/** What came, and what to do: message and advice of an error. */
export type Finding = [what: string, advice: string];

export const kindOf = (value: unknown): string =>
  value === null ? "null" : Array.isArray(value) ? "a list" : value instanceof Uint8Array ? "bytes" : typeof value;
