import { afterAll, beforeAll, vi } from "vitest";

/**
 * Gives a test file virtual timers: the next timer fires as soon as no other work is left. So a timeout never fires
 * before the work that it bounds, even on a busy machine, and no test waits in real time. Use it only where all
 * work is done in microtasks (a memory pair, a synchronous provider), because the work of a socket would not count.
 */
export function virtualTime(): void {
  beforeAll(() => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
    vi.setTimerTickMode("nextTimerAsync");
  });
  afterAll(() => void vi.useRealTimers());
}
