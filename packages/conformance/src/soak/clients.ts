/**
 * The clients of a soak. Each place opens a connection, echoes data of random sizes, ends it, and begins anew.
 * @module
 */
import { randomInt } from "node:crypto";
import { Agent } from "node:http";
import {
  connect,
  connectTcp,
  connectWebSocket,
  keepSessions,
  type TlsConnection,
  type Transport,
} from "@handclasp/node";
import type { ClientCommand, ClientCounts, ClientMessage, Side, Target } from "./protocol.ts";
import { restOf } from "./rest.ts";

const send = (message: ClientMessage): void => void process.send?.(message);
const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** One in twenty connections is killed. */
const killedShare = 0.05;
/** One in five places has no tickets, and resumes by session ID. */
const withoutTickets = 5;

const counts: { -readonly [Name in keyof ClientCounts]: number } = {
  connections: 0,
  killed: 0,
  bytes: 0,
  mostOpen: 0,
  offeredTickets: 0,
  resumedTickets: 0,
  offeredIds: 0,
  resumedIds: 0,
};
let open = 0;
let next = 0;
let sides: Record<string, Side> = {};
let targets: readonly Target[] = [];
/** The number of handshakes with each server. */
const handshaking: number[] = [];
const pendingAt = (server: number): number => handshaking[server] ?? 0;
let isRunning = false;
let pause = 0;
/** Raised when Redis goes and when it comes back. A session of before may be lost. */
let redisState = { isUp: true, number: 0 };

interface Place {
  readonly sessions: ReturnType<typeof keepSessions>;
  readonly hasTickets: boolean;
  /** The connection whose session the place has: its server, its certificate, and the state of Redis. */
  last?: { readonly server: number; readonly certificate: string; readonly redis: number };
}

function makePlace(number: number): Place {
  const hasTickets = number % withoutTickets !== 0;
  return { sessions: keepSessions({ tickets: hasTickets }), hasTickets };
}

/** The sockets of WebSockets, so that they can be killed. */
const agent = new Agent();

const dial = (target: { readonly tcp: number; readonly ws: number }): Transport | Promise<Transport> =>
  next % 2
    ? connectTcp({ port: target.tcp, host: "127.0.0.1" })
    : connectWebSocket(`ws://127.0.0.1:${target.ws}/`, { agent });

/** Ends the socket below a connection, in the middle of its bytes. */
function kill(channel: TlsConnection): void {
  const socket = channel.transportSocket as { terminate?(): void; destroy?(): void };
  (socket.terminate ?? socket.destroy)?.call(socket);
  channel.abort();
}

async function visit(place: Place, ca: string): Promise<void> {
  const server = chooseServer(place);
  const target = targets[server];
  if (!target) return sleep(10);
  const name = String(next++).padStart(16, "0");
  handshaking[server] = pendingAt(server) + 1;
  const [before, redis] = [place.last, redisState.number];
  let channel: TlsConnection;
  try {
    channel = await connect(await dial(target), {
      ca,
      serverName: "localhost",
      sessions: place.sessions,
      handshakeTimeout: 120_000,
      closeTimeout: 120_000,
    });
  } finally {
    handshaking[server] = pendingAt(server) - 1;
  }
  const certificate = Buffer.from(channel.session.peer?.certificate.raw ?? []).toString("base64");
  // A session of an earlier certificate costs a full handshake, which shows the new one.
  const isCounted =
    before !== undefined &&
    before.server !== server &&
    before.certificate === certificate &&
    redisState.isUp &&
    redis === redisState.number &&
    before.redis === redis;
  if (isCounted) {
    const kind = place.hasTickets ? "Tickets" : "Ids";
    counts[`offered${kind}`]++;
    if (channel.session.resumed) counts[`resumed${kind}`]++;
  }
  place.last = { server, certificate, redis };
  counts.connections++;
  counts.mostOpen = Math.max(counts.mostOpen, ++open);
  try {
    const isKilled = Math.random() < killedShare;
    // A client that aborts forgets its session (RFC 5246 §7.2.2).
    if (isKilled) delete place.last;
    await exchange(channel, name, isKilled);
  } finally {
    open--;
  }
}

/** As a load balancer does: resolves when no handshake goes on with a server that gets no more connections. */
async function leave(): Promise<void> {
  while (targets.some((target, i) => !target && pendingAt(i) > 0)) await sleep(10);
  send({ type: "left" });
}

/** Another server than the last time, so that its session came from another process. */
function chooseServer({ last }: Place): number {
  const up = targets.flatMap((target, i) => (target && i !== last?.server ? [i] : []));
  return up.length ? (up[randomInt(up.length)] as number) : 0;
}

/** The byte at a place of the data of a connection. */
const byteAt = (name: number, at: number): number => (name * 31 + at * 7 + (at >> 8)) & 255;

async function exchange(channel: TlsConnection, name: string, isKilled: boolean): Promise<void> {
  let [written, read] = [0, 0];
  let isClean = false;
  let isWrong = false;
  let wasKilled = false;
  const seed = Number(name);
  const expected = (at: number): number => (at < name.length ? name.charCodeAt(at) : byteAt(seed, at));
  const reading = (async () => {
    for await (const bytes of channel) {
      // The ends of each piece, and some bytes of it.
      for (let i = 0; i < bytes.length; i += i + 1 < bytes.length ? Math.min(97, bytes.length - 1 - i) : 1)
        if (bytes[i] !== expected(read + i)) isWrong = true;
      read += bytes.length;
    }
    isClean = true;
  })();
  reading.catch(() => {});
  const rounds = randomInt(2, 6);
  const killAt = isKilled ? randomInt(rounds) : rounds;
  try {
    for (let round = 0; round < rounds && !isClean; round++) {
      // Small and large ones: 2^4 to 2^16 bytes.
      const data = new Uint8Array(16 + Math.floor(2 ** (4 + Math.random() * 12)));
      for (let i = 0; i < data.length; i++) data[i] = expected(written + i);
      if (round === killAt) {
        // A server that drains may have ended the connection already.
        wasKilled = !channel.closing.aborted;
        channel.write(data).catch(() => {});
        kill(channel);
        counts.killed++;
        break;
      }
      await channel.write(data);
      written += data.length;
      await sleep(pause * Math.random() * 2);
    }
    if (killAt === rounds) await channel.closeWrite();
    await reading;
    await channel.closed;
  } catch (error) {
    if (!isKilled) send({ type: "error", error: `connection ${name}: ${String(error)}` });
  }
  if (isWrong) send({ type: "error", error: `connection ${name}: wrong bytes` });
  counts.bytes += read;
  sides[name] = { written, read, isClean, isKilled: wasKilled };
}

let running: Promise<unknown> = Promise.resolve();
const places: Place[] = [];
const report = (): void => {
  if (Object.keys(sides).length) send({ type: "sides", sides });
  sides = {};
};
setInterval(report, 250).unref();

function run(ca: string, connections: number): void {
  isRunning = true;
  const loop = async (place: Place, i: number): Promise<void> => {
    // They begin one after the other.
    await sleep((i / connections) * pause * 4);
    while (isRunning)
      try {
        await visit(place, ca);
      } catch (error) {
        send({ type: "error", error: String(error) });
        await sleep(100);
      }
  };
  while (places.length < connections) places.push(makePlace(places.length));
  running = Promise.all(places.map(loop));
}

process.once("message", ({ ca }: { ca: string }) => {
  process.on("message", (command: ClientCommand) => {
    switch (command.type) {
      case "targets":
        ({ targets } = command);
        void leave();
        break;
      case "start":
        ({ pause } = command);
        run(ca, command.connections);
        break;
      case "pause":
        isRunning = false;
        void running.then(() => {
          report();
          send({ type: "paused", counts });
        });
        break;
      case "redis":
        redisState = { isUp: command.isUp, number: redisState.number + 1 };
        break;
      default:
        void restOf(open).then((rest) => send({ type: "rest", rest }));
    }
  });
});
process.on("disconnect", () => process.exit());
