/** Leaders of a fleet on a real Redis, which another program alters. */
import type { Fleet, FleetEvent, SendCommand } from "@handclasp/redis";
import type { Redis } from "ioredis";
import { describe, expect, test, vi } from "vitest";
import { missingOf } from "../../src/interop/services.ts";
import { fleetOf, ioredis, patience, redis } from "./fleets.ts";

const missing = missingOf("redis-server");

describe.skipIf(missing.length)("redis-server", () => {
  test("a leader that was paused cannot overwrite the keys of a later one", async () => {
    const { port } = await redis();
    const client = ioredis(port);
    const plain: SendCommand = ([command = "", ...args]) => client.call(command, ...args);
    let goOn = () => {};
    const isPaused = new Promise<void>((resolve) => {
      goOn = resolve;
    });
    let written: unknown = "nothing";
    // Its second script, which writes, arrives after the other process has made the keys.
    const pausing: SendCommand = async (command) => {
      if (command[0] !== "EVAL" || !command[1]?.includes("hset")) return plain(command);
      await isPaused;
      written = await plain(command);
      return written;
    };
    const paused = await fleetOf({ client: pausing });
    expect(paused.measure().rotations).toBe(0);
    await client.del(...(await client.keys("*:lock"))); // the lease is over
    const later = await fleetOf({ client });
    await vi.waitFor(() => expect(later.measure().rotations).toBe(1), patience);
    const before = later.ticketKeys();
    goOn();
    await vi.waitFor(() => expect(written).toBe(0), patience);
    await later.refresh();
    expect(later.ticketKeys()).toEqual(before);
    await vi.waitFor(async () => {
      await paused.refresh();
      expect(paused.ticketKeys()).toEqual(before);
    }, patience);
  });

  test.each([
    ["without expiry", (client: Redis, lock: string) => client.set(lock, "somebody")],
    ["with a long one", (client: Redis, lock: string) => client.set(lock, "somebody", "PX", 600_000)],
    ["of another type", (client: Redis, lock: string) => client.lpush(lock, "somebody")],
  ])("a lock %s is not ours: it is replaced, and is an error", async (_, writeLock) => {
    const { port } = await redis();
    const client = ioredis(port);
    const errors: FleetEvent[] = [];
    const observe = (event: FleetEvent) => event.type === "error" && event.reason === "lock" && errors.push(event);
    const fleet = await fleetOf({ client, observe });
    await vi.waitFor(async () => {
      await fleet.refresh();
      expect(fleet.measure().keys).toBe(2);
    }, patience);
    const [hash = ""] = (await client.keys("*keys*")).filter((name) => !name.endsWith("lock"));
    await vi.waitFor(async () => {
      await client.del(`${hash}:lock`);
      if (!errors.length) await writeLock(client, `${hash}:lock`);
      await client.hdel(hash, "keys");
      await fleet.refresh();
      expect(await client.hget(hash, "keys")).not.toBeNull();
      const error = expect.objectContaining({ message: expect.stringContaining("was replaced") });
      expect(errors).toContainEqual({ type: "error", operation: "rotate", reason: "lock", error });
    }, patience);
  });

  test("two leaders at once, because the lock of the first one was altered: one writes, and all agree", async () => {
    const { port } = await redis();
    const client = ioredis(port);
    const written: unknown[] = [];
    const waiting: (() => void)[] = [];
    let isOpen = false;
    const gated: SendCommand = async ([command = "", ...args]) => {
      const isWrite = command === "EVAL" && args[0]?.includes("hset");
      if (isWrite && !isOpen) await new Promise<void>((resolve) => void waiting.push(resolve));
      const reply = await client.call(command, ...args);
      if (isWrite) written.push(reply);
      return reply;
    };
    const fleets: Fleet[] = [];
    for (const leaders of [1, 2]) {
      fleets.push(await fleetOf({ client: gated }));
      await vi.waitFor(async () => {
        const [lock] = await client.keys("*:lock");
        if (lock && waiting.length < leaders) await client.persist(lock);
        expect(waiting.length).toBeGreaterThanOrEqual(leaders);
      }, patience);
    }
    isOpen = true;
    for (const open of waiting) open();
    await vi.waitFor(async () => {
      await Promise.all(fleets.map((fleet) => fleet.refresh()));
      const [one, other] = fleets.map((fleet) => fleet.ticketKeys());
      expect(one?.length).toBeGreaterThanOrEqual(2);
      expect(one).toEqual(other);
    }, patience);
    // At most the last one to take the lock has written.
    expect(written.slice(0, waiting.length).filter(Number).length).toBeLessThanOrEqual(1);
    expect(written).toContain(0);
  });

  test("a token that is too large for an exact number stops no leader", async () => {
    const { port } = await redis();
    const client = ioredis(port);
    const fleet = await fleetOf({ client });
    await vi.waitFor(async () => {
      await fleet.refresh();
      expect(fleet.measure().keys).toBe(2);
    }, patience);
    const [hash = ""] = (await client.keys("*keys*")).filter((name) => !name.endsWith("lock"));
    const large = 2n ** 62n;
    await client.hset(hash, "token", String(large));
    await client.hdel(hash, "keys");
    await vi.waitFor(async () => {
      await fleet.refresh();
      expect(await client.hget(hash, "keys")).not.toBeNull();
    }, patience);
    // As a number, the first token that is right is 96 later.
    expect(BigInt(String(await client.hget(hash, "token"))) - large).toBeLessThan(50n);
  });
});
