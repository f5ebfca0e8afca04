/**
 * Cases of a connection's end: each role, each kind of handler, and either side closing first, over any transport. This
 * file imports packages by name only, so that unit tests run it on the sources and interop tests on `dist`.
 */
import { connect, type TlsConnection, type TraceEvent, type Transport } from "@handclasp/core";
import { createServer, nodeCredential, nodeCrypto } from "@handclasp/node";
import { testCa } from "@handclasp/testing";

const ca = await testCa();
const credential = nodeCredential(await ca.issue({ names: ["localhost"] }));

export const roles = ["server", "client"] as const;
export type Role = (typeof roles)[number];
export const closingSides = ["the peer", "our side"] as const;
export type ClosingSide = (typeof closingSides)[number];
/** How the peer's program ends its transport: it closes its side cleanly, or disappears in both directions. */
export const peerEndings = ["ends", "is gone"] as const;
export type PeerEnding = (typeof peerEndings)[number];

/** Two connected transports. */
export interface TransportPair {
  /** The transport of the side whose handler is tested. */
  readonly tested: Transport;
  readonly peer: Transport;
  /** Ends the peer's transport. */
  leave(peerEnding: PeerEnding): void;
}

/** Virtual or real time. */
export interface Clock {
  /** Awaits a promise that settles soon. */
  awaitSoon<T>(promise: Promise<T>): Promise<T>;
  /** Resolves to true when the condition holds, or to false if it does not hold within the clock's time limit. */
  waitUntil(condition: () => boolean): Promise<boolean>;
}

/** The numbers of bytes that one side's application has written and read. */
interface ByteCounts {
  /** The number of bytes of the writes that have resolved. All of them precede the side's close_notify. */
  written: number;
  read: number;
  /** True once the application has read the peer's clean end. */
  sawEnd: boolean;
}

const chunk = new Uint8Array(1000).fill(7);
const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

async function readAll(channel: TlsConnection, counts: ByteCounts): Promise<void> {
  for (let bytes = await channel.read(); bytes; bytes = await channel.read()) counts.read += bytes.length;
  counts.sawEnd = true;
}

export const handlerError: Error = new Error("the handler broke");

type Handler = (channel: TlsConnection, counts: ByteCounts) => void | Promise<void>;

/** The handlers: uses of a channel by an application, correct and incorrect ones. */
export const handlers: Readonly<Record<string, Handler>> = {
  "reads all": readAll,
  "only writes": async (channel, counts) => {
    for (let i = 0; i < 10; i++) {
      await channel.write(chunk);
      counts.written += chunk.length;
      await sleep(50);
    }
  },
  "awaits closed": (channel) => channel.closed,
  "reads in one task and awaits closed in another": async (channel, counts) => {
    await Promise.all([readAll(channel, counts), channel.closed]);
  },
  "does nothing": () => {},
  "never returns": () => new Promise(() => {}),
  throws: () => {
    throw handlerError;
  },
};

export interface Outcome {
  /** The number of connections that the server still has. */
  readonly connections: number;
  /** How `closed` of the tested side settled: "resolved", the error's code, or "pending". */
  readonly testedClosed: string;
  /** The same for the peer's `closed`. */
  readonly peerClosed: string;
  /** The number of bytes that a reader did not get although it read a clean end. */
  readonly missing: number;
  /** The errors that the server's `onError` got. */
  readonly reported: readonly unknown[];
}

/** Runs one case to its end, or until the clock's time limit. */
export async function runCase(
  transports: TransportPair,
  clock: Clock,
  {
    role,
    closesFirst,
    peerEnding,
    handler,
  }: { role: Role; closesFirst: ClosingSide; peerEnding: PeerEnding; handler: string },
): Promise<Outcome> {
  const tested: ByteCounts = { written: 0, read: 0, sawEnd: false };
  const peer: ByteCounts = { written: 0, read: 0, sawEnd: false };
  const handle = handlers[handler] as Handler;
  const reported: unknown[] = [];
  /** True once the peer has handed its close_notify to its transport, which may end now. */
  let sentCloseNotify = false;
  const peerTrace = (event: TraceEvent): void => {
    sentCloseNotify ||= event.type === "alert" && event.direction === "sent" && event.description === "close_notify";
  };
  const server = createServer(
    {
      credentials: [credential],
      onError: (error: unknown) => void reported.push(error),
      ...(role === "client" && { trace: peerTrace }),
    },
    (channel) => (role === "server" ? handle(channel, tested) : undefined),
  );
  const accepted = server.accept(role === "server" ? transports.tested : transports.peer);
  const [client] = await clock.awaitSoon(
    Promise.all([
      connect(role === "server" ? transports.peer : transports.tested, {
        provider: nodeCrypto,
        ca: ca.pem,
        serverName: "localhost",
        ...(role === "server" && { trace: peerTrace }),
      }),
      accepted.opened,
    ]),
  );
  const [channel, peerChannel] = role === "server" ? [accepted, client] : [client, accepted];
  const testedClosed = outcome(channel.closed);
  const peerClosed = outcome(peerChannel.closed);
  // A client's application must catch its handler's errors, because it has no TlsServer that does so.
  if (role === "client")
    void runAndCatch(
      () => handle(channel, tested),
      (error) => channel.abort(error),
    );

  const reading = outcome(readAll(peerChannel, peer));
  await clock.awaitSoon(runAndCatch(() => writeAndClose(peerChannel, peer, closesFirst)));
  if (closesFirst === "the peer") await clock.waitUntil(() => sentCloseNotify || peerClosed() !== "pending");
  else {
    // The application ignores the promise: its rejection must not end the process.
    void channel.close();
    await clock.waitUntil(() => reading() !== "pending");
  }
  transports.leave(peerEnding);
  await clock.waitUntil(
    () => server.connections.size === 0 && testedClosed() !== "pending" && peerClosed() !== "pending",
  );
  return {
    connections: server.connections.size,
    testedClosed: testedClosed(),
    peerClosed: peerClosed(),
    missing: missing(tested, peer) + missing(peer, tested),
    reported,
  };
}

/** The peer's program: it writes, and closes its side if the peer closes first. */
async function writeAndClose(channel: TlsConnection, counts: ByteCounts, closesFirst: ClosingSide): Promise<void> {
  for (let i = 0; i < 5; i++) {
    await channel.write(chunk);
    counts.written += chunk.length;
  }
  if (closesFirst === "the peer") await channel.closeWrite();
}

const missing = (reader: ByteCounts, writer: ByteCounts): number =>
  reader.sawEnd ? Math.max(0, writer.written - reader.read) : 0;

async function runAndCatch(
  action: () => void | Promise<void>,
  onFailure: (error: unknown) => void = () => {},
): Promise<void> {
  try {
    await action();
  } catch (error) {
    onFailure(error);
  }
}

/** How a promise has settled so far. */
function outcome(promise: Promise<unknown>): () => string {
  let text = "pending";
  promise.then(
    () => (text = "resolved"),
    (error: unknown) => (text = String((error as { code?: unknown }).code ?? error)),
  );
  return () => text;
}

/** Collects unhandled rejections, instead of the test runner, until `stop` is called. */
export function unhandledRejections(): { readonly reasons: readonly unknown[]; stop(): Promise<void> } {
  const reasons: unknown[] = [];
  const collect = (reason: unknown): void => void reasons.push(reason);
  const others = process.listeners("unhandledRejection");
  process.removeAllListeners("unhandledRejection");
  process.on("unhandledRejection", collect);
  return {
    reasons,
    async stop() {
      // Node.js reports unhandled rejections after the microtasks of the current task.
      await new Promise((resolve) => setImmediate(resolve));
      process.off("unhandledRejection", collect);
      for (const listener of others) process.on("unhandledRejection", listener);
    },
  };
}
