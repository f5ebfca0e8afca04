/**
 * Peers that make closing long, or make it lie.
 * @module
 */
import { type Arena, type Attack, held, KiB } from "../attack.ts";
import { frame, opcodes } from "../frames.ts";
import type { AppName } from "../protocol.ts";
import { types } from "../rawTls.ts";
import { type Carrier, carriers, type Wire } from "../wire.ts";

const silence = (carrier: Carrier, app: AppName): Attack => ({
  name: `${carrier}, silence after close_notify, an application that ${app}`,
  clock: "manual",
  async run(arena) {
    const ports = await arena.start(app);
    const tls = await arena.client(carrier, ports);
    await arena.until(ports.server, ({ opened }) => opened === 1);
    tls.closeNotify();
    await arena.victim.call("advance", 60_000);
    await arena.expectGone(ports.server);
    await arena.expectSockets(0);
  },
});

const unanswered = (carrier: Carrier, app: AppName): Attack => ({
  name: `${carrier}, our close_notify is never answered, an application that ${app}`,
  clock: "manual",
  async run(arena) {
    const ports = await arena.start(app);
    const tls = await arena.client(carrier, ports, {}, "Finished");
    tls.wire.socket.pause();
    await arena.until(ports.server, ({ opened }) => opened === 1);
    // Its handler may write until the close timeout, 5 s, is over, and no longer.
    await arena.victim.call("advance", 8_000);
    await arena.expectGone(ports.server);
    await arena.victim.call("advance", 60_000);
    await arena.expectSockets(0);
  },
});

const drip = (carrier: Carrier, what: string, drop: (wire: Wire) => void): Attack => ({
  name: `${carrier}, ${what} every 10 s after both close_notify`,
  clock: "manual",
  async run(arena) {
    const ports = await arena.start("reads");
    const tls = await arena.client(carrier, ports);
    tls.closeNotify();
    for (let record = await tls.read(); record && record.type !== types.alert; ) record = await tls.read();
    for (let i = 0; i < 12; i++) {
      drop(tls.wire);
      await arena.victim.call("advance", 10_000);
    }
    await arena.expectGone(ports.server);
    await arena.expectSockets(0);
  },
});

const neverReads = (carrier: Carrier): Attack => ({
  name: `${carrier}, a client that never reads, then a close of the server`,
  clock: "manual",
  async run(arena) {
    const ports = await arena.start("writes");
    await arena.victim.call("mark");
    const tls = await arena.client(carrier, ports);
    tls.wire.socket.pause();
    await stalled(arena);
    arena.expect("KiB held", held(await arena.costs()) / KiB, 8 * KiB);
    await arena.victim.call("close", ports.server);
    // The grace, then the close timeout, 5 s each.
    await arena.victim.call("advance", 12_000);
    await arena.expectGone(ports.server);
    await arena.victim.call("advance", 60_000);
    await arena.expectSockets(0);
  },
});

const neverReadsServer = (carrier: Carrier): Attack => ({
  name: `${carrier}, a server that never reads, and a client that closes`,
  clock: "manual",
  async run(arena) {
    const { tls, party } = await arena.server(carrier, "writes and closes");
    tls.wire.socket.pause();
    await arena.until(party, ({ opened }) => opened === 1);
    await arena.victim.call("advance", 8_000);
    await arena.expectGone(party);
    await arena.victim.call("advance", 60_000);
    await arena.expectSockets(0);
  },
});

/** What comes behind the peer's own close_notify, or behind ours. */
const writesOn = (carrier: Carrier, app: AppName): Attack => ({
  name: `${carrier}, writes after close, to an application that ${app}`,
  clock: "manual",
  async run(arena) {
    const ports = await arena.start(app);
    const tls = await arena.client(carrier, ports);
    if (app !== "closes") tls.closeNotify();
    for (let i = 0; i < 20; i++) {
      tls.data(Buffer.alloc(2 ** 16));
      tls.wire.write(tls.records(types.handshake, Buffer.alloc(100)));
      await arena.victim.call("advance", 500);
    }
    await arena.expectGone(ports.server);
    await arena.victim.call("advance", 60_000);
    await arena.expectSockets(0);
  },
});

/** A close of ours cuts an upload: the handler has all of it, or an error. Never less of it and a clean end. */
const cutUpload = (carrier: Carrier): Attack => ({
  name: `${carrier}, an upload across a close of the server`,
  clock: "manual",
  async run(arena) {
    const ports = await arena.start("reads");
    const tls = await arena.client(carrier, ports);
    tls.data(Buffer.alloc(6_000));
    await arena.until(ports.server, ({ bytes }) => bytes === 6_000);
    await arena.victim.call("close", ports.server);
    tls.data(Buffer.alloc(14_000));
    tls.closeNotify();
    await arena.victim.call("advance", 0);
    tls.wire.finish();
    await arena.victim.call("advance", 12_000);
    await arena.expectGone(ports.server);
    const { bytes, cleanEnds } = await arena.status(ports.server);
    arena.expect("cut uploads that ended cleanly", bytes < 20_000 ? cleanEnds : 0, 0);
  },
});

/** Waits until the victim's writes have filled what the host takes: then its memory stands still. */
async function stalled(arena: Arena): Promise<void> {
  for (let before = -1, polls = 0; polls < 40; polls++) {
    const now = held(await arena.victim.call("measure"));
    if (polls > 10 && Math.abs(now - before) < 4 * KiB) return;
    before = now;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

const garbage = (wire: Wire): void => wire.write(Buffer.from([types.applicationData]));
const ping = (wire: Wire): void => wire.raw(frame(opcodes.ping, Buffer.from("?")));

export const closing: readonly Attack[] = [
  ...carriers.flatMap((carrier) => [
    ...(["reads", "echoes", "closes"] as const).map((app) => silence(carrier, app)),
    ...(["closes", "writes and closes"] as const).map((app) => unanswered(carrier, app)),
    drip(carrier, "a byte", garbage),
    neverReads(carrier),
    neverReadsServer(carrier),
    ...(["reads", "closes"] as const).map((app) => writesOn(carrier, app)),
    cutUpload(carrier),
  ]),
  drip("ws", "a ping", ping),
];
