/** The package with clients that fail; packages/conformance/test/fleet has a real Redis. */
import { randomBytes } from "node:crypto";
import { EventEmitter } from "node:events";
import { expect, onTestFinished, test, vi } from "vitest";
import { type FleetEvent, type FleetOptions, redisFleet, type SendCommand } from "../src/index.ts";
import { Sealer } from "../src/seal.ts";
import { fakeRedis } from "./fakeRedis.ts";

const secret = randomBytes(32);
const patience = { timeout: 60_000 };
const never: SendCommand = () => new Promise(() => {});

function fleetOf(options: Partial<FleetOptions>) {
  const events: FleetEvent[] = [];
  const fleet = redisFleet({ client: never, secret, timeout: 1, observe: (event) => events.push(event), ...options });
  onTestFinished(() => fleet.close());
  return { fleet, events };
}

test("a sealed value opens only under its name, and with its secret", () => {
  const sealer = new Sealer(secret);
  const value = randomBytes(100);
  const sealed = sealer.seal("a", value);
  expect(sealer.open("a", sealed)).toEqual(new Uint8Array(value));
  expect(sealer.seal("a", value)).not.toBe(sealed);
  expect(sealer.open("b", sealed)).toBeUndefined();
  expect(new Sealer(randomBytes(32)).open("a", sealed)).toBeUndefined();
  for (const at of [0, 1, 30, -1]) {
    const altered = Buffer.from(sealed, "base64url");
    altered.writeUInt8((altered.at(at) as number) ^ 1, at < 0 ? altered.length + at : at);
    expect(sealer.open("a", altered.toString("base64url")), `byte ${at}`).toBeUndefined();
  }
  for (const text of ["", "x", "AQ", sealed.slice(0, 50)]) expect(sealer.open("a", text)).toBeUndefined();
});

test("a client that never answers is asked three times, and then once a second", async () => {
  vi.useFakeTimers({ toFake: ["performance"] });
  onTestFinished(() => void vi.useRealTimers());
  const { fleet, events } = fleetOf({});
  await fleet.ready;
  expect(fleet.ticketKeys()).toEqual([]);
  for (let i = 0; i < 50; i++) expect(await fleet.sessionStore.get("key")).toBeUndefined();
  const { calls, errors, skipped } = fleet.measure();
  expect(errors.get).toBe(calls.get);
  expect(calls.get + skipped).toBe(50);
  expect(events).toContainEqual(expect.objectContaining({ type: "error", operation: "get", reason: "no_answer" }));
  expect(events).toContainEqual({ type: "paused" });
  expect(events.length).toBe(1 + Object.values(errors).reduce((sum, one) => sum + one, 0));
  const before = fleet.measure().calls.get;
  for (let i = 0; i < 3; i++) {
    vi.advanceTimersByTime(1_001);
    for (let j = 0; j < 10; j++) await fleet.sessionStore.get("key");
  }
  expect(fleet.measure().calls.get).toBe(before + 3);
});

const nonsense = [
  7,
  {},
  Object.create(null),
  [],
  [{}, {}],
  [1],
  [Object.create(null), Object.create(null)],
  [Symbol("a"), Symbol("b")],
  undefined,
  true,
  10n,
  () => 1,
  Object.defineProperty([1, null], 0, {
    get() {
      throw new Error("a getter");
    },
  }),
];

test.each([
  ["throws", "failed", () => Promise.reject(new Error("rejected"))],
  [
    "throws at once",
    "failed",
    () => {
      throw new Error("thrown");
    },
  ],
  ...nonsense.map((reply, at) => [`answers nonsense ${at}`, "unexpected_reply", async () => reply] as const),
  ["answers a text that is not sealed", "altered", async () => "not sealed"],
] as [string, string, SendCommand][])(
  "a client that %s costs the session only, and counts",
  async (_, reason, client) => {
    const { fleet, events } = fleetOf({ client, timeout: 250 });
    await fleet.ready;
    await fleet.sessionStore.set("key", randomBytes(8), Date.now() + 60_000);
    expect(await fleet.sessionStore.get("key")).toBeUndefined();
    expect(fleet.ticketKeys()).toEqual([]);
    const { errors } = fleet.measure();
    for (const operation of ["read", "get", "set"] as const) expect(errors[operation], operation).toBeGreaterThan(0);
    const reads = events.filter((event) => event.type === "error" && ["read", "get"].includes(event.operation));
    expect(new Set(reads.map((event) => event.type === "error" && event.reason))).toEqual(new Set([reason]));
  },
);

test.each(nonsense.map((reply) => ({ reply })))(
  "nonsense as the reply to a script or to DEL counts: %#",
  async ({ reply }) => {
    const client: SendCommand = async ([command]) => (command === "HGET" ? null : reply);
    const { fleet, events } = fleetOf({ client, timeout: 250 });
    await fleet.refresh();
    expect(events[0]).toMatchObject({ operation: "rotate", reason: "unexpected_reply" });
    expect(fleet.measure().keys).toBe(0);
    await fleet.sessionStore.delete("key");
    const isNumber = typeof reply === "number" || typeof reply === "bigint";
    expect(fleet.measure().errors.delete).toBe(isNumber ? 0 : 1);
  },
);

test.each([
  ["null", null],
  ["a Buffer", Buffer.from("x")],
  ["a number as a text", "1"],
])("%s is a reply of Redis", async (_, reply) => {
  const client: SendCommand = async ([command]) => (command === "EVAL" ? null : command === "DEL" ? 1 : reply);
  const { fleet, events } = fleetOf({ client, timeout: 250 });
  await fleet.ready;
  await fleet.sessionStore.delete("key");
  await fleet.sessionStore.get("key");
  expect(events.filter((event) => event.type === "error" && event.reason === "unexpected_reply")).toEqual([]);
});

test("a call for the keys may take a second, for which no handshake waits", async () => {
  vi.useFakeTimers({ toFake: ["performance", "setTimeout", "clearTimeout"] });
  onTestFinished(() => void vi.useRealTimers());
  const { send } = fakeRedis(() => 1_000_000);
  const slow: SendCommand = async (command) => {
    await new Promise((resolve) => setTimeout(resolve, 900));
    return send(command);
  };
  const { fleet, events } = fleetOf({ client: slow, timeout: 100 });
  const times: Record<string, number> = {};
  const note = (what: string) => () => {
    times[what] = performance.now() - began;
  };
  const began = performance.now();
  void fleet.ready.then(note("ready"));
  void Promise.resolve(fleet.sessionStore.get("key")).then(note("get"));
  await vi.advanceTimersByTimeAsync(3_000);
  expect(times).toEqual({ ready: 250, get: 100 });
  expect(fleet.measure().keys).toBe(2);
  expect(events.map((event) => event.type === "error" && event.operation)).toEqual(["get", false]);
});

test("a lock that another program holds for ever is an error after ten seconds", async () => {
  vi.useFakeTimers({ toFake: ["performance"] });
  onTestFinished(() => void vi.useRealTimers());
  let isHeld = true;
  const clock = { time: 1_000_000 };
  const now = () => clock.time;
  const { send } = fakeRedis(now);
  const client: SendCommand = async (command) => (isHeld && command[0] === "EVAL" ? null : send(command));
  const lines: unknown[] = [];
  const { fleet, events } = fleetOf({ client, now, log: (level, { reason }) => lines.push([level, reason]) });
  const errors = () => events.filter((event) => event.type === "error");
  await fleet.refresh();
  vi.advanceTimersByTime(10_000);
  await fleet.refresh();
  expect(errors()).toEqual([]);
  vi.advanceTimersByTime(1_000);
  await fleet.refresh();
  // The timer of the fleet may have refreshed too.
  expect(new Set(errors().map(({ operation, reason }) => `${operation} ${reason}`))).toEqual(new Set(["rotate lock"]));
  expect(lines).toEqual([["error", "lock"]]);
  isHeld = false;
  await vi.waitFor(async () => {
    await fleet.refresh();
    expect(fleet.measure().nextKey).toBeDefined();
  }, patience);
  const count = errors().length;
  isHeld = true;
  clock.time += 3_600_000;
  vi.advanceTimersByTime(11_000);
  await fleet.refresh();
  expect(fleet.measure().nextKey).toBeUndefined();
  expect(errors()).toHaveLength(count);
});

test("an error of the connection does not end the process, is counted, and is one line of the log", async () => {
  const client = Object.assign(new EventEmitter(), { call: () => Promise.resolve(null) });
  const lines: unknown[][] = [];
  const { fleet } = fleetOf({ client, log: (...line) => lines.push(line) });
  for (let i = 0; i < 9; i++) client.emit("error", new Error("gone"));
  expect(fleet.measure().errors.client).toBe(9);
  expect(lines.filter(([, object]) => (object as { operation?: string }).operation === "client")).toHaveLength(1);
  const reads = fleet.measure().calls.read;
  await fleet.refresh();
  client.emit("ready");
  expect(fleet.measure().calls.read).toBeGreaterThan(reads);
  fleet.close();
  await fleet.refresh();
  expect(client.listenerCount("ready")).toBe(0);
  client.emit("error", new Error("after the end"));
});

test.each([
  ["throws", (what: string) => Promise.reject(new Error(what)) as never],
  [
    "throws at once",
    (what: string) => {
      throw new Error(what);
    },
  ],
])("an observe and a log of which each %s end nothing", async (_, hook: (what: string) => never) => {
  const quiet = vi.spyOn(console, "error").mockImplementation(() => {});
  onTestFinished(() => quiet.mockRestore());
  const { fleet } = fleetOf({ observe: () => hook("observe"), log: () => hook("log") });
  expect(await fleet.sessionStore.get("key")).toBeUndefined();
  const text = "handclasp: observe or log of the application threw:";
  await vi.waitFor(() => {
    for (const what of ["observe", "log"]) expect(quiet.mock.calls).toContainEqual([text, new Error(what)]);
  }, patience);
});

test.each([
  ["client", { client: {} }],
  ["client", { client: undefined }],
  ["secret", { secret: randomBytes(31) }],
  ["secret", { secret: [] }],
  ["secret", { secret: "0123456789abcdef0123456789abcdef" }],
  ["timeout", { timeout: 251 }],
  ["rotation", { rotation: 0 }],
  ["sessionLifetime", { sessionLifetime: 86_401 }],
  ["prefix", { prefix: 1 }],
  ["prefx", { prefx: "a" }],
] as [string, object][])("a wrong %s is refused, without its value: %j", (option, options) => {
  const make = () => redisFleet({ client: never, secret, ...options });
  expect(make).toThrow(expect.objectContaining({ code: "configuration", message: expect.stringContaining(option) }));
  expect(make).not.toThrow(/0123456789/);
});
