/**
 * TCP resets at each step of a connection, by clients and by servers.
 * @module
 */
import type { Attack } from "../attack.ts";
import type { AppName } from "../protocol.ts";
import { clientSteps, type RawTls, serverSteps } from "../rawTls.ts";
import { nextTurn, type TransportKind, transports } from "../wire.ts";

/** The actions of a peer on an open connection, directly before it resets the connection. */
const later: readonly (readonly [what: string, act: (tls: RawTls) => void])[] = [
  ["data", (tls) => tls.data(Buffer.alloc(100))],
  ["close_notify", (tls) => tls.closeNotify()],
  [
    "data after close_notify",
    (tls) => {
      tls.closeNotify();
      tls.data(Buffer.alloc(100));
    },
  ],
  [
    "close_notify and FIN",
    (tls) => {
      tls.closeNotify();
      tls.wire.finish();
    },
  ],
];

const apps: readonly AppName[] = ["echoes", "writes", "closes", "awaits closed"];

const byClient = (transport: TransportKind): Attack => ({
  name: `${transport}, a client resets at each step`,
  clock: "manual",
  async run(arena) {
    const all = await Promise.all(apps.map((app) => arena.start(app)));
    for (const ports of all) {
      for (const step of clientSteps) (await arena.client(transport, ports, {}, step)).wire.reset();
      for (const [, act] of later) {
        const tls = await arena.client(transport, ports);
        act(tls);
        // The operating system must send the bytes before the reset. Otherwise it discards them.
        await tls.wire.flushed();
        await nextTurn();
        tls.wire.reset();
      }
    }
    await arena.victim.call("advance", 2_000);
    await Promise.all(all.map(({ server }, i) => arena.expectGone(server, `, an application that ${apps[i]}`)));
    await arena.expectSockets(0);
  },
});

const byServer = (transport: TransportKind): Attack => ({
  name: `${transport}, a server resets at each step`,
  clock: "manual",
  async run(arena) {
    const parties: (readonly [number, string])[] = [];
    for (const app of apps) {
      for (const step of serverSteps) {
        const { tls, party } = await arena.server(transport, app, {}, step);
        tls.wire.reset();
        parties.push([party, `, an application that ${app}, ${step}`]);
      }
      for (const [what, act] of later) {
        const { tls, party } = await arena.server(transport, app);
        act(tls);
        await tls.wire.flushed();
        await nextTurn();
        tls.wire.reset();
        parties.push([party, `, an application that ${app}, after ${what}`]);
      }
    }
    await arena.victim.call("advance", 2_000);
    await Promise.all(parties.map(([party, what]) => arena.expectGone(party, what)));
    await arena.expectSockets(0);
  },
});

export const resets: readonly Attack[] = transports.flatMap((transport) => [byClient(transport), byServer(transport)]);
