/**
 * Sessions and ticket keys in Redis, for servers of several processes.
 * @module
 */
export type { RedisClient, SendCommand } from "./client.ts";
export type { FleetErrorReason, FleetEvent, FleetLog, FleetMeasures, Operation } from "./events.ts";
export { type Fleet, type FleetOptions, redisFleet } from "./fleet.ts";
