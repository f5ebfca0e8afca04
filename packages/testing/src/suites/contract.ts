/**
 * What a contract suite is made of. It knows no test runner: `for (const { name, run } of suite) test(name, run)`.
 * @module
 */

export interface ContractCase {
  readonly name: string;
  readonly run: () => Promise<void>;
}

export function assert(condition: boolean, what: string): asserts condition {
  if (!condition) throw new Error(what);
}

const hex = (bytes: Uint8Array): string => {
  const shown = Array.from(bytes.subarray(0, 80), (byte) => byte.toString(16).padStart(2, "0")).join("");
  return bytes.length > 80 ? `${shown}… (${bytes.length} bytes)` : shown;
};

export function assertSame(actual: Uint8Array | undefined, expected: Uint8Array, what: string): void {
  const same = actual?.length === expected.length && expected.every((byte, i) => byte === actual[i]);
  assert(same, `${what}: ${actual ? hex(actual) : "nothing"} instead of ${hex(expected)}`);
}

/** The call throws, or its promise rejects. */
export async function assertFails(call: () => unknown, what: string): Promise<void> {
  try {
    await call();
  } catch {
    return;
  }
  throw new Error(`${what}: accepted`);
}
