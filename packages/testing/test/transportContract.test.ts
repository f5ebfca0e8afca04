import { TlsError } from "@handclasp/core";
import { describe, test } from "vitest";
import { type MemoryPairOptions, memoryPair } from "../src/memoryPair.ts";
import { transportContract } from "../src/suites/transportContract.ts";

const kinds: Record<string, MemoryPairOptions> = {
  "pieces as sent": {},
  "pieces of 1021 bytes": { chunk: 1021 },
  "joined pieces": { chunk: Number.POSITIVE_INFINITY },
  "late delivery": { delay: 1 },
};

for (const [name, options] of Object.entries(kinds)) {
  transportContract({ describe, test }, `memory pair, ${name}`, async () => {
    const pair = memoryPair(options);
    const reset = () => pair.fail(new TlsError(undefined, "reset", { fault: "transport" }));
    return { ...pair, reset, endHalf: () => pair.a.end() };
  });
}
