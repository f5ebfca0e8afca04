/** Where the explanations of wrong options do not come, the short error does, and soon. */
import { afterEach, expect, test, vi } from "vitest";
import { explained } from "../../src/given/explained.ts";
import { inTime } from "../../src/given/inTime.ts";
import { optionsOf } from "../../src/given/options.ts";

vi.mock("../../src/given/late.ts", () => ({ explanations: () => inTime(Promise.reject(new Error("no network"))) }));
afterEach(() => vi.useRealTimers());
const virtual = (): void => void vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });

test("a wrong option is told without its explanation, and no timer is left", async () => {
  virtual();
  const wrong = explained(() => optionsOf({ tickets: "yes" }, ["boolean tickets"]));
  await expect(wrong).rejects.toMatchObject({
    code: "configuration",
    message: expect.stringContaining("tickets: wrong value"),
  });
  expect(vi.getTimerCount()).toBe(0);
});

test("a chunk that hangs holds the error back for 2 s", async () => {
  virtual();
  let end: unknown = "none";
  void inTime(new Promise(() => {})).then((part) => {
    end = part;
  });
  await vi.advanceTimersByTimeAsync(1_900);
  expect(end).toBe("none");
  await vi.advanceTimersByTimeAsync(200);
  expect(end).toBeUndefined();
});
