/**
 * The contract of a transport, as a suite that runs against any implementation.
 * @module
 */

import type { TestRunner } from "./contract.ts";
import { checkEnds } from "./transportEnds.ts";
import { checkFlow } from "./transportFlow.ts";
import { type CheckedPair, Side, type TransportPair } from "./transportSide.ts";

export type { TransportPair };

/**
 * Defines the tests of the transport contract. `makePair` makes a fresh pair for each test.
 * @example
 * transportContract({ describe, test }, "memory", async () => memoryPair());
 */
export function transportContract(runner: TestRunner, name: string, makePair: () => Promise<TransportPair>): void {
  const check = (title: string, body: (pair: CheckedPair) => Promise<void>): void =>
    runner.test(title, async () => {
      const pair = await makePair();
      const checked = { ...pair, a: new Side(pair.a), b: new Side(pair.b) };
      try {
        await body(checked);
      } finally {
        checked.a.transport.abort("the test has ended");
        checked.b.transport.abort("the test has ended");
        await pair.cleanup?.();
      }
      checked.a.verify();
      checked.b.verify();
    });

  runner.describe(`transport contract: ${name}`, () => {
    checkFlow(check);
    checkEnds(check);
  });
}
