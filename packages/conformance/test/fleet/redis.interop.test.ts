/** Servers that share sessions and ticket keys in a real Redis, with each client of Redis, and with its faults. */
import { randomBytes } from "node:crypto";
import { connect, connectTcp, createServer, keepSessions, nodeCredential, type TlsConnection } from "@handclasp/node";
import { type Fleet, redisFleet } from "@handclasp/redis";
import { faultProxy } from "@handclasp/testing/faults";
import { Redis } from "ioredis";
import Valkey from "iovalkey";
import { createClient } from "redis";
import { afterAll, describe, expect, onTestFinished, test, vi } from "vitest";
import { makeMaterial } from "../../src/interop/files.ts";
import { missingOf, startRedis } from "../../src/interop/services.ts";
import { fleetOf, ioredis, patience, patient, redis, secret } from "./fleets.ts";

const missing = missingOf("redis-server");
const material = await makeMaterial();
afterAll(() => material.remove());
const credentials = nodeCredential(material.server.ecdsa);
const quiet = () => {};

function iovalkey(port: number): Valkey.Redis {
  const client = new Valkey.Redis({ port, host: "127.0.0.1", retryStrategy: () => 20 });
  onTestFinished(() => client.disconnect());
  return client;
}
async function nodeRedis(port: number) {
  const client = createClient({ socket: { port, host: "127.0.0.1", reconnectStrategy: () => 20 } });
  client.on("error", quiet);
  await client.connect();
  onTestFinished(() => client.destroy());
  return client;
}

/** A server of a fleet. Returns a function that opens a channel to it, and says whether it was resumed. */
async function serving({ ticketKeys, sessionStore }: Fleet): Promise<(options?: object) => Promise<boolean>> {
  const echo = (channel: TlsConnection): Promise<void> => channel.readable.pipeTo(channel.writable);
  const server = createServer({ credentials, ticketKeys, sessionStore, onError: quiet }, echo);
  onTestFinished(async () => void (await server.close({ grace: 0 })));
  const { port } = (await server.listenTcp()).address() as { port: number };
  return async (options) => {
    // A transport, and not an address: the client takes all servers for one.
    const transport = connectTcp({ host: "127.0.0.1", port });
    const channel = await connect(transport, { ca: material.ca, serverName: "localhost", ...options });
    const { resumed } = channel.session;
    // The ticket has come with the handshake.
    await channel.close();
    return resumed;
  };
}

describe.skipIf(missing.length)("redis-server", () => {
  test.each([
    ["ioredis", ioredis],
    ["iovalkey", iovalkey],
    ["node-redis", nodeRedis],
  ] as const)("with %s: sessions go from one process to the other, and Redis has only ciphertext", async (_, open) => {
    const { port } = await redis();
    const [one, other] = [await fleetOf({ client: await open(port) }), await fleetOf({ client: await open(port) })];
    await vi.waitFor(async () => {
      await Promise.all([one.refresh(), other.refresh()]);
      expect(other.ticketKeys()).toHaveLength(2);
      expect(other.ticketKeys()).toEqual(one.ticketKeys());
    }, patience);
    const [openOne, openOther] = [await serving(one), await serving(other)];
    const raw = ioredis(port);
    const byTicket = keepSessions();
    expect(await openOne({ sessions: byTicket })).toBe(false);
    expect(await openOther({ sessions: byTicket })).toBe(true);
    const byId = keepSessions({ tickets: false });
    expect(await openOne({ sessions: byId })).toBe(false);
    await vi.waitFor(async () => {
      await openOne({ sessions: byId });
      expect(await raw.keys("handclasp:session:*")).not.toEqual([]);
      expect(await openOther({ sessions: byId })).toBe(true);
    }, patience);
    const session = new Uint8Array(randomBytes(9));
    await vi.waitFor(async () => {
      await one.sessionStore.set("a key", session, Date.now() + 600_000);
      expect(await other.sessionStore.get("a key")).toEqual(session);
    }, patience);
    const [ticketKey] = one.ticketKeys() as [Uint8Array];
    const names = await raw.keys("*");
    expect(names.join()).not.toContain("a key");
    expect(await raw.pttl(names.find((name) => name.includes("session")) as string)).toBeGreaterThan(0);
    for (const name of names) {
      const stored = name.includes("session") ? await raw.get(name) : (await raw.hgetall(name)).keys;
      for (const bytes of [session, ticketKey, ticketKey.subarray(16)])
        for (const encoding of ["base64url", "base64", "hex", "latin1"] as const)
          expect(`${stored}${Buffer.from(String(stored), "base64url").toString("latin1")}`).not.toContain(
            Buffer.from(bytes).toString(encoding),
          );
    }
    await vi.waitFor(async () => {
      await one.sessionStore.delete("a key");
      expect(await raw.keys("handclasp:session:*")).toHaveLength(names.length - 2);
    }, patience);
    expect(await other.sessionStore.get("a key")).toBeUndefined();
  });

  test("one process at a time makes a key, and each has it before one encrypts with it", async () => {
    const { port } = await redis();
    const clock = { time: 1e12 };
    const client = ioredis(port);
    const options = { client, rotation: 600, sessionLifetime: 1_200, now: () => clock.time };
    const fleets = await Promise.all(Array.from({ length: 5 }, () => fleetOf(options)));
    const windows = 20;
    const namesOf = (fleet: Fleet) => fleet.ticketKeys().map((key) => Buffer.from(key).toString("hex"));
    const used = new Set<string>();
    for (let step = 0; step < windows * 4; step++) {
      // All at once, so that they compete for the lock, and again until all have the next key.
      await vi.waitFor(async () => {
        await Promise.all(fleets.map((fleet) => fleet.refresh()));
        for (const fleet of fleets) expect(fleet.measure().nextKey).toBeDefined();
      }, patience);
      clock.time += 150_000;
      const names = fleets.map(namesOf);
      const sealing = new Set(names.map(([first]) => first));
      expect(sealing.size, `the keys that encrypt in step ${step}`).toBe(1);
      for (const name of sealing) used.add(name as string);
    }
    const made = fleets.reduce((sum, fleet) => sum + fleet.measure().rotations, 0);
    expect(used.size).toBe(windows + 1);
    expect(made, "the first process makes two keys at once").toBe(windows);
    expect(fleets[0]?.measure().keys).toBeLessThanOrEqual(4);
  });

  test("secrets: another one shares nothing, and a new one takes over from the old one", async () => {
    const { port } = await redis();
    const client = ioredis(port);
    const old = await fleetOf({ client });
    const stranger = await fleetOf({ client, secret: randomBytes(32) });
    await vi.waitFor(() => expect(stranger.ticketKeys()).toHaveLength(2), patience);
    expect(stranger.ticketKeys()).not.toContainEqual(old.ticketKeys()[0]);
    const both = await fleetOf({ client, secret: [randomBytes(32), secret] });
    const sessions = keepSessions();
    expect(await (await serving(old))({ sessions })).toBe(false);
    expect(await (await serving(both))({ sessions })).toBe(true);
    // Keys that were altered are replaced.
    const [hash = ""] = (await client.keys("*keys*")).filter((name) => !name.endsWith("lock"));
    await client.hset(hash, "keys", "AAAA");
    for (const fleet of [old, stranger, both]) await fleet.refresh();
    expect(await client.hget(hash, "keys")).not.toBe("AAAA");
  });

  test("Redis stopped, killed, full or empty: handshakes go on, and sessions come back with it", async () => {
    const service = await redis();
    const { port } = service;
    const client = ioredis(port);
    const [one, other] = [await fleetOf({ client }), await fleetOf({ client: await nodeRedis(port) })];
    await vi.waitFor(async () => {
      await Promise.all([one.refresh(), other.refresh()]);
      expect(other.ticketKeys()).toEqual(one.ticketKeys());
      expect(other.ticketKeys()).toHaveLength(2);
    }, patience);
    const [openOne, openOther] = [await serving(one), await serving(other)];
    const sessions = keepSessions();
    const byId = keepSessions({ tickets: false });
    await openOne({ sessions });
    const errorsOf = () => Object.values(one.measure().errors).reduce((sum, count) => sum + count, 0);

    service.signal("SIGSTOP"); // takes bytes, and answers none
    expect(await openOne({ sessions: byId })).toBe(false);
    expect(await openOne({ sessions: byId })).toBe(false);
    expect(await openOther({ sessions })).toBe(true); // the ticket keys are in memory
    expect(errorsOf()).toBeGreaterThan(0);
    service.signal("SIGCONT");

    await vi.waitFor(async () => expect(await client.call("CONFIG", "SET", "maxmemory", "1")).toBe("OK"), patience);
    const { errors } = one.measure();
    expect(await openOne({ sessions: keepSessions({ tickets: false }) })).toBe(false);
    await one.sessionStore.set("full", randomBytes(9), Date.now() + 60_000);
    expect(one.measure().errors.set).toBeGreaterThan(errors.set);

    await service.stop();
    expect(await openOne({ sessions: byId })).toBe(false);
    expect(await openOther({ sessions })).toBe(true);

    const keys = one.ticketKeys();
    await redis(port); // empty
    // A process that starts now gets the keys that the others had.
    const late = await fleetOf({ client: iovalkey(port) });
    const openLate = await serving(late);
    await vi.waitFor(async () => {
      await Promise.all([one.refresh(), late.refresh()]);
      for (const key of keys) expect(late.ticketKeys()).toContainEqual(key);
    }, patience);
    expect(await openLate({ sessions })).toBe(true);
  });

  test("a network that stalls: a call ends without Redis, and so does the wait for keys", async () => {
    const { port } = await startRedis(material).then((service) => {
      onTestFinished(() => service.stop());
      return service;
    });
    const proxy = await faultProxy({
      target: port,
      transport: "tcp",
      fault: { kind: "stall", from: "server", after: 20_000 },
    });
    onTestFinished(() => proxy.close());
    const client = new Redis({
      port: proxy.port,
      host: "127.0.0.1",
      tls: { ca: material.ca, ...material.client, servername: "localhost", maxVersion: "TLSv1.2" },
    });
    onTestFinished(() => client.disconnect());
    const fleet = await fleetOf({ client });
    await vi.waitFor(async () => {
      await fleet.refresh();
      expect(fleet.ticketKeys()).toHaveLength(2);
    }, patience);
    const open = await serving(fleet);
    await fleet.sessionStore.set("large", randomBytes(30_000), Date.now() + 60_000);
    expect(await fleet.sessionStore.get("large")).toBeUndefined();
    expect(fleet.measure().errors.get).toBe(1);
    const sessions = keepSessions();
    expect(await open({ sessions })).toBe(false);
    expect(await open({ sessions })).toBe(true); // by ticket
    expect(await open({ sessions: keepSessions({ tickets: false }) })).toBe(false);
    const late = redisFleet({ ...patient, client });
    onTestFinished(() => late.close());
    await late.ready;
    expect(late.ticketKeys()).toEqual([]);
  });
});
