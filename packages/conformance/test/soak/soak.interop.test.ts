/** The short form of `pnpm soak`. It has a few clients, and judges nothing that depends on the speed of the machine. */
import { describe, expect, test } from "vitest";
import { missingOf } from "../../src/interop/services.ts";
import { faultsOf, runSoak } from "../../src/soak/run.ts";

describe.skipIf(missingOf("redis-server").length)("redis-server", () => {
  test("under kills, restarts, new certificates and the end of Redis, nothing is lost or left", async () => {
    const report = await runSoak({ seconds: 30, connections: 30, pause: 100, log: () => {} });
    // A short warm-up leaves code that V8 compiles later, and a slow machine misses the time limit of 250 ms.
    expect(faultsOf(report, { growth: 1.3, tickets: 0.99, ids: 0 })).toEqual([]);
    expect(report.compared).toBeGreaterThan(report.counts.connections / 2);
  }, 600_000);
});
