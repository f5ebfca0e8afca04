/** If the explanations of wrong options do not load, the short error is thrown within about 2 s. */
import { afterEach, expect, test, vi } from "vitest";
import { loadWithTimeout } from "../../src/validation/loadWithTimeout.ts";
import { optionsOf } from "../../src/validation/options.ts";
import { withExplanation } from "../../src/validation/withExplanation.ts";

vi.mock("../../src/validation/lazy.ts", () => ({
  loadExplanations: () => loadWithTimeout(Promise.reject(new Error("no network"))),
}));
afterEach(() => vi.useRealTimers());
const useVirtualTime = (): void => void vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });

test("a wrong option throws the short error if the explanation does not load, and no timer is left", async () => {
  useVirtualTime();
  const wrong = withExplanation(() => optionsOf({ tickets: "yes" }, ["boolean tickets"]));
  await expect(wrong).rejects.toMatchObject({
    code: "configuration",
    message: expect.stringContaining("tickets: wrong value"),
  });
  expect(vi.getTimerCount()).toBe(0);
});

test("a chunk that never loads delays the error by 2 s", async () => {
  useVirtualTime();
  let result: unknown = "pending";
  void loadWithTimeout(new Promise(() => {})).then((part) => {
    result = part;
  });
  await vi.advanceTimersByTimeAsync(1_900);
  expect(result).toBe("pending");
  await vi.advanceTimersByTimeAsync(200);
  expect(result).toBeUndefined();
});
