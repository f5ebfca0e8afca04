/**
 * Handshakes that are slow, stop, or come in 1-byte records.
 * @module
 */
import { type Attack, held, KiB } from "../attack.ts";
import { type RawTls, types } from "../rawTls.ts";
import { type Carrier, carriers, type Wire } from "../wire.ts";
import { settled, warmUp } from "./fragments.ts";

/**
 * KiB that one connection alone may seem to hold: what the engine of a fresh process compiles and keeps meanwhile is in the figure. Of a thousand
 * connections, each has to hold 64 at most.
 */
const alone = 512;

/** The start of a ClientHello that claims as much as one may have. */
const endlessHello = (length: number): Buffer => {
  const bytes = Buffer.alloc(length);
  bytes.writeUInt32BE(0x01000000 + 2 ** 17);
  return bytes;
};

const tinyRecords = (tls: RawTls, length: number): Buffer => tls.records(types.handshake, endlessHello(length), 1);

/** Sends in pieces that no limit on a message's size refuses. */
async function send(wire: Wire, bytes: Buffer): Promise<void> {
  for (let at = 0; at < bytes.length; at += 2 ** 16) wire.write(bytes.subarray(at, at + 2 ** 16));
  await wire.flushed();
}

const halfOpen = (carrier: Carrier): Attack => ({
  name: `${carrier}, half-open, a ClientHello in 131,000 1-byte records`,
  clock: "manual",
  async run(arena) {
    const ports = await arena.start("reads");
    await warmUp(arena, ports);
    const tls = await arena.client(carrier, ports, {}, "connected");
    const sent = tinyRecords(tls, 131_000);
    await arena.victim.call("mark");
    await send(tls.wire, sent);
    await settled(arena, [tls.wire]);
    arena.expect("KiB held beyond what was sent", (held(await arena.costs()) - sent.length) / KiB, alone);
    tls.wire.reset();
    await arena.expectGone(ports.server);
  },
});

const afterFinished = (carrier: Carrier): Attack => ({
  name: `${carrier}, after Finished, a ClientHello in 131,000 1-byte records`,
  clock: "manual",
  async run(arena) {
    const ports = await arena.start("reads");
    await warmUp(arena, ports);
    const tls = await arena.client(carrier, ports);
    const sent = tinyRecords(tls, 131_000);
    await arena.victim.call("mark");
    await send(tls.wire, sent);
    await settled(arena, [tls.wire]);
    arena.expect("KiB held beyond what was sent", (held(await arena.costs()) - sent.length) / KiB, alone);
    tls.wire.reset();
    await arena.expectGone(ports.server);
  },
});

const manyHalfOpen = (carrier: Carrier): Attack => ({
  name: `${carrier}, 1,000 half-open, each with 5,000 1-byte records`,
  // No handshake times out while the others are still being set up.
  clock: "manual",
  long: true,
  async run(arena) {
    const ports = await arena.start("reads");
    await warmUp(arena, ports);
    const count = 1_000;
    let sent = 0;
    await arena.victim.call("mark");
    const wires: Wire[] = [];
    for (let i = 0; i < count; i++) {
      const tls = await arena.client(carrier, ports, {}, "connected");
      const bytes = tinyRecords(tls, 5_000);
      sent += bytes.length;
      await send(tls.wire, bytes);
      wires.push(tls.wire);
    }
    await arena.until(ports.server, ({ connections }) => connections === count);
    await settled(arena, wires);
    arena.expect("KiB held each, beyond what was sent", (held(await arena.costs()) - sent) / KiB / count, 64);
    for (const wire of wires) wire.reset();
    await arena.expectGone(ports.server);
  },
});

/** A peer that does this, and then says nothing more while a minute passes. */
const silences: readonly (readonly [what: string, act: (tls: RawTls) => void])[] = [
  ["nothing", () => {}],
  ["half a record", ({ wire }) => wire.write(Buffer.from([types.handshake, 3, 1, 2, 0, 1]))],
  ["a ClientHello", (tls) => tls.wire.write(tls.records(types.handshake, tls.clientHello()))],
];

const silent = (carrier: Carrier, [what, act]: (typeof silences)[number]): Attack => ({
  name: `${carrier}, ${what}, then silence`,
  clock: "manual",
  async run(arena) {
    const ports = await arena.start("reads");
    act(await arena.client(carrier, ports, {}, "connected"));
    await arena.until(ports.server, ({ connections }) => connections > 0);
    await arena.victim.call("advance", 60_000);
    await arena.expectGone(ports.server);
    await arena.expectSockets(0);
  },
});

const slow = (carrier: Carrier): Attack => ({
  name: `${carrier}, a ClientHello of which a byte comes each second`,
  clock: "manual",
  async run(arena) {
    const ports = await arena.start("reads");
    const tls = await arena.client(carrier, ports, {}, "connected");
    for (const byte of tls.records(types.handshake, tls.clientHello()).subarray(0, 40)) {
      tls.wire.write(Buffer.from([byte]));
      await arena.victim.call("advance", 1_000);
    }
    await arena.expectGone(ports.server);
    await arena.expectSockets(0);
  },
});

/** Bytes that wait for the rest of their handshake message: no honest peer makes them wait for a minute. */
const partial = (carrier: Carrier, slowly: boolean): Attack => ({
  name: `${carrier}, a handshake message after Finished ${slowly ? "of which a byte comes every 10 s" : "that stops"}`,
  clock: "manual",
  async run(arena) {
    const ports = await arena.start("reads");
    const tls = await arena.client(carrier, ports);
    await arena.until(ports.server, ({ opened }) => opened === 1);
    tls.wire.write(tls.records(types.handshake, endlessHello(100), 10));
    for (let i = 0; i < 9; i++) {
      await arena.victim.call("advance", 10_000);
      if (slowly) tls.wire.write(tls.records(types.handshake, Buffer.alloc(1)));
    }
    await arena.expectGone(ports.server);
    await arena.expectSockets(0);
  },
});

/** A server that stops at a step, or sends a byte each second from there on. */
const silentServer = (carrier: Carrier): Attack => ({
  name: `${carrier}, servers that stop in the handshake`,
  clock: "manual",
  async run(arena) {
    for (const step of ["connected", "ClientHello read", "half a flight", "flight", "ChangeCipherSpec"] as const) {
      const { party } = await arena.server(carrier, "reads", {}, step);
      await arena.victim.call("advance", 60_000);
      await arena.expectGone(party, `, ${step}`);
    }
    await arena.expectSockets(0);
  },
});

const tinyFromServer = (carrier: Carrier): Attack => ({
  name: `${carrier}, a server's handshake message in 65,000 1-byte records`,
  async run(arena) {
    const first = await arena.server(carrier, "reads");
    first.tls.closeNotify();
    first.tls.wire.finish();
    await arena.expectGone(first.party, ", a polite one before");
    const { tls, party } = await arena.server(carrier, "reads", {}, "ClientHello read");
    const sent = tls.records(types.handshake, Buffer.concat([Buffer.from([2, 0, 255, 255]), Buffer.alloc(65_000)]), 1);
    await arena.victim.call("mark");
    await send(tls.wire, sent);
    await settled(arena, [tls.wire]);
    arena.expect("KiB held beyond what was sent", (held(await arena.costs()) - sent.length) / KiB, alone);
    tls.wire.reset();
    await arena.expectGone(party);
  },
});

const each = (make: (carrier: Carrier) => Attack): Attack[] => carriers.map(make);

export const handshakes: readonly Attack[] = [
  ...each(halfOpen),
  ...each(afterFinished),
  ...each(manyHalfOpen),
  ...each(tinyFromServer),
  ...silences.flatMap((silence) => each((carrier) => silent(carrier, silence))),
  ...each(slow),
  ...each((carrier) => partial(carrier, false)),
  ...each((carrier) => partial(carrier, true)),
  ...each(silentServer),
];
