/**
 * Every way to leave, on every application: 2 s later nothing of the connection may be left, whatever the application waits for.
 * @module
 */
import type { Arena, Attack } from "../attack.ts";
import { type AppName, appNames } from "../protocol.ts";
import { type RawTls, types } from "../rawTls.ts";
import { type Carrier, carriers } from "../wire.ts";

/** How a peer leaves. Each one is gone at the end: its process has ended, or its machine. */
const ways: readonly (readonly [what: string, leave: (tls: RawTls) => void])[] = [
  ["FIN without close_notify", ({ wire }) => wire.socket.destroySoon()],
  [
    "a close in order without close_notify",
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
    "close_notify, then a close in order",
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

/** These wait for what never comes, so that their handlers are left in any case; their connections are not. */
const eternal: readonly AppName[] = ["reads once", "never returns"];

const clientsLeave = (carrier: Carrier, [what, leave]: (typeof ways)[number]): Attack => ({
  name: `${carrier}, a client leaves: ${what}`,
  clock: "manual",
  async run(arena) {
    const open = await Promise.all(
      appNames.map(async (app) => {
        const ports = await arena.start(app);
        const tls = await arena.client(carrier, ports);
        tls.data(Buffer.from("hello"));
        await arena.until(ports.server, ({ opened }) => opened === 1);
        return { app, tls, party: ports.server };
      }),
    );
    await leaveAll(arena, open, leave);
  },
});

const serversLeave = (carrier: Carrier, [what, leave]: (typeof ways)[number]): Attack => ({
  name: `${carrier}, a server leaves: ${what}`,
  clock: "manual",
  async run(arena) {
    const open = await Promise.all(
      appNames.map(async (app) => {
        const { tls, party } = await arena.server(carrier, app);
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
  // The first step lets what was sent arrive; the second is the time that a connection may outlive its carrier.
  await arena.victim.call("advance", 0);
  await arena.victim.call("advance", 2_000);
  await Promise.all(
    open.map(({ app, party }) => arena.expectGone(party, `, an application that ${app}`, !eternal.includes(app))),
  );
}

/** Polite clients that come and go: what is left of each is left a thousand times. */
const comeAndGo = (carrier: Carrier, app: AppName): Attack => ({
  name: `${carrier}, 1,000 polite clients of an application that ${app}`,
  clock: "manual",
  long: true,
  async run(arena) {
    const ports = await arena.start(app);
    await arena.victim.call("mark");
    for (let i = 0; i < 1_000; i++) {
      const tls = await arena.client(carrier, ports);
      tls.closeNotify();
      tls.wire.finish();
      tls.wire.socket.destroySoon();
      // Those that are gone wait for their second while the next ones come.
      if (i % 50 === 49) await arena.victim.call("advance", 100);
    }
    await arena.victim.call("advance", 2_000);
    await arena.expectGone(ports.server);
    await arena.expectSockets(0);
  },
});

export const ends: readonly Attack[] = carriers.flatMap((carrier) => [
  ...ways.map((way) => clientsLeave(carrier, way)),
  ...ways.map((way) => serversLeave(carrier, way)),
  ...(["writes", "awaits closed", "reads and awaits closed"] as const).map((app) => comeAndGo(carrier, app)),
]);
