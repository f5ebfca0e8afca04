/**
 * The sessions and ticket keys of servers that share a Redis.
 * @module
 */
import type { SessionStore } from "@handclasp/core";
import { optionsOf, wrongOption } from "@handclasp/core/unstable";
import { withExplanationSync } from "@handclasp/core/unstable/engine";
import { Calls } from "./calls.ts";
import { listen, type RedisClient, senderOf } from "./client.ts";
import type { FleetEvent, FleetLog, FleetMeasures } from "./events.ts";
import { KeyRing } from "./keyRing.ts";
import {
  defaultRotation,
  defaultTimeout,
  maxReadInterval,
  maxTimeout,
  minimumSecret,
  readsPerWindow,
  retryInterval,
  urgentInterval,
} from "./limits.ts";
import { logger } from "./log.ts";
import { Sealer } from "./seal.ts";
import { sessionStore } from "./sessionStore.ts";
import { SharedRing } from "./sharedRing.ts";

export interface FleetOptions {
  /** A client of ioredis, iovalkey or node-redis, or a function that sends a command and resolves to its reply. */
  readonly client: RedisClient;
  /**
   * At least 32 random bytes, the same in all processes, and not in Redis: all that is in Redis is encrypted with it.
   * In a list, the first one encrypts and all decrypt, so you replace a secret by putting the new one first.
   */
  readonly secret: Uint8Array | readonly Uint8Array[];
  /** The beginning of all names in Redis. Fleets with other names share no session. Default `"handclasp"`. */
  readonly prefix?: string;
  /** The time in seconds after which the next ticket key encrypts. Default 3,600. */
  readonly rotation?: number;
  /** The `sessionLifetime` of the servers, in seconds. Default 7,200. */
  readonly sessionLifetime?: number;
  /** How long a handshake may wait for a call of Redis, in milliseconds, 1 to 250. Default 100. */
  readonly timeout?: number;
  /** Gets errors and rotations, for metrics. */
  readonly observe?: (event: FleetEvent) => void;
  /** Gets lines of a log: at most one in ten seconds for the errors of each operation and reason. */
  readonly log?: FleetLog;
  /** For tests: the clock, in milliseconds since 1970. */
  readonly now?: () => number;
}

/** The sessions and keys that the processes of a fleet share. */
export interface Fleet {
  /** The option `ticketKeys` of a server. It answers from memory, and never waits for Redis. */
  readonly ticketKeys: () => readonly Uint8Array[];
  /** The option `sessionStore` of a server, for clients without tickets. */
  readonly sessionStore: SessionStore;
  /** Resolves when the first keys are there, or after 250 ms. A server that does not wait makes full handshakes. */
  readonly ready: Promise<void>;
  /** Reads the keys now, as a timer does, and makes the next one if it is missing. Never rejects. */
  refresh(): Promise<void>;
  measure(): FleetMeasures;
  /** Stops the timer, and overwrites the keys. Close the servers first. The client stays open. */
  close(): void;
}

const rows = [
  "any! client secret",
  "string prefix",
  "1~604800 rotation",
  "1~86400 sessionLifetime",
  `1~${maxTimeout} timeout`,
  "function observe log now",
];

/**
 * Shares sessions and ticket keys between the servers of a fleet: a client that comes back to another process resumes
 * its session. Without Redis, handshakes are full ones: docs/guide/fleet.md.
 * @throws TlsError `configuration`
 * @example
 * const secret = Buffer.from(process.env["FLEET_SECRET"] ?? "", "hex");
 * const fleet = redisFleet({ client: redis, secret });
 * await fleet.ready;
 * const { ticketKeys, sessionStore } = fleet;
 * const server = createServer({ credentials: credential, ticketKeys, sessionStore }, (channel) => channel.close());
 */
export function redisFleet(options: FleetOptions): Fleet {
  const known = withExplanationSync(() => optionsOf(options, rows));
  const { prefix = "handclasp", sessionLifetime = 7_200, timeout = defaultTimeout, now = Date.now } = known;
  const { window, readInterval } = timesOf(known.rotation ?? defaultRotation);
  const sealers = secretsOf(known.secret).map((secret) => new Sealer(secret));
  const log = known.log && logger(known.log);
  const emit = (event: FleetEvent): void => {
    void settled(() => known.observe?.(event));
    void settled(() => log?.(event));
  };
  const calls = new Calls(senderOf(known.client), timeout, emit);
  const ring = new KeyRing({ window, lifetime: sessionLifetime * 1_000, lead: 3 * readInterval }, now);
  const shared = new SharedRing(ring, calls, sealers, prefix, now, emit);

  let timer: NodeJS.Timeout | undefined;
  let isClosed = false;
  let current: Promise<void> | undefined;
  const refreshOnce = async (): Promise<void> => {
    clearTimeout(timer);
    const canWait = await shared.refresh().catch((error: unknown) => {
      calls.failed("read", "failed", error);
      return false;
    });
    current = undefined;
    if (isClosed) return ring.clear();
    const interval = canWait ? readInterval : Math.min(readInterval, ring.size ? retryInterval : urgentInterval);
    // Spread, so that the processes of a fleet do not all read at once.
    timer = setTimeout(() => void refresh(), interval * (0.75 + Math.random() / 2)).unref();
  };
  const refresh = (): Promise<void> => {
    if (isClosed) return Promise.resolve();
    current ??= refreshOnce();
    return current;
  };
  const stopListening = listen(
    known.client,
    (error) => calls.failed("client", "failed", error),
    () => void refresh(),
  );
  const close = (): void => {
    isClosed = true;
    clearTimeout(timer);
    stopListening();
    ring.clear();
  };
  return {
    ticketKeys: () => ring.ticketKeys(),
    sessionStore: sessionStore(calls, sealers[0] as Sealer, prefix, now),
    ready: firstOf(refresh(), maxTimeout),
    refresh,
    measure: () => ({
      calls: { ...calls.calls },
      errors: { ...calls.errors },
      skipped: calls.skipped,
      rotations: shared.rotations,
      keys: ring.size,
      nextKey: ring.next,
    }),
    close,
  };
}

/** Calls a function of the application, which may throw, and may be async although its type is not. */
async function settled(call: () => unknown): Promise<void> {
  try {
    await call();
  } catch (thrown) {
    console.error("handclasp: observe or log of the application threw:", thrown);
  }
}

function timesOf(rotation: number): { readonly window: number; readonly readInterval: number } {
  const window = rotation * 1_000;
  return { window, readInterval: Math.min(maxReadInterval, window / readsPerWindow) };
}

function secretsOf(secret: FleetOptions["secret"]): readonly Uint8Array[] {
  const secrets = Array.isArray(secret) ? (secret as readonly Uint8Array[]) : [secret as Uint8Array];
  // Zeros are what a crash leaves of a file.
  const isSecret = (one: unknown): boolean =>
    one instanceof Uint8Array && one.length >= minimumSecret && one.some((byte) => byte !== 0);
  if (secrets.length && secrets.every(isSecret)) return secrets;
  // The message does not have the value.
  throw wrongOption("secret", undefined, `at least ${minimumSecret} random bytes, or a list of such secrets`);
}

/** Resolves with the promise or after a time. */
async function firstOf(promise: Promise<void>, ms: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms);
  });
  await Promise.race([promise, late]);
  clearTimeout(timer);
}
