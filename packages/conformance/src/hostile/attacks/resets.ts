/**
 * A reset at each step of a connection, on either side.
 * @module
 */
import type { Attack } from "../attack.ts";
import type { AppName } from "../protocol.ts";
import { clientSteps, type RawTls, serverSteps } from "../rawTls.ts";
import { type Carrier, carriers, turn } from "../wire.ts";

/** What a peer does with an open connection before it resets it. */
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
    "FIN",
    (tls) => {
      tls.closeNotify();
      tls.wire.finish();
    },
  ],
];

const apps: readonly AppName[] = ["echoes", "writes", "closes", "awaits closed"];

const byClient = (carrier: Carrier): Attack => ({
  name: `${carrier}, a client resets at each step`,
  clock: "manual",
  async run(arena) {
    const all = await Promise.all(apps.map((app) => arena.start(app)));
    for (const ports of all) {
      for (const step of clientSteps) (await arena.client(carrier, ports, {}, step)).wire.reset();
      for (const [, act] of later) {
        const tls = await arena.client(carrier, ports);
        act(tls);
        // Written, and under way, before the reset: else the host drops it.
        await tls.wire.flushed();
        await turn();
        tls.wire.reset();
      }
    }
    await arena.victim.call("advance", 2_000);
    await Promise.all(all.map(({ server }, i) => arena.expectGone(server, `, an application that ${apps[i]}`)));
    await arena.expectSockets(0);
  },
});

const byServer = (carrier: Carrier): Attack => ({
  name: `${carrier}, a server resets at each step`,
  clock: "manual",
  async run(arena) {
    const parties: (readonly [number, string])[] = [];
    for (const app of apps) {
      for (const step of serverSteps) {
        const { tls, party } = await arena.server(carrier, app, {}, step);
        tls.wire.reset();
        parties.push([party, `, an application that ${app}, ${step}`]);
      }
      for (const [what, act] of later) {
        const { tls, party } = await arena.server(carrier, app);
        act(tls);
        await tls.wire.flushed();
        await turn();
        tls.wire.reset();
        parties.push([party, `, an application that ${app}, after ${what}`]);
      }
    }
    await arena.victim.call("advance", 2_000);
    await Promise.all(parties.map(([party, what]) => arena.expectGone(party, what)));
    await arena.expectSockets(0);
  },
});

export const resets: readonly Attack[] = carriers.flatMap((carrier) => [byClient(carrier), byServer(carrier)]);
