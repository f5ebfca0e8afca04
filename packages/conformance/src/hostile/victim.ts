/**
 * The process under attack. It runs servers and clients of Handclasp, measures their costs, and answers the calls of
 * its parent process.
 * @module
 */
import { subscribe } from "node:diagnostics_channel";
import type { AddressInfo, Socket } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import { connect, createServer, nodeCredential, type TlsConnection, TlsError, type TlsServer } from "@handclasp/node";
import { type App, apps, type Observed } from "./apps.ts";
import { installManualClock } from "./manualClock.ts";
import type { Costs, Methods, Ports, ServerSetup, Status } from "./protocol.ts";
import { StallSampler } from "./stallSampler.ts";

const realTimeout = globalThis.setTimeout;
const clock = process.argv[2] === "manual" ? installManualClock() : undefined;
const sampler = new StallSampler(realTimeout);

/** The state of one server, or of one connection that this process opened. */
interface Party {
  readonly server: TlsServer | undefined;
  readonly connections: ReadonlySet<unknown>;
  readonly observed: Observed;
  handlers: number;
  opened: number;
}

const parties: Party[] = [];
const unhandled: string[] = [];
for (const event of ["unhandledRejection", "uncaughtException"])
  process.on(event, (error: unknown) => unhandled.push(`${event}: ${TlsError.is(error) ? error.code : String(error)}`));

/** The open sockets, and the number of bytes that the closed sockets had received. */
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
    const party = newParty(undefined, open);
    // The victim does not await the connection, because many attacks never complete the handshake.
    connect(url, { ca, serverName: "localhost" })
      .then((channel) => {
        open.add(channel).delete("the attempt");
        const remove = (): void => void open.delete(channel);
        channel.closed.then(remove, remove);
        return runApp(party, apps[app], channel);
      })
      .catch((error: unknown) => recordFailure(party, error))
      .finally(() => open.delete("the attempt"));
    return parties.push(party) - 1;
  },
  async status(server): Promise<Status> {
    const { connections, handlers, opened, observed } = parties[server] as Party;
    return { connections: connections.size, handlers, opened, ...observed };
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
    if (!clock) throw new Error('this victim has no manual clock: fork it with "manual"');
    await clock.advance(ms);
  },
  async close(server) {
    void parties[server]?.server?.close();
  },
};

process.on("message", ({ id, method, params }: { id: number; method: keyof Methods; params: unknown[] }) => {
  const handler = methods[method] as (...params: unknown[]) => Promise<unknown>;
  handler(...params).then(
    (result) => process.send?.({ id, result }),
    (error: unknown) => process.send?.({ id, error: String(error) }),
  );
});
process.on("disconnect", () => process.exit());

async function start({ app, cert, key, ca }: ServerSetup): Promise<Ports> {
  const server = createServer(
    {
      credentials: [nodeCredential({ cert, key })],
      // The attacks measure what a connection costs that is admitted. They all come from one address.
      admission: false,
      onError: (error: unknown) => recordFailure(party, error),
      ...(ca !== undefined && { clientAuth: "request", ca }),
    },
    (channel) => runApp(party, apps[app], channel),
  );
  const party = newParty(server, server.connections);
  const [tcp, ws] = await Promise.all([server.listenTcp(), server.listenWebSocket()]);
  return { server: parties.push(party) - 1, tcp: portOf(tcp), ws: portOf(ws) };
}

async function startNodeTls({ cert, key }: ServerSetup): Promise<Ports> {
  const open = new Set<unknown>();
  const party = newParty(undefined, open);
  const server = createTlsServer({ cert, key, maxVersion: "TLSv1.2" }, (socket) => {
    open.add(socket);
    party.opened++;
    socket.on("error", (error) => recordFailure(party, error));
    socket.on("data", (bytes) => {
      party.observed.bytes += bytes.length;
    });
    socket.on("close", () => open.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { server: parties.push(party) - 1, tcp: portOf(server), ws: 0 };
}

/** Runs the application on a connection. The application counts as a handler until it settles. */
function runApp(party: Party, app: App, channel: TlsConnection): Promise<void> | undefined {
  party.opened++;
  const done = app(channel, party.observed);
  if (!done) return undefined;
  party.handlers++;
  return done.finally(() => {
    party.handlers--;
  });
}

function newParty(server: TlsServer | undefined, connections: ReadonlySet<unknown>): Party {
  return {
    server,
    connections,
    observed: { bytes: 0, cleanEnds: 0, failures: [], mostInTurn: 0 },
    handlers: 0,
    opened: 0,
  };
}

function recordFailure(party: Party, error: unknown): void {
  party.observed.failures.push(TlsError.is(error) ? error.code : String(error));
}

function portOf(listener: { address(): AddressInfo | string | null }): number {
  return (listener.address() as AddressInfo).port;
}

/**
 * The memory in use after garbage collection, in bytes. The garbage collector runs three times, because finalizers free
 * more memory after the first run.
 */
async function memory(): Promise<{ heapUsed: number; external: number }> {
  for (let i = 0; i < 3; i++) {
    globalThis.gc?.();
    await new Promise<void>((resolve) => void realTimeout(resolve, 1));
  }
  return process.memoryUsage();
}
