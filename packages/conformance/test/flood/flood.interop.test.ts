/** The short form of `pnpm flood`. It checks only that everything is answered, never how long it takes. */
import { expect, test } from "vitest";
import { runFlood } from "../../src/flood/run.ts";

test("during a flood from one address, an open connection and another address are served", async () => {
  const { flooded, done, load } = await runFlood({
    seconds: 4,
    rates: { halfOpen: 200, handshakes: 50, messages: 2, bombs: 5 },
    handshakes: 20,
    patience: 60_000,
  });
  expect(flooded.count).toBeGreaterThan(0);
  expect(done).toBe(20);
  // The flood was one: the limits of a client have refused a part of it.
  expect(load.halfOpen.begun).toBeGreaterThan(100);
  expect(load.halfOpen.refused).toBeGreaterThan(0);
}, 300_000);
