/**
 * Each way in which a peer can leave, with each application. After 2 s, the victim must have released the connection,
 * even if the application still waits.
 * @module
 */
import type { Arena, Attack } from "../attack.ts";
import { type AppName, appNames } from "../protocol.ts";
import { type RawTls, types } from "../rawTls.ts";
import { type TransportKind, transports } from "../wire.ts";

/** The ways in which a peer leaves. After each of them, the peer is gone, as if its process had ended. */
const ways: readonly (readonly [what: string, leave: (tls: RawTls) => void])[] = [
  ["FIN without close_notify", ({ wire }) => wire.socket.destroySoon()],
  [
    "a clean end of the transport without close_notify",
    ({ wire }) => {
      wire.finish();
      wire.socket.destroySoon();
    },
  ],
  [
    "close_notify, then FIN",
    (tls) => {
      tls.closeNotify();
      tls.wire.socket.destroySoon();
    },
  ],
  [
    "close_notify, then a clean end of the transport",
    (tls) => {
      tls.closeNotify();
      tls.wire.finish();
      tls.wire.socket.destroySoon();
    },
  ],
  [
    "a fatal alert, then FIN",
    (tls) => {
      tls.wire.write(tls.records(types.alert, Buffer.from([2, 80])));
      tls.wire.socket.destroySoon();
    },
  ],
  ["RST", ({ wire }) => wire.reset()],
];

/** The applications that wait forever. Their handlers remain, but their connections must not. */
const eternal: readonly AppName[] = ["reads once", "never returns"];

const clientsLeave = (transport: TransportKind, [what, leave]: (typeof ways)[number]): Attack => ({
  name: `${transport}, a client leaves: ${what}`,
  clock: "manual",
  async run(arena) {
    const open = await Promise.all(
      appNames.map(async (app) => {
        const ports = await arena.start(app);
        const tls = await arena.client(transport, ports);
        tls.data(Buffer.from("hello"));
        await arena.until(ports.server, ({ opened }) => opened === 1);
        return { app, tls, party: ports.server };
      }),
    );
    await leaveAll(arena, open, leave);
  },
});

const serversLeave = (transport: TransportKind, [what, leave]: (typeof ways)[number]): Attack => ({
  name: `${transport}, a server leaves: ${what}`,
  clock: "manual",
  async run(arena) {
    const open = await Promise.all(
      appNames.map(async (app) => {
        const { tls, party } = await arena.server(transport, app);
        tls.data(Buffer.from("hello"));
        await arena.until(party, ({ opened }) => opened === 1);
        return { app, tls, party };
      }),
    );
    await leaveAll(arena, open, leave);
  },
});

interface Open {
  readonly app: AppName;
  readonly tls: RawTls;
  readonly party: number;
}

async function leaveAll(arena: Arena, open: readonly Open[], leave: (tls: RawTls) => void): Promise<void> {
  for (const { tls } of open) leave(tls);
  // The first step lets the sent bytes arrive. The second is the time for which a connection may outlive its transport.
  await arena.victim.call("advance", 0);
  await arena.victim.call("advance", 2_000);
  await Promise.all(
    open.map(({ app, party }) => arena.expectGone(party, `, an application that ${app}`, !eternal.includes(app))),
  );
}

/** Clients that connect and end cleanly. A leak of one connection would show a thousand times. */
const comeAndGo = (transport: TransportKind, app: AppName): Attack => ({
  name: `${transport}, 1,000 polite clients of an application that ${app}`,
  clock: "manual",
  long: true,
  async run(arena) {
    const ports = await arena.start(app);
    await arena.victim.call("mark");
    for (let i = 0; i < 1_000; i++) {
      const tls = await arena.client(transport, ports);
      tls.closeNotify();
      tls.wire.finish();
      tls.wire.socket.destroySoon();
      // The connections of clients that left stay open for up to a second, while the next clients connect.
      if (i % 50 === 49) await arena.victim.call("advance", 100);
    }
    await arena.victim.call("advance", 2_000);
    await arena.expectGone(ports.server);
    await arena.expectSockets(0);
  },
});

export const ends: readonly Attack[] = transports.flatMap((transport) => [
  ...ways.map((way) => clientsLeave(transport, way)),
  ...ways.map((way) => serversLeave(transport, way)),
  ...(["writes", "awaits closed", "reads and awaits closed"] as const).map((app) => comeAndGo(transport, app)),
]);
