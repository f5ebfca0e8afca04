import { afterAll, beforeAll, vi } from "vitest";

/**
 * Gives a test file timers of its own: the next one fires once nothing else is left to do, without waiting. A timeout can
 * so neither come before the work that it bounds, on however busy a machine, nor cost the time that it says. For files
 * whose work is done in microtasks alone (a memory pair, a synchronous provider): a socket's work would count as nothing.
 */
export function virtualTime(): void {
  beforeAll(() => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
    vi.setTimerTickMode("nextTimerAsync");
  });
  afterAll(() => void vi.useRealTimers());
}
