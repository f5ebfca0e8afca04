/** Processes with wrong clocks, on a Redis and clocks of the test. */
import { randomBytes } from "node:crypto";
import { describe, expect, onTestFinished, test } from "vitest";
import { type Fleet, type FleetEvent, redisFleet, type SendCommand } from "../src/index.ts";
import { Sealer } from "../src/seal.ts";
import { fakeRedis } from "./fakeRedis.ts";

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;
const step = 2 * minute;
/** Two clocks may differ by twice 5 minutes, and a process reads once in a step. */
const longest = hour + 10 * minute + step;

const secret = randomBytes(32);
const sealer = new Sealer(secret);
const hash = `handclasp:{keys:${sealer.id}}`;
const hex = (key: Uint8Array): string => Buffer.from(key).toString("hex");
const sealingOf = (fleet: Fleet): string | undefined => fleet.ticketKeys().map(hex)[0];

interface Process {
  readonly fleet: Fleet;
  readonly clockErrors: string[];
  /** For how long each key encrypted here. */
  readonly sealed: Map<string, number>;
  /** How far its clock is ahead. */
  ahead: number;
}

/** A world with a right clock, which Redis has. The processes read in turn. */
function world(wrap = (send: SendCommand): SendCommand => send) {
  const clock = { time: Date.UTC(2030, 0, 1) };
  const redis = fakeRedis(() => clock.time);
  const start = (ahead = 0): Process => {
    const clockErrors: string[] = [];
    const process: Process = { ahead, clockErrors, sealed: new Map(), fleet: undefined as never };
    const observe = (event: FleetEvent): void => {
      if (event.type === "error" && event.reason === "clock") clockErrors.push((event.error as Error).message);
    };
    const fleet = redisFleet({
      client: wrap(redis.send),
      secret,
      rotation: 3_600,
      now: () => clock.time + process.ahead,
      observe,
    });
    onTestFinished(() => fleet.close());
    return Object.assign(process, { fleet });
  };
  const run = async (duration: number, processes: readonly Process[], check = () => {}): Promise<void> => {
    for (const end = clock.time + duration; clock.time < end; clock.time += step) {
      for (const { fleet } of processes) await fleet.refresh();
      for (const { fleet, sealed } of new Set(processes)) {
        const key = sealingOf(fleet);
        if (key !== undefined) sealed.set(key, (sealed.get(key) ?? 0) + step);
      }
      check();
    }
  };
  const storedKeys = (): readonly string[] => {
    const opened = sealer.open(hash, redis.keysOf(hash) ?? "");
    const keys = opened ? (JSON.parse(new TextDecoder().decode(opened)) as [string][]) : [];
    return keys.map(([key]) => Buffer.from(key, "base64url").toString("hex"));
  };
  return { clock, start, run, storedKeys };
}

const longestOf = ({ sealed }: Process): number => Math.max(0, ...sealed.values());

describe.each([
  ["30 days fast", 30 * day],
  ["2 hours fast", 2 * hour],
  ["30 minutes fast", 30 * minute],
  ["30 minutes slow", -30 * minute],
  ["2 hours slow", -2 * hour],
  ["30 days slow", -30 * day],
])("a clock that is %s", (_, ahead) => {
  test("once: the others go on, and so does the process", async () => {
    const { start, run } = world();
    const [one, two, wrong] = [start(), start(), start()];
    await run(3 * hour, [one, wrong, two]);
    wrong.ahead = ahead;
    await run(step, [wrong, one, two]);
    wrong.ahead = 0;
    await run(2 * step, [wrong, one, two]);
    await run(8 * hour, [wrong, one, two], () =>
      expect([sealingOf(two.fleet), sealingOf(wrong.fleet)]).toEqual(Array(2).fill(sealingOf(one.fleet))),
    );
    for (const process of [one, two, wrong]) expect(longestOf(process)).toBeLessThanOrEqual(longest);
  });

  test("always: it has no key once this shows, says so, and takes none from the others", async () => {
    const { start, run, storedKeys } = world();
    const [one, two, wrong] = [start(), start(), start(ahead)];
    await run(20 * minute, [one, two]);
    await run(12 * hour, [wrong, one, two, wrong], () => {
      expect(sealingOf(two.fleet)).toBe(sealingOf(one.fleet));
      expect(storedKeys()).toContain(sealingOf(one.fleet));
    });
    expect(wrong.fleet.ticketKeys()).toEqual([]);
    expect(wrong.clockErrors.at(-1)).toMatch(ahead > 0 ? /is \d+\.\d h ahead of that/ : /is \d+\.\d h behind that/);
    for (const process of [one, two, wrong]) expect(longestOf(process)).toBeLessThanOrEqual(longest);
    wrong.ahead = 0;
    await run(step, [wrong, one, two]);
    expect(sealingOf(wrong.fleet)).toBe(sealingOf(one.fleet));
  });

  test("in the process that starts first: a process with a right clock replaces its keys, and says so", async () => {
    const { start, run } = world();
    const wrong = start(ahead);
    await run(step, [wrong]);
    const [one, two] = [start(), start()];
    await run(12 * hour, [one, two, wrong], () => expect(sealingOf(two.fleet)).toBe(sealingOf(one.fleet)));
    if (ahead > 0) expect(one.clockErrors[0]).toMatch(/begins to encrypt in \d+\.\d h: check the clocks/);
    if (ahead < -3 * hour) expect(one.clockErrors[0]).toMatch(/expired 716\.\d h ago.* check the clocks/);
    expect(wrong.fleet.ticketKeys()).toEqual([]);
    for (const process of [one, two, wrong]) expect(longestOf(process)).toBeLessThanOrEqual(longest);
  });
});

test("clocks that are 5 minutes off are right", async () => {
  const { start, run } = world();
  const processes = [start(5 * minute), start(-5 * minute), start()];
  await run(2 * step, processes);
  await run(12 * hour, processes, () => {
    for (const one of processes)
      for (const other of processes) expect(other.fleet.ticketKeys().map(hex)).toContain(sealingOf(one.fleet));
  });
  for (const process of processes) {
    expect(process.clockErrors).toEqual([]);
    expect(longestOf(process)).toBeLessThanOrEqual(longest);
  }
});

test("a Redis with a wrong clock does no harm to processes that agree", async () => {
  const { start, run } = world(
    (send) => (command) => (command[0] === "TIME" ? Promise.resolve(["1", "0"]) : send(command)),
  );
  const processes = [start(), start()];
  await run(6 * hour, processes, () => {
    expect(sealingOf(processes[0]?.fleet as Fleet)).toBe(sealingOf(processes[1]?.fleet as Fleet));
  });
  expect(processes.map(longestOf).every((sealed) => sealed > 0 && sealed <= longest)).toBe(true);
});

test("without Redis's clock, a process that disagrees with the keys replaces none", async () => {
  const { start, run, storedKeys } = world(
    (send) => (command) => (command[0] === "TIME" ? Promise.reject(new Error("NOPERM")) : send(command)),
  );
  const [one, wrong] = [start(), start(30 * day)];
  await run(step, [one]);
  const before = storedKeys();
  await run(20 * minute, [wrong, one]);
  expect(before).toHaveLength(2);
  expect(storedKeys()).toEqual(before);
  expect(wrong.fleet.measure().errors.read).toBeGreaterThan(0);
});
