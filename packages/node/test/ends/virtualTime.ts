/** A virtual clock for the tests of a file. None of them may leave an unhandled rejection. */
import { afterEach, beforeEach, expect, vi } from "vitest";
import { unhandledRejections } from "./matrix.ts";

/** Lets this much virtual time pass, and everything happen that is due. */
export const pass = async (ms: number): Promise<void> => void (await vi.advanceTimersByTimeAsync(ms));

/** To be called at the top of the file. */
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
