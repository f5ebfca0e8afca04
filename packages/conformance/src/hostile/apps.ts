/**
 * What applications do with a connection, well or badly.
 * @module
 */
import { setImmediate as turn } from "node:timers/promises";
import { type TlsConnection, TlsError } from "@handclasp/node";
import type { AppName } from "./protocol.ts";

/** What the application saw of its connections. */
export interface Seen {
  bytes: number;
  cleanEnds: number;
  failures: string[];
  /** Bytes read in one turn of the event loop, at most. Of 1-byte records, this is how many of them were opened in it. */
  mostInTurn: number;
}

export type App = (channel: TlsConnection, seen: Seen) => Promise<void> | undefined;

const chunk = new Uint8Array(2 ** 14);
const inTurn = new WeakMap<Seen, number>();
const forever = new Promise<void>(() => {});

export const apps: Readonly<Record<AppName, App>> = {
  reads: (channel, seen) => readAll(channel, seen),
  echoes: (channel, seen) => readAll(channel, seen, (bytes) => channel.write(bytes)),
  writes: (channel, seen) => writeAll(channel, seen),
  "awaits closed": (channel, seen) => channel.closed.catch((error: unknown) => fail(error, seen)),
  "reads and awaits closed": async (channel, seen) => {
    const closed = channel.closed.catch((error: unknown) => fail(error, seen));
    await Promise.all([readAll(channel, seen), closed]);
  },
  "reads once": async (channel, seen) => {
    await channel.read().then((bytes) => count(bytes, seen));
    await forever;
  },
  /** Nobody waits for this close: if it rejects, nobody may have to catch that. */
  closes: (channel) => {
    void channel.close();
    return undefined;
  },
  /** More than the host's buffers take, so that the close waits for a peer that does not read. */
  "writes and closes": async (channel, seen) => {
    void channel.write(new Uint8Array(2 ** 24)).catch(() => {});
    await channel.close().catch((error: unknown) => fail(error, seen));
  },
  "does nothing": () => undefined,
  "never returns": () => forever,
  throws: () => Promise.reject(new Error("the application failed")),
};

async function readAll(
  channel: TlsConnection,
  seen: Seen,
  each: (bytes: Uint8Array) => Promise<void> = () => Promise.resolve(),
): Promise<void> {
  try {
    for (let bytes = await channel.read(); bytes; bytes = await channel.read()) {
      count(bytes, seen);
      await each(bytes);
    }
    seen.cleanEnds++;
  } catch (error) {
    fail(error, seen);
  }
}

async function writeAll(channel: TlsConnection, seen: Seen): Promise<void> {
  try {
    for (;;) {
      await channel.write(chunk);
      await turn();
    }
  } catch (error) {
    fail(error, seen);
  }
}

function count(bytes: Uint8Array | undefined, seen: Seen): void {
  if (!bytes) return;
  seen.bytes += bytes.length;
  const sofar = inTurn.get(seen) ?? 0;
  if (!sofar) setImmediate(() => inTurn.delete(seen));
  inTurn.set(seen, sofar + bytes.length);
  seen.mostInTurn = Math.max(seen.mostInTurn, sofar + bytes.length);
}

function fail(error: unknown, seen: Seen): void {
  seen.failures.push(TlsError.is(error) ? error.code : String(error));
}
