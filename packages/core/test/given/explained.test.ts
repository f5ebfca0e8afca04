/** Where the explanations of wrong options do not come, the short error does, and soon. */
import { afterEach, expect, test, vi } from "vitest";
import { explained } from "../../src/given/explained.ts";
import { optionsOf } from "../../src/given/options.ts";

let explanations: () => Promise<unknown> = () => new Promise(() => {});
vi.mock("../../src/given/late.ts", () => ({ explanations: () => explanations() }));
afterEach(() => vi.useRealTimers());

const wrong = (): Promise<unknown> => explained(() => optionsOf({ tickets: "yes" }, ["boolean tickets"]));
const short = { code: "configuration", message: expect.stringContaining("tickets: wrong value") };

test("a chunk that hangs holds the error back for 2 s", async () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  const end = wrong().catch((error: unknown) => error);
  let told = false;
  void end.then(() => (told = true));
  await vi.advanceTimersByTimeAsync(1_900);
  expect(told).toBe(false);
  await vi.advanceTimersByTimeAsync(200);
  expect(told).toBe(true);
  expect(await end).toMatchObject(short);
});

test("nor does one that fails to load, and no timer is left", async () => {
  explanations = () => Promise.reject(new Error("no network"));
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  await expect(wrong()).rejects.toMatchObject(short);
  expect(vi.getTimerCount()).toBe(0);
});
