import { expect, test } from "vitest";
import { callHook, type Flow, runFlow, waitFor } from "../../src/flow.ts";
import { gated, type HandshakeGate } from "../../src/handshake/gate.ts";

/** A gate that counts its calls, and delays each by a promise. */
function countingGate(): HandshakeGate & { calls: number } {
  return {
    calls: 0,
    begin: () => {},
    call(hook) {
      this.calls++;
      return Promise.resolve().then(hook);
    },
  };
}

test("a gate gets the calls of the application, and no promises of providers", async () => {
  function* flow(): Flow<number> {
    const one = yield* callHook(() => 1);
    const two = yield* waitFor(Promise.resolve(2));
    return one + two + (yield* callHook(async () => 3));
  }
  const gate = countingGate();
  expect(await runFlow(gated(flow(), gate))).toBe(6);
  expect(gate.calls).toBe(2);
});

test("an error of a call reaches the flow, which may go on", async () => {
  function* flow(): Flow<string> {
    try {
      yield* callHook(() => {
        throw new Error("no key");
      });
    } catch (error) {
      return `${(error as Error).message}, ${yield* callHook(() => "yet")}`;
    }
    return "unreachable";
  }
  expect(await runFlow(gated(flow(), countingGate()))).toBe("no key, yet");
});

test("a flow that is ended while it waits runs its `finally`", () => {
  let isWiped = false;
  function* flow(): Flow<void> {
    try {
      yield "bytes";
    } finally {
      isWiped = true;
    }
  }
  const outer = gated(flow(), countingGate());
  outer.next();
  outer.return();
  expect(isWiped).toBe(true);
});
