import { TlsError } from "@handclasp/core";
import { describe, test } from "vitest";
import { type MemoryPairOptions, memoryPair } from "../src/memoryPair.ts";
import { transportContract } from "../src/suites/transportContract.ts";

const kinds: Record<string, MemoryPairOptions> = {
  "as sent": {},
  "in odd pieces": { chunk: 1021 },
  joined: { chunk: Number.POSITIVE_INFINITY },
  late: { delay: 1 },
};

for (const [name, options] of Object.entries(kinds)) {
  transportContract({ describe, test }, `memory, ${name}`, async () => {
    const pair = memoryPair(options);
    const reset = () => pair.fail(new TlsError(undefined, "reset", { fault: "transport" }));
    return { ...pair, reset, endHalf: () => pair.a.end() };
  });
}
