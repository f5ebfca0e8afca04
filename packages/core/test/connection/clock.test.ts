/** A clock (`now`) that returns no time ends the handshake, and no session is kept or returned. */
import { type AcceptOptions, type ConnectOptions, connect, keepSessions, memoryStore } from "@handclasp/core";
import { acceptWith, serverHandshakeConfig } from "@handclasp/core/unstable/engine";
import { memoryPair, testCa } from "@handclasp/testing";
import { describe, expect, test } from "vitest";
import { nodeCredential } from "../../../node/src/crypto/credential.ts";
import { nodeCrypto } from "../../../node/src/crypto/nodeCrypto.ts";

const ca = await testCa();
const credentials = [nodeCredential(await ca.issue({ names: ["localhost"] }))];
const client = nodeCredential(await ca.issue({ client: true }));

const wrongTimes: readonly (readonly [string, unknown])[] = [
  ["NaN", Number.NaN],
  ["infinity", Number.POSITIVE_INFINITY],
  ["minus infinity", Number.NEGATIVE_INFINITY],
  ["undefined", undefined],
  ["null", null],
  ["a text", "1"],
  ["a promise", Promise.resolve(1)],
  ["a Date", new Date(1)],
];
const refused = {
  code: "hook_failed",
  by: "us",
  cause: expect.objectContaining({ message: "now must return a finite number of ms" }),
};

/** How each side's handshake ends. The server's clock is right until its configuration is made. */
async function ends(clientOptions: Partial<ConnectOptions>, serverTime: unknown, options: Partial<AcceptOptions> = {}) {
  const { a, b } = memoryPair();
  let time: unknown = Date.now();
  const now = () => time as number;
  const server = { provider: nodeCrypto, credentials, now, ...options };
  const config = serverHandshakeConfig(server);
  time = serverTime;
  const accepted = acceptWith(config, b, server);
  const [mine, theirs] = await Promise.allSettled([
    connect(a, { provider: nodeCrypto, serverName: "localhost", ca: ca.pem, ...clientOptions }),
    accepted.opened,
  ]);
  if (mine.status === "fulfilled") mine.value.abort();
  accepted.abort(undefined);
  return [mine, theirs].map((end) => (end.status === "rejected" ? end.reason : "open"));
}

describe.each(wrongTimes)("a clock that returns %s", (_, time) => {
  const now = () => time as number;

  test("ends a client's handshake", async () => {
    expect(await ends({ now }, Date.now())).toMatchObject([refused, { code: "internal_error", by: "peer" }]);
    expect(await ends({ now, sessions: keepSessions(), verify: () => true }, Date.now())).toMatchObject([refused, {}]);
  });

  test("ends a server's handshake that makes a session or verifies a client", async () => {
    expect((await ends({ sessions: keepSessions() }, time))[1]).toMatchObject(refused);
    const options = { tickets: false, sessionStore: false, clientAuth: "require", ca: ca.pem } as const;
    expect((await ends({ credentials: client }, time, options))[1]).toMatchObject(refused);
  });

  test("is refused when a server's own session cache is made", () => {
    const make = () => serverHandshakeConfig({ provider: nodeCrypto, credentials, now });
    expect(make).toThrow(expect.objectContaining(refused));
  });

  test("makes a store in memory throw instead of keeping or returning a session", () => {
    let current: unknown = 0;
    const store = memoryStore({ now: () => current as number });
    store.set("a", new Uint8Array(1), 100);
    current = time;
    expect(() => store.get("a")).toThrow(expect.objectContaining(refused));
    expect(() => store.set("b", new Uint8Array(1), 100)).toThrow(expect.objectContaining(refused));
    current = 1;
    expect([store.get("a"), store.get("b")]).toEqual([new Uint8Array(1), undefined]);
  });
});

test.each([["a client's"], ["a server's"]])(
  "%s clock that throws ends the handshake with hook_failed",
  async (side) => {
    const cause = new Error("no clock");
    const throws = (): number => {
      throw cause;
    };
    const { a, b } = memoryPair();
    let serverNow = () => Date.now();
    const server = { provider: nodeCrypto, credentials, now: () => serverNow() };
    const config = serverHandshakeConfig(server);
    if (side === "a server's") serverNow = throws;
    const accepted = acceptWith(config, b, server);
    const options = { provider: nodeCrypto, serverName: "localhost", ca: ca.pem, sessions: keepSessions() };
    const connected = connect(a, { ...options, ...(side === "a client's" && { now: throws }) });
    const failed = side === "a client's" ? connected : accepted.opened;
    await expect(failed).rejects.toMatchObject({ code: "hook_failed", fault: "application", cause });
    await expect(side === "a client's" ? accepted.opened : connected).rejects.toMatchObject({ code: "internal_error" });
  },
);

test("a session whose time of expiry is NaN is not kept", () => {
  const store = memoryStore({ now: () => 0 });
  store.set("a", new Uint8Array(1), Number.NaN);
  expect(store.get("a")).toBeUndefined();
});
