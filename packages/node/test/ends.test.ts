/**
 * A connection ends once its transport has ended, whichever side goes first and whatever the handler does. In memory,
 * under a virtual clock.
 */
import { memoryPair } from "@handclasp/testing";
import { describe, expect, test } from "vitest";
import { type Carrier, type Clock, firsts, handlerError, handlers, leaving, leavings, roles } from "./ends/matrix.ts";
import { pass, virtualTime } from "./ends/virtualTime.ts";

const virtual: Clock = {
  async settle(promise) {
    promise.catch(() => {});
    await pass(20);
    return promise;
  },
  async until(holds) {
    for (let waited = 0; waited < 2_000 && !holds(); waited += 20) await pass(20);
    return holds();
  },
};

function carrier(): Carrier {
  const pair = memoryPair();
  return { own: pair.a, peer: pair.b, leave: (how) => (how === "ends" ? pair.b.end() : pair.gone()) };
}

virtualTime();

const settled = expect.not.stringMatching(/^pending$/);

describe.each(roles)("a %s", (role) => {
  describe.each(firsts)("of a connection that %s closes first", (first) => {
    describe.each(leavings)("and whose peer then %s", (how) => {
      test.each(Object.keys(handlers))(
        "is done with it within 2 s, where its handler is one that %s",
        async (handler) => {
          const end = await leaving(carrier(), virtual, { role, first, how, handler });
          expect(end).toMatchObject({ connections: 0, ownClosed: settled, peerClosed: settled, missing: 0 });
          // A peer that leaves after its close_notify is no error; a handler that throws is one, and is told as it is.
          if (role === "server") expect(end.reported).toEqual(handler === "throws" ? [handlerError] : []);
        },
      );
    });
  });
});
