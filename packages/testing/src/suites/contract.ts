/**
 * The types and assertions of contract suites. No suite depends on a certain test runner: it gets one, or returns cases
 * for `for (const { name, run } of cases) test(name, run)`.
 * @module
 */

/** The `describe` and `test` of vitest or another test runner. */
export interface TestRunner {
  describe(name: string, body: () => void): void;
  test(name: string, body: () => Promise<void>, timeout?: number): void;
}

export interface ContractCase {
  readonly name: string;
  readonly run: () => Promise<void>;
}

export function assert(condition: boolean, message: string): asserts condition {
  if (!condition) throw new Error(message);
}

const hex = (bytes: Uint8Array): string => {
  const digits = Array.from(bytes.subarray(0, 80), (byte) => byte.toString(16).padStart(2, "0")).join("");
  return bytes.length > 80 ? `${digits}… (${bytes.length} bytes)` : digits;
};

export function assertSame(actual: Uint8Array | undefined, expected: Uint8Array, what: string): void {
  const isSame = actual?.length === expected.length && expected.every((byte, i) => byte === actual[i]);
  assert(isSame, `${what}: got ${actual ? hex(actual) : "undefined"}, expected ${hex(expected)}`);
}

/** Asserts that `call` throws, or that its promise rejects. */
export async function assertFails(call: () => unknown, what: string): Promise<void> {
  try {
    await call();
  } catch {
    return;
  }
  throw new Error(`${what}: was accepted, expected an error`);
}
