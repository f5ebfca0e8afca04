/**
 * The applications that the victim runs on its connections. Some use a connection correctly, others incorrectly.
 * @module
 */
import { setImmediate as nextTurn } from "node:timers/promises";
import { type TlsConnection, TlsError } from "@handclasp/node";
import type { AppName } from "./protocol.ts";

/** The results of the reads of an application, and the errors of its connections. */
export interface Observed {
  bytes: number;
  cleanEnds: number;
  failures: string[];
  /** The largest number of bytes read in one turn of the event loop. With 1-byte records, the number of records. */
  mostInTurn: number;
}

export type App = (channel: TlsConnection, observed: Observed) => Promise<void> | undefined;

const chunk = new Uint8Array(2 ** 14);
const readInTurn = new WeakMap<Observed, number>();
const forever = new Promise<void>(() => {});

export const apps: Readonly<Record<AppName, App>> = {
  reads: (channel, observed) => readAll(channel, observed),
  echoes: (channel, observed) => readAll(channel, observed, (bytes) => channel.write(bytes)),
  writes: (channel, observed) => writeAll(channel, observed),
  "awaits closed": (channel, observed) => channel.closed.catch((error: unknown) => fail(error, observed)),
  "reads and awaits closed": async (channel, observed) => {
    const closed = channel.closed.catch((error: unknown) => fail(error, observed));
    await Promise.all([readAll(channel, observed), closed]);
  },
  "reads once": async (channel, observed) => {
    await channel.read().then((bytes) => count(bytes, observed));
    await forever;
  },
  /** The application does not await `close`. A rejection of `close` must not be an unhandled rejection. */
  closes: (channel) => {
    void channel.close();
    return undefined;
  },
  /** Writes more than the operating system's buffers hold, so that `close` waits for a peer that does not read. */
  "writes and closes": async (channel, observed) => {
    void channel.write(new Uint8Array(2 ** 24)).catch(() => {});
    await channel.close().catch((error: unknown) => fail(error, observed));
  },
  "does nothing": () => undefined,
  "never returns": () => forever,
  throws: () => Promise.reject(new Error("the application failed")),
};

async function readAll(
  channel: TlsConnection,
  observed: Observed,
  onBytes: (bytes: Uint8Array) => Promise<void> = () => Promise.resolve(),
): Promise<void> {
  try {
    for (let bytes = await channel.read(); bytes; bytes = await channel.read()) {
      count(bytes, observed);
      await onBytes(bytes);
    }
    observed.cleanEnds++;
  } catch (error) {
    fail(error, observed);
  }
}

async function writeAll(channel: TlsConnection, observed: Observed): Promise<void> {
  try {
    for (;;) {
      await channel.write(chunk);
      await nextTurn();
    }
  } catch (error) {
    fail(error, observed);
  }
}

function count(bytes: Uint8Array | undefined, observed: Observed): void {
  if (!bytes) return;
  observed.bytes += bytes.length;
  const soFar = readInTurn.get(observed) ?? 0;
  if (!soFar) setImmediate(() => readInTurn.delete(observed));
  readInTurn.set(observed, soFar + bytes.length);
  observed.mostInTurn = Math.max(observed.mostInTurn, soFar + bytes.length);
}

function fail(error: unknown, observed: Observed): void {
  observed.failures.push(TlsError.is(error) ? error.code : String(error));
}
