/**
 * The process that is attacked: servers and clients of Handclasp, and what they cost. It takes orders from its parent.
 * @module
 */
import { subscribe } from "node:diagnostics_channel";
import type { AddressInfo, Socket } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import { connect, createServer, nodeCredential, type TlsConnection, TlsError, type TlsServer } from "@handclasp/node";
import { type App, apps, type Seen } from "./apps.ts";
import { installManualClock } from "./manualClock.ts";
import type { Costs, Methods, Ports, ServerSetup, Status } from "./protocol.ts";
import { StallSampler } from "./stallSampler.ts";

const realTimeout = globalThis.setTimeout;
const clock = process.argv[2] === "manual" ? installManualClock() : undefined;
const sampler = new StallSampler(realTimeout);

/** What one server, or one connection that this process opened, has seen and still has. */
interface Party {
  readonly server: TlsServer | undefined;
  readonly connections: ReadonlySet<unknown>;
  readonly seen: Seen;
  handlers: number;
  opened: number;
}

const parties: Party[] = [];
const unhandled: string[] = [];
for (const event of ["unhandledRejection", "uncaughtException"])
  process.on(event, (error: unknown) => unhandled.push(`${event}: ${TlsError.is(error) ? error.code : String(error)}`));

/** Sockets that are open, and what those had received that are not any more. */
const sockets = new Set<Socket>();
let receivedBefore = 0;
for (const channel of ["net.server.socket", "net.client.socket"])
  subscribe(channel, (message) => {
    const { socket } = message as { socket: Socket };
    sockets.add(socket);
    socket.once("close", () => {
      sockets.delete(socket);
      receivedBefore += socket.bytesRead;
    });
  });

let base = { heapUsed: 0, external: 0 };
let cpu = process.cpuUsage();

const methods: Methods = {
  start: (setup) => (setup.nodeTls ? startNodeTls(setup) : start(setup)),
  async connect({ url, ca, app }) {
    const open = new Set<unknown>(["the attempt"]);
    const own = party(undefined, open);
    // Not waited for: many attacks leave it without an answer.
    connect(url, { ca, serverName: "localhost" })
      .then((channel) => {
        open.add(channel).delete("the attempt");
        const gone = (): void => void open.delete(channel);
        channel.closed.then(gone, gone);
        return use(own, apps[app], channel);
      })
      .catch((error: unknown) => failed(own, error))
      .finally(() => open.delete("the attempt"));
    return parties.push(own) - 1;
  },
  async status(server): Promise<Status> {
    const { connections, handlers, opened, seen } = parties[server] as Party;
    return { connections: connections.size, handlers, opened, ...seen };
  },
  async mark() {
    base = await memory();
    unhandled.length = 0;
    cpu = process.cpuUsage();
    sampler.reset();
  },
  async measure(): Promise<Costs> {
    const { user, system } = process.cpuUsage(cpu);
    const { stall, stallCpu } = sampler.longest;
    const { heapUsed, external } = await memory();
    const handles = process.getActiveResourcesInfo();
    return {
      stall,
      stallCpu,
      cpu: (user + system) / 1e3,
      heapUsed: heapUsed - base.heapUsed,
      external: external - base.external,
      sockets: handles.filter((name) => name === "TCPSocketWrap").length,
      handles: handles.length,
      unhandled,
    };
  },
  async received() {
    let sum = receivedBefore;
    for (const { bytesRead } of sockets) sum += bytesRead;
    return sum;
  },
  async advance(ms) {
    if (!clock) throw new Error('this victim has no clock of its own: fork it with "manual"');
    await clock.advance(ms);
  },
  async close(server) {
    void parties[server]?.server?.close();
  },
};

process.on("message", ({ id, method, params }: { id: number; method: keyof Methods; params: unknown[] }) => {
  const call = methods[method] as (...given: unknown[]) => Promise<unknown>;
  call(...params).then(
    (result) => process.send?.({ id, result }),
    (error: unknown) => process.send?.({ id, error: String(error) }),
  );
});
process.on("disconnect", () => process.exit());

async function start({ app, cert, key, ca }: ServerSetup): Promise<Ports> {
  const server = createServer(
    {
      credentials: [nodeCredential({ cert, key })],
      onError: (error: unknown) => failed(own, error),
      ...(ca !== undefined && { clientAuth: "request", ca }),
    },
    (channel) => use(own, apps[app], channel),
  );
  const own = party(server, server.connections);
  const [tcp, ws] = await Promise.all([server.listenTcp(), server.listenWebSocket()]);
  return { server: parties.push(own) - 1, tcp: portOf(tcp), ws: portOf(ws) };
}

async function startNodeTls({ cert, key }: ServerSetup): Promise<Ports> {
  const open = new Set<unknown>();
  const own = party(undefined, open);
  const server = createTlsServer({ cert, key, maxVersion: "TLSv1.2" }, (socket) => {
    open.add(socket);
    own.opened++;
    socket.on("error", (error) => failed(own, error));
    socket.on("data", (bytes) => {
      own.seen.bytes += bytes.length;
    });
    socket.on("close", () => open.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { server: parties.push(own) - 1, tcp: portOf(server), ws: 0 };
}

/** Runs the application, and counts it until it settles. */
function use(own: Party, app: App, channel: TlsConnection): Promise<void> | undefined {
  own.opened++;
  const done = app(channel, own.seen);
  if (!done) return undefined;
  own.handlers++;
  return done.finally(() => {
    own.handlers--;
  });
}

function party(server: TlsServer | undefined, connections: ReadonlySet<unknown>): Party {
  return { server, connections, seen: { bytes: 0, cleanEnds: 0, failures: [], mostInTurn: 0 }, handlers: 0, opened: 0 };
}

function failed(own: Party, error: unknown): void {
  own.seen.failures.push(TlsError.is(error) ? error.code : String(error));
}

function portOf(listener: { address(): AddressInfo | string | null }): number {
  return (listener.address() as AddressInfo).port;
}

/** What is held, not what waits for the collector. The first collection can leave what a finalizer frees. */
async function memory(): Promise<{ heapUsed: number; external: number }> {
  for (let i = 0; i < 3; i++) {
    globalThis.gc?.();
    await new Promise<void>((resolve) => void realTimeout(resolve, 1));
  }
  return process.memoryUsage();
}
