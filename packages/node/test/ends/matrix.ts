/**
 * Tests one end of a connection: each role, over a transport, with each kind of handler, whichever side goes first. It
 * imports packages by name, so that unit tests run it on the sources and interop tests on `dist`.
 */
import { connect, type TlsConnection, type TraceEvent, type Transport } from "@handclasp/core";
import { createServer, nodeCredential, nodeCrypto } from "@handclasp/node";
import { testCa } from "@handclasp/testing";

const ca = await testCa();
const credential = nodeCredential(await ca.issue({ names: ["localhost"] }));

export const roles = ["server", "client"] as const;
export type Role = (typeof roles)[number];
export const firsts = ["the peer", "our side"] as const;
export type First = (typeof firsts)[number];
/** How the peer's program leaves the carrier once it is done: it ends its side in order, or is gone both ways. */
export const leavings = ["ends", "is gone"] as const;
export type Leaving = (typeof leavings)[number];

/** Two transports that are joined. */
export interface Carrier {
  /** The side whose handler is tested. */
  readonly own: Transport;
  readonly peer: Transport;
  leave(how: Leaving): void;
}

/** Virtual or real time. */
export interface Clock {
  /** Awaits a promise that settles soon. */
  settle<T>(promise: Promise<T>): Promise<T>;
  /** True as soon as it holds; false where the time is over before that. */
  until(holds: () => boolean): Promise<boolean>;
}

/** The bytes that one side's application wrote, and those that it read. */
interface Ledger {
  /** Bytes of writes that had resolved, all of them before its close_notify. */
  written: number;
  read: number;
  /** It saw the peer's clean end. */
  clean: boolean;
}

const chunk = new Uint8Array(1000).fill(7);
const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

async function readAll(channel: TlsConnection, ledger: Ledger): Promise<void> {
  for (let bytes = await channel.read(); bytes; bytes = await channel.read()) ledger.read += bytes.length;
  ledger.clean = true;
}

export const handlerError: Error = new Error("the handler broke");

/** The handlers: what an application may do with a channel, right or wrong. */
export const handlers: Readonly<Record<string, (channel: TlsConnection, ledger: Ledger) => void | Promise<void>>> = {
  "reads all": readAll,
  "only writes": async (channel, ledger) => {
    for (let i = 0; i < 10; i++) {
      await channel.write(chunk);
      ledger.written += chunk.length;
      await sleep(50);
    }
  },
  "awaits closed": (channel) => channel.closed,
  "reads in one task and awaits closed in another": async (channel, ledger) => {
    await Promise.all([readAll(channel, ledger), channel.closed]);
  },
  "does nothing": () => {},
  "never returns": () => new Promise(() => {}),
  throws: () => {
    throw handlerError;
  },
};

export interface Outcome {
  /** Connections that the server still counts. */
  readonly connections: number;
  /** How `closed` of each side settled, in words; "pending" where it did not. */
  readonly ownClosed: string;
  readonly peerClosed: string;
  /** Bytes that a reader which saw a clean end did not get. */
  readonly missing: number;
  /** The errors that the server's `onError` got. */
  readonly reported: readonly unknown[];
}

/** Runs one case to its end, or as long as the clock allows. */
export async function leaving(
  carrier: Carrier,
  clock: Clock,
  { role, first, how, handler }: { role: Role; first: First; how: Leaving; handler: string },
): Promise<Outcome> {
  const own: Ledger = { written: 0, read: 0, clean: false };
  const peer: Ledger = { written: 0, read: 0, clean: false };
  const handle = handlers[handler] as (channel: TlsConnection, ledger: Ledger) => void | Promise<void>;
  const reported: unknown[] = [];
  /** The peer's close_notify is with its carrier, which may end now. */
  let said = false;
  const peerTrace = (event: TraceEvent): void => {
    said ||= event.type === "alert" && event.direction === "sent" && event.description === "close_notify";
  };
  const server = createServer(
    {
      credentials: [credential],
      onError: (error: unknown) => void reported.push(error),
      ...(role === "client" && { trace: peerTrace }),
    },
    (channel) => (role === "server" ? handle(channel, own) : undefined),
  );
  const accepted = server.accept(role === "server" ? carrier.own : carrier.peer);
  const [client] = await clock.settle(
    Promise.all([
      connect(role === "server" ? carrier.peer : carrier.own, {
        provider: nodeCrypto,
        ca: ca.pem,
        serverName: "localhost",
        ...(role === "server" && { trace: peerTrace }),
      }),
      accepted.opened,
    ]),
  );
  const [channel, other] = role === "server" ? [accepted, client] : [client, accepted];
  const ownClosed = outcome(channel.closed);
  const peerClosed = outcome(other.closed);
  // A client's application must catch its errors itself.
  if (role === "client")
    void attempt(
      () => handle(channel, own),
      (error) => channel.abort(error),
    );

  const reading = outcome(readAll(other, peer));
  await clock.settle(attempt(() => speak(other, peer, first)));
  if (first === "the peer") await clock.until(() => said || peerClosed() !== "pending");
  else {
    // No code awaits it, which must not end the process.
    void channel.close();
    await clock.until(() => reading() !== "pending");
  }
  carrier.leave(how);
  await clock.until(() => server.connections.size === 0 && ownClosed() !== "pending" && peerClosed() !== "pending");
  return {
    connections: server.connections.size,
    ownClosed: ownClosed(),
    peerClosed: peerClosed(),
    missing: missing(own, peer) + missing(peer, own),
    reported,
  };
}

/** A polite program: it writes, and where it goes first, it says so. */
async function speak(channel: TlsConnection, ledger: Ledger, first: First): Promise<void> {
  for (let i = 0; i < 5; i++) {
    await channel.write(chunk);
    ledger.written += chunk.length;
  }
  if (first === "the peer") await channel.closeWrite();
}

const missing = (reader: Ledger, writer: Ledger): number =>
  reader.clean ? Math.max(0, writer.written - reader.read) : 0;

async function attempt(work: () => void | Promise<void>, failed: (error: unknown) => void = () => {}): Promise<void> {
  try {
    await work();
  } catch (error) {
    failed(error);
  }
}

/** How a promise has ended so far. */
function outcome(promise: Promise<unknown>): () => string {
  let text = "pending";
  promise.then(
    () => (text = "resolved"),
    (error: unknown) => (text = String((error as { code?: unknown }).code ?? error)),
  );
  return () => text;
}

/** Collects unhandled rejections in place of the test runner, until it is stopped. */
export function unhandledRejections(): { readonly reasons: readonly unknown[]; stop(): Promise<void> } {
  const reasons: unknown[] = [];
  const note = (reason: unknown): void => void reasons.push(reason);
  const others = process.listeners("unhandledRejection");
  process.removeAllListeners("unhandledRejection");
  process.on("unhandledRejection", note);
  return {
    reasons,
    async stop() {
      // Node tells of them once the microtasks of a turn are done.
      await new Promise((resolve) => setImmediate(resolve));
      process.off("unhandledRejection", note);
      for (const other of others) process.on("unhandledRejection", other);
    },
  };
}
