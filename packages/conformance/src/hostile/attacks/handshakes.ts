/**
 * Handshakes that are slow, that stop, or that arrive in 1-byte records.
 * @module
 */
import { type Attack, heldBytes, KiB } from "../attack.ts";
import { type RawTls, types } from "../rawTls.ts";
import { type TransportKind, transports, type Wire } from "../wire.ts";
import { waitUntilRead, warmUp } from "./fragments.ts";

/**
 * The limit of the memory for a single connection, in KiB. It includes the code that V8 compiles meanwhile in a new
 * process. With a thousand connections, the limit for each connection is 64 KiB.
 */
const singleConnectionLimit = 512;

/** The first `length` bytes of a ClientHello whose header claims the maximum length. */
const endlessHello = (length: number): Buffer => {
  const bytes = Buffer.alloc(length);
  bytes.writeUInt32BE(0x01000000 + 2 ** 17);
  return bytes;
};

const tinyRecords = (tls: RawTls, length: number): Buffer => tls.records(types.handshake, endlessHello(length), 1);

/** Sends the bytes in pieces below the limit for a WebSocket message. */
async function send(wire: Wire, bytes: Buffer): Promise<void> {
  for (let at = 0; at < bytes.length; at += 2 ** 16) wire.write(bytes.subarray(at, at + 2 ** 16));
  await wire.flushed();
}

const halfOpen = (transport: TransportKind): Attack => ({
  name: `${transport}, half-open, a ClientHello in 131,000 1-byte records`,
  clock: "manual",
  async run(arena) {
    const ports = await arena.start("reads");
    await warmUp(arena, ports);
    const tls = await arena.client(transport, ports, {}, "connected");
    const sent = tinyRecords(tls, 131_000);
    await arena.victim.call("mark");
    await send(tls.wire, sent);
    await waitUntilRead(arena, [tls.wire]);
    arena.expect(
      "KiB held beyond what was sent",
      (heldBytes(await arena.costs()) - sent.length) / KiB,
      singleConnectionLimit,
    );
    tls.wire.reset();
    await arena.expectGone(ports.server);
  },
});

const afterFinished = (transport: TransportKind): Attack => ({
  name: `${transport}, after Finished, a ClientHello in 131,000 1-byte records`,
  clock: "manual",
  async run(arena) {
    const ports = await arena.start("reads");
    await warmUp(arena, ports);
    const tls = await arena.client(transport, ports);
    const sent = tinyRecords(tls, 131_000);
    await arena.victim.call("mark");
    await send(tls.wire, sent);
    await waitUntilRead(arena, [tls.wire]);
    arena.expect(
      "KiB held beyond what was sent",
      (heldBytes(await arena.costs()) - sent.length) / KiB,
      singleConnectionLimit,
    );
    tls.wire.reset();
    await arena.expectGone(ports.server);
  },
});

const manyHalfOpen = (transport: TransportKind): Attack => ({
  name: `${transport}, 1,000 half-open, each with 5,000 1-byte records`,
  // No handshake may time out while the other connections are still being opened.
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
      const tls = await arena.client(transport, ports, {}, "connected");
      const bytes = tinyRecords(tls, 5_000);
      sent += bytes.length;
      await send(tls.wire, bytes);
      wires.push(tls.wire);
    }
    await arena.until(ports.server, ({ connections }) => connections === count);
    await waitUntilRead(arena, wires);
    arena.expect("KiB held each, beyond what was sent", (heldBytes(await arena.costs()) - sent) / KiB / count, 64);
    for (const wire of wires) wire.reset();
    await arena.expectGone(ports.server);
  },
});

/** The actions of a peer before it sends nothing for a minute. */
const silences: readonly (readonly [what: string, act: (tls: RawTls) => void])[] = [
  ["nothing", () => {}],
  ["half a record", ({ wire }) => wire.write(Buffer.from([types.handshake, 3, 1, 2, 0, 1]))],
  ["a ClientHello", (tls) => tls.wire.write(tls.records(types.handshake, tls.clientHello()))],
];

const silent = (transport: TransportKind, [what, act]: (typeof silences)[number]): Attack => ({
  name: `${transport}, ${what}, then silence`,
  clock: "manual",
  async run(arena) {
    const ports = await arena.start("reads");
    act(await arena.client(transport, ports, {}, "connected"));
    await arena.until(ports.server, ({ connections }) => connections > 0);
    await arena.victim.call("advance", 60_000);
    await arena.expectGone(ports.server);
    await arena.expectSockets(0);
  },
});

const slow = (transport: TransportKind): Attack => ({
  name: `${transport}, a ClientHello of which one byte arrives each second`,
  clock: "manual",
  async run(arena) {
    const ports = await arena.start("reads");
    const tls = await arena.client(transport, ports, {}, "connected");
    for (const byte of tls.records(types.handshake, tls.clientHello()).subarray(0, 40)) {
      tls.wire.write(Buffer.from([byte]));
      await arena.victim.call("advance", 1_000);
    }
    await arena.expectGone(ports.server);
    await arena.expectSockets(0);
  },
});

/** The first part of a handshake message. The remaining bytes arrive slowly or not at all. */
const partial = (transport: TransportKind, slowly: boolean): Attack => ({
  name:
    `${transport}, after Finished, a handshake message ` +
    (slowly ? "of which one byte arrives every 10 s" : "that stops"),
  clock: "manual",
  async run(arena) {
    const ports = await arena.start("reads");
    const tls = await arena.client(transport, ports);
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

/** Servers that stop at a step of the handshake. */
const silentServer = (transport: TransportKind): Attack => ({
  name: `${transport}, servers that stop in the handshake`,
  clock: "manual",
  async run(arena) {
    for (const step of ["connected", "ClientHello read", "half a flight", "flight", "ChangeCipherSpec"] as const) {
      const { party } = await arena.server(transport, "reads", {}, step);
      await arena.victim.call("advance", 60_000);
      await arena.expectGone(party, `, ${step}`);
    }
    await arena.expectSockets(0);
  },
});

const tinyFromServer = (transport: TransportKind): Attack => ({
  name: `${transport}, a server's handshake message in 65,000 1-byte records`,
  async run(arena) {
    const first = await arena.server(transport, "reads");
    first.tls.closeNotify();
    first.tls.wire.finish();
    await arena.expectGone(first.party, " by an earlier connection that ended cleanly");
    const { tls, party } = await arena.server(transport, "reads", {}, "ClientHello read");
    const sent = tls.records(types.handshake, Buffer.concat([Buffer.from([2, 0, 255, 255]), Buffer.alloc(65_000)]), 1);
    await arena.victim.call("mark");
    await send(tls.wire, sent);
    await waitUntilRead(arena, [tls.wire]);
    arena.expect(
      "KiB held beyond what was sent",
      (heldBytes(await arena.costs()) - sent.length) / KiB,
      singleConnectionLimit,
    );
    tls.wire.reset();
    await arena.expectGone(party);
  },
});

const each = (make: (transport: TransportKind) => Attack): Attack[] => transports.map(make);

export const handshakes: readonly Attack[] = [
  ...each(halfOpen),
  ...each(afterFinished),
  ...each(manyHalfOpen),
  ...each(tinyFromServer),
  ...silences.flatMap((silence) => each((transport) => silent(transport, silence))),
  ...each(slow),
  ...each((transport) => partial(transport, false)),
  ...each((transport) => partial(transport, true)),
  ...each(silentServer),
];
