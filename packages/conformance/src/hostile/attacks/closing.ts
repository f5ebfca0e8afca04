/**
 * Peers that delay the end of a connection, or make a cut connection look complete.
 * @module
 */
import { type Arena, type Attack, heldBytes, KiB } from "../attack.ts";
import { frame, opcodes } from "../frames.ts";
import type { AppName } from "../protocol.ts";
import { types } from "../rawTls.ts";
import { type TransportKind, transports, type Wire } from "../wire.ts";

const silence = (transport: TransportKind, app: AppName): Attack => ({
  name: `${transport}, silence after close_notify, an application that ${app}`,
  clock: "manual",
  async run(arena) {
    const ports = await arena.start(app);
    const tls = await arena.client(transport, ports);
    await arena.until(ports.server, ({ opened }) => opened === 1);
    tls.closeNotify();
    await arena.victim.call("advance", 60_000);
    await arena.expectGone(ports.server);
    await arena.expectSockets(0);
  },
});

const unanswered = (transport: TransportKind, app: AppName): Attack => ({
  name: `${transport}, our close_notify is never answered, an application that ${app}`,
  clock: "manual",
  async run(arena) {
    const ports = await arena.start(app);
    const tls = await arena.client(transport, ports, {}, "Finished");
    tls.wire.socket.pause();
    await arena.until(ports.server, ({ opened }) => opened === 1);
    // The victim waits, and a handler may write, until the close timeout of 5 s expires, and no longer.
    await arena.victim.call("advance", 8_000);
    await arena.expectGone(ports.server);
    await arena.victim.call("advance", 60_000);
    await arena.expectSockets(0);
  },
});

const drip = (transport: TransportKind, what: string, drop: (wire: Wire) => void): Attack => ({
  name: `${transport}, ${what} every 10 s after both close_notify`,
  clock: "manual",
  async run(arena) {
    const ports = await arena.start("reads");
    const tls = await arena.client(transport, ports);
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

const neverReads = (transport: TransportKind): Attack => ({
  name: `${transport}, a client that never reads, then a close of the server`,
  clock: "manual",
  async run(arena) {
    const ports = await arena.start("writes");
    await arena.victim.call("mark");
    const tls = await arena.client(transport, ports);
    tls.wire.socket.pause();
    await stalled(arena);
    arena.expect("KiB held", heldBytes(await arena.costs()) / KiB, 8 * KiB);
    await arena.victim.call("close", ports.server);
    // The grace period of 5 s, then the close timeout of 5 s.
    await arena.victim.call("advance", 12_000);
    await arena.expectGone(ports.server);
    await arena.victim.call("advance", 60_000);
    await arena.expectSockets(0);
  },
});

const neverReadsServer = (transport: TransportKind): Attack => ({
  name: `${transport}, a server that never reads, and a client that closes`,
  clock: "manual",
  async run(arena) {
    const { tls, party } = await arena.server(transport, "writes and closes");
    tls.wire.socket.pause();
    await arena.until(party, ({ opened }) => opened === 1);
    await arena.victim.call("advance", 8_000);
    await arena.expectGone(party);
    await arena.victim.call("advance", 60_000);
    await arena.expectSockets(0);
  },
});

/** The peer sends data after its own close_notify, or after the victim's. */
const writesOn = (transport: TransportKind, app: AppName): Attack => ({
  name: `${transport}, writes after close, to an application that ${app}`,
  clock: "manual",
  async run(arena) {
    const ports = await arena.start(app);
    const tls = await arena.client(transport, ports);
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

/** The server closes during an upload. The handler reads the whole upload or an error, never a part and a clean end. */
const cutUpload = (transport: TransportKind): Attack => ({
  name: `${transport}, an upload across a close of the server`,
  clock: "manual",
  async run(arena) {
    const ports = await arena.start("reads");
    const tls = await arena.client(transport, ports);
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

/** Waits until the victim's writes have filled the operating system's buffers: then its memory no longer grows. */
async function stalled(arena: Arena): Promise<void> {
  for (let before = -1, polls = 0; polls < 40; polls++) {
    const now = heldBytes(await arena.victim.call("measure"));
    if (polls > 10 && Math.abs(now - before) < 4 * KiB) return;
    before = now;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

const garbage = (wire: Wire): void => wire.write(Buffer.from([types.applicationData]));
const ping = (wire: Wire): void => wire.raw(frame(opcodes.ping, Buffer.from("?")));

export const closing: readonly Attack[] = [
  ...transports.flatMap((transport) => [
    ...(["reads", "echoes", "closes"] as const).map((app) => silence(transport, app)),
    ...(["closes", "writes and closes"] as const).map((app) => unanswered(transport, app)),
    drip(transport, "a byte", garbage),
    neverReads(transport),
    neverReadsServer(transport),
    ...(["reads", "closes"] as const).map((app) => writesOn(transport, app)),
    cutUpload(transport),
  ]),
  drip("ws", "a ping", ping),
];
