/**
 * WebSocket frames that a well-behaved peer does not send, before and after the handshake.
 * @module
 */
import { type Arena, type Attack, heldBytes, KiB } from "../attack.ts";
import { fragments, frame, opcodes } from "../frames.ts";
import type { Ports } from "../protocol.ts";
import { types } from "../rawTls.ts";
import type { Wire } from "../wire.ts";

/** Node.js reads at most 64 KiB at once. With that many bytes between two fragments, one read never returns both. */
const chunk = 2 ** 16;
const pongs = Buffer.concat(Array.from({ length: chunk / 131 + 1 }, () => frame(opcodes.pong, Buffer.alloc(125))));
const pings = Buffer.concat(Array.from({ length: chunk / 131 + 1 }, () => frame(opcodes.ping, Buffer.alloc(125))));
const unmaskedPong = frame(opcodes.pong, Buffer.alloc(125), { masked: false });
const empty = frame(opcodes.continuation, Buffer.alloc(0), { fin: false });

/** The number of equal connections. With only one, the growth of the heap would be mostly compiled code. */
const several = 8;

/** For each attack: the bytes between the 1-byte fragments of a message that never ends, and the fragment count. */
const paddings: readonly (readonly [what: string, padding: Buffer | undefined, count: number])[] = [
  ["in segments of their own", undefined, 16_000],
  ["between pongs", pongs, 2_000],
  ["between pings", pings, 2_000],
  ["between empty fragments", Buffer.concat(Array.from({ length: 7 }, () => empty)), 2_000],
];

const beforeHandshake = ([what, padding, all]: (typeof paddings)[number]): Attack => ({
  name: `ws, 1-byte fragments ${what}`,
  // The handshake must not time out before the last fragment has arrived.
  clock: "manual",
  async run(arena) {
    const ports = await arena.start("reads");
    await warmUp(arena, ports);
    const count = arena.short && padding && padding.length > KiB ? all / 8 : all;
    const wires = await Promise.all(Array.from({ length: several }, () => arena.dial("ws", ports)));
    await arena.victim.call("mark");
    // The header of the handshake record claims 16 KiB, so the bytes up to here are a valid part of a record.
    const message = Buffer.concat([Buffer.from([types.handshake, 3, 1, 0x40, 0]), Buffer.alloc(count)]);
    const pieces = fragments(message, 1, true, padding).slice(0, -1);
    await Promise.all(
      wires.map(async (wire) => {
        await wire.pieces(pieces, padding ? 2 : 1);
        await wire.flushed();
      }),
    );
    await waitUntilRead(arena, wires);
    arena.expect("KiB held a connection", heldBytes(await arena.costs()) / KiB / wires.length, 256);
    for (const wire of wires) wire.reset();
    await arena.expectGone(ports.server);
  },
});

const fromServer: Attack = {
  name: "ws, 1-byte fragments between pongs, from a server",
  clock: "manual",
  async run(arena) {
    const first = await arena.server("ws", "reads");
    first.tls.closeNotify();
    first.tls.wire.finish();
    await arena.expectGone(first.party, " by an earlier connection that ended cleanly");
    const { tls, party } = await arena.server("ws", "reads", {}, "ClientHello read");
    await arena.victim.call("mark");
    const count = arena.short ? 250 : 2_000;
    const message = Buffer.concat([Buffer.from([types.handshake, 3, 3, 0x40, 0]), Buffer.alloc(count)]);
    const padding = Buffer.concat(Array.from({ length: chunk / 127 + 1 }, () => unmaskedPong));
    await tls.wire.pieces(fragments(message, 1, false, padding).slice(0, -1), 2);
    await waitUntilRead(arena, [tls.wire]);
    arena.expect("KiB held", heldBytes(await arena.costs()) / KiB, 256);
    tls.wire.reset();
    await arena.expectGone(party);
  },
};

const afterFinished: Attack = {
  name: "ws, a record in 1-byte fragments after Finished",
  async run(arena) {
    const ports = await arena.start("reads");
    const clients = await Promise.all(Array.from({ length: several }, () => arena.client("ws", ports)));
    const wires = clients.map(({ wire }) => wire);
    const size = arena.short ? 4_000 : 15_000;
    await arena.victim.call("mark");
    await Promise.all(
      clients.map(async (tls) => {
        const sealed = tls.records(types.applicationData, Buffer.alloc(size));
        await tls.wire.pieces(fragments(sealed, 1, true).slice(0, -1), 1);
      }),
    );
    await waitUntilRead(arena, wires);
    arena.expect("KiB held a connection", heldBytes(await arena.costs()) / KiB / wires.length, 256);
    for (const wire of wires) wire.reset();
    await arena.expectGone(ports.server);
  },
};

/** A case that must succeed: a valid message in fragments of a usual size. */
const honest: Attack = {
  name: "ws, an honest message of 1 MiB in fragments of 4 KiB",
  async run(arena) {
    const ports = await arena.start("reads");
    const tls = await arena.client("ws", ports);
    const wanted = 2 ** 20 - 64 * 64;
    const sealed = tls.records(types.applicationData, Buffer.alloc(wanted));
    await tls.wire.pieces(fragments(sealed.subarray(0, 2 ** 20), 4 * KiB, true));
    const { bytes } = await arena.until(ports.server, (observed) => observed.bytes === wanted);
    arena.expect("bytes that did not arrive", wanted - bytes, 0);
    tls.closeNotify();
    tls.wire.finish();
    await arena.expectGone(ports.server);
  },
};

type Shape = readonly [what: string, frames: () => Buffer];

/** Frames that are invalid, or messages above a limit. Each of them must end the connection. */
const refused: readonly Shape[] = [
  ["a text message", () => frame(opcodes.text, Buffer.from("hello"))],
  ["a message that claims 2^40 bytes", () => frame(opcodes.binary, Buffer.alloc(64), { claimed: 2 ** 40 })],
  ["a message of 2 MiB", () => frame(opcodes.binary, Buffer.alloc(2 ** 21))],
  ["fragments of 16 MiB", () => Buffer.concat(fragments(Buffer.alloc(2 ** 24), 2 ** 16, true))],
  ["a frame that is not masked", () => frame(opcodes.binary, Buffer.alloc(64), { masked: false })],
  ["a continuation frame without a message", () => frame(opcodes.continuation, Buffer.alloc(64))],
  ["100,000 fragments", () => Buffer.concat(fragments(Buffer.alloc(100_000), 1, true).slice(0, -1))],
];

const ends = ([what, frames]: Shape, open: boolean): Attack => ({
  name: `ws, ${what} ${open ? "after" : "before"} the handshake`,
  async run(arena) {
    const ports = await arena.start("reads");
    await warmUp(arena, ports);
    const wire = open ? (await arena.client("ws", ports)).wire : await arena.dial("ws", ports);
    await arena.victim.call("mark");
    wire.raw(frames());
    await arena.expectEnd(wire);
    wire.finish();
    await arena.expectGone(ports.server);
    arena.expect("KiB held", heldBytes(await arena.costs()) / KiB, 8 * KiB);
  },
});

const unreadPongs: Attack = {
  name: "ws, pings from a peer that reads no pongs",
  async run(arena) {
    const ports = await arena.start("reads");
    await warmUp(arena, ports);
    const wire = await arena.dial("ws", ports);
    wire.socket.pause();
    await arena.victim.call("mark");
    const count = arena.short ? 300 : 600;
    for (let i = 0; i < count && !wire.socket.destroyed; i++) {
      wire.raw(pings);
      await arena.status(ports.server);
    }
    arena.expect("KiB held", heldBytes(await arena.costs()) / KiB, 4 * KiB);
    wire.reset();
    await arena.expectGone(ports.server);
  },
};

/** Opens one connection over each transport, so that code that loads then does not count as a cost of the attack. */
export async function warmUp(arena: Arena, ports: Ports): Promise<void> {
  for (const transport of ["tcp", "ws"] as const) {
    const tls = await arena.client(transport, ports);
    tls.data(Buffer.from("hello"));
    tls.closeNotify();
    while (await tls.read());
    tls.wire.finish();
  }
  await arena.expectGone(ports.server, " by earlier connections that ended cleanly");
}

/** Waits until the victim reads no more: eight polls in a row report no further received bytes. */
export async function waitUntilRead(arena: Arena, wires: readonly Wire[]): Promise<void> {
  for (const wire of wires) await wire.flushed();
  let before = -1;
  for (let same = 0; same < 8; ) {
    const now = await arena.victim.call("received");
    same = now === before ? same + 1 : 0;
    before = now;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

export const wsFragments: readonly Attack[] = [
  ...paddings.map(beforeHandshake),
  fromServer,
  afterFinished,
  honest,
  ...refused.flatMap((shape) => [ends(shape, false), ends(shape, true)]),
  unreadPongs,
];
