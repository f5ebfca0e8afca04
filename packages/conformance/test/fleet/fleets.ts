/** A real Redis, and fleets on it, which end with the test. */
import { randomBytes } from "node:crypto";
import { type Fleet, type FleetOptions, redisFleet } from "@handclasp/redis";
import { Redis } from "ioredis";
import { onTestFinished } from "vitest";
import { type Service, startPlainRedis } from "../../src/interop/services.ts";

export const secret: Uint8Array = randomBytes(32);
export const patience = { timeout: 60_000, interval: 5 };
/** The machine may be slow, and the tests need the answers. */
export const patient = { secret, timeout: 250 };

export async function redis(port?: number): Promise<Service> {
  const service = await startPlainRedis(port);
  onTestFinished(() => service.stop());
  return service;
}

export function ioredis(port: number): Redis {
  const client = new Redis({ port, host: "127.0.0.1", retryStrategy: () => 20 });
  onTestFinished(() => client.disconnect());
  return client;
}

export async function fleetOf(options: Omit<FleetOptions, "secret"> & Partial<FleetOptions>): Promise<Fleet> {
  const fleet = redisFleet({ ...patient, ...options });
  onTestFinished(() => fleet.close());
  await fleet.ready;
  return fleet;
}
