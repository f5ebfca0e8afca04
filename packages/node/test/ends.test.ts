/**
 * A connection ends when its transport has ended, whichever side closes first and whatever the handler does. These
 * tests use transports in memory and a virtual clock.
 */
import { memoryPair } from "@handclasp/testing";
import { describe, expect, test } from "vitest";
import {
  type Clock,
  closingSides,
  handlerError,
  handlers,
  peerEndings,
  roles,
  runCase,
  type TransportPair,
} from "./ends/matrix.ts";
import { pass, virtualTime } from "./ends/virtualTime.ts";

const virtual: Clock = {
  async awaitSoon(promise) {
    promise.catch(() => {});
    await pass(20);
    return promise;
  },
  async waitUntil(condition) {
    for (let waited = 0; waited < 2_000 && !condition(); waited += 20) await pass(20);
    return condition();
  },
};

function makePair(): TransportPair {
  const pair = memoryPair();
  return { tested: pair.a, peer: pair.b, leave: (peerEnding) => (peerEnding === "ends" ? pair.b.end() : pair.gone()) };
}

virtualTime();

const settled = expect.not.stringMatching(/^pending$/);

describe.each(roles)("a %s", (role) => {
  describe.each(closingSides)("of a connection that %s closes first", (closesFirst) => {
    describe.each(peerEndings)("and whose peer then %s", (peerEnding) => {
      test.each(Object.keys(handlers))("ends the connection within 2 s if its handler %s", async (handler) => {
        const end = await runCase(makePair(), virtual, { role, closesFirst, peerEnding, handler });
        expect(end).toMatchObject({ connections: 0, testedClosed: settled, peerClosed: settled, missing: 0 });
        // A peer that leaves after its close_notify causes no error. A handler's error goes to onError unchanged.
        if (role === "server") expect(end.reported).toEqual(handler === "throws" ? [handlerError] : []);
      });
    });
  });
});
