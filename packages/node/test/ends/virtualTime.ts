/** A virtual clock for the tests of a file. A test with an unhandled rejection fails. */
import { afterEach, beforeEach, expect, vi } from "vitest";
import { unhandledRejections } from "./matrix.ts";

/** Advances the virtual clock, and runs everything that is due. */
export const pass = async (ms: number): Promise<void> => void (await vi.advanceTimersByTimeAsync(ms));

/** Installs the clock. A test file calls it at its top level. */
export function virtualTime(): void {
  let unhandled: ReturnType<typeof unhandledRejections>;
  beforeEach(() => {
    unhandled = unhandledRejections();
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  });
  afterEach(async () => {
    vi.useRealTimers();
    await unhandled.stop();
    expect(unhandled.reasons, "unhandled rejections").toEqual([]);
  });
}
