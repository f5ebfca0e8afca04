/**
 * What every transport has to do, as a suite that runs against any of them.
 * @module
 */

import { checkEnds } from "./transportEnds.ts";
import { checkFlow } from "./transportFlow.ts";
import { type Checked, Side, type TransportPair } from "./transportSide.ts";

export type { TransportPair };

/** `describe` and `test` of vitest, or of anything that has them. */
export interface TestRunner {
  describe(name: string, body: () => void): void;
  test(name: string, body: () => Promise<void>): void;
}

/**
 * The contract suite of a transport.
 * @example
 * transportContract({ describe, test }, "memory", async () => memoryPair());
 */
export function transportContract(runner: TestRunner, name: string, makePair: () => Promise<TransportPair>): void {
  const check = (what: string, body: (pair: Checked) => Promise<void>): void =>
    runner.test(what, async () => {
      const pair = await makePair();
      const checked = { ...pair, a: new Side(pair.a), b: new Side(pair.b) };
      try {
        await body(checked);
      } finally {
        checked.a.transport.abort("test over");
        checked.b.transport.abort("test over");
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
