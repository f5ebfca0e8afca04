/**
 * Records, most of them tiny: the cost of each record, the stalls of the event loop, and the memory that the records
 * occupy if the application does not read.
 * @module
 */
import { type Arena, type Attack, heldBytes, KiB, MiB, stallOf } from "../attack.ts";
import { floorOf } from "../floorProcess.ts";
import type { Ports } from "../protocol.ts";
import type { SuiteName } from "../rawKeys.ts";
import { types } from "../rawTls.ts";
import { transports } from "../wire.ts";

/** The number of 1-byte ChaCha20-Poly1305 records that fit into one WebSocket message of 1 MiB. */
const perMessage = Math.floor(2 ** 20 / 22);

const messages = (count: number, long: boolean): Attack => ({
  long,
  name: `ws, ${count} message${count > 1 ? "s" : ""} of 1 MB of 1-byte records`,
  async run(arena) {
    const ports = await arena.start("reads");
    // Several rounds over the same connection. V8 optimises the code in the first one.
    const tls = await arena.client("ws", ports);
    const stalls: number[] = [];
    let expected = 0;
    const rounds = arena.short ? 1 : count === 1 ? 6 : 2;
    for (let round = 0; round < rounds; round++) {
      const sealed = Array.from({ length: count }, () =>
        tls.records(types.applicationData, Buffer.alloc(perMessage), 1),
      );
      await arena.victim.call("mark");
      for (const message of sealed) tls.wire.write(message);
      expected += count * perMessage;
      await arena.until(ports.server, ({ bytes }) => bytes === expected);
      stalls.push(stallOf(await arena.victim.call("measure")));
    }
    const { bytes, mostInTurn } = await arena.status(ports.server);
    arena.expect("bytes that did not arrive", expected - bytes, 0);
    // The limit is a third of a message.
    arena.expect("1-byte records opened in one turn", mostInTurn, 2 ** 14);
    // Other load of the machine only lengthens a stall, so the round with the shortest stall counts.
    arena.expect(`stall, best of ${rounds}, ms`, Math.min(...stalls), 25, "time");
    const costs = await arena.costs();
    arena.expect("CPU a record, µs", (costs.cpu * 1e3) / (count * perMessage), Number.POSITIVE_INFINITY, "time");
    tls.closeNotify();
    tls.wire.finish();
    await arena.expectGone(ports.server);
  },
});

/** The CPU time of the victim's process for one record, in µs: the lowest of all rounds. */
async function cpuOfRecords(
  arena: Arena,
  ports: Ports,
  record: { suite: SuiteName; size: number; count: number; rounds: number },
): Promise<number> {
  const { suite, size, count, rounds } = record;
  const tls = await arena.client("tcp", ports, { suite });
  let least = Number.POSITIVE_INFINITY;
  let expected = (await arena.status(ports.server)).bytes;
  for (let round = 0; round < rounds; round++) {
    const sealed = tls.records(types.applicationData, Buffer.alloc(count * size), size);
    await arena.victim.call("mark");
    tls.wire.write(sealed);
    expected += count * size;
    await arena.until(ports.server, ({ bytes }) => bytes >= expected);
    const { cpu } = await arena.victim.call("measure");
    least = Math.min(least, (cpu * 1e3) / count);
  }
  arena.expect("bytes that did not arrive", expected - (await arena.status(ports.server)).bytes, 0);
  tls.closeNotify();
  tls.wire.finish();
  return least;
}

const overTcp = (suite: SuiteName, size: number, count: number): Attack => ({
  // The short form checks only that all records arrive: 1-byte records suffice.
  long: size > 1,
  name: `tcp, records of ${size} byte${size > 1 ? "s" : ""}, ${suite}`,
  async run(arena) {
    const record = { suite, size, count: arena.short ? 5_000 : count, rounds: arena.short ? 1 : 5 };
    const ports = await arena.start("reads");
    const ours = await cpuOfRecords(arena, ports, record);
    await arena.costs();
    await arena.expectGone(ports.server);
    if (arena.short) return;
    const floor = await floorOf(suite, size, count);
    const theirs = await cpuOfRecords(arena, await arena.start("reads", { nodeTls: true }), record);
    arena.expect("CPU a record, µs", ours, Number.POSITIVE_INFINITY, "time");
    arena.expect("CPU a record of node:crypto, µs", floor, Number.POSITIVE_INFINITY, "time");
    // For records of 16 KiB, the operating system's TCP takes more CPU time than node:crypto, so there is no limit.
    arena.expect("ratio to node:crypto", ours / floor, size > KiB ? Number.POSITIVE_INFINITY : 2, "time");
    arena.expect("ratio to node:tls", ours / theirs, Number.POSITIVE_INFINITY, "time");
  },
});

const unread: readonly Attack[] = transports.map((transport) => ({
  name: `${transport}, 1-byte records that the application does not read`,
  async run(arena) {
    const ports = await arena.start("reads once");
    const tls = await arena.client(transport, ports);
    const count = arena.short ? 4 : 12;
    const sealed = Array.from({ length: count }, () => tls.records(types.applicationData, Buffer.alloc(perMessage), 1));
    await arena.victim.call("mark");
    for (const message of sealed) tls.wire.write(message);
    await arena.until(ports.server, ({ bytes }) => bytes > 0);
    // The victim holds a complete WebSocket message, or, over TCP, the records that fit into the window.
    arena.expect("KiB held", heldBytes(await arena.costs()) / KiB, 4 * KiB);
    // The attack does not check the end of this connection, because the application does not read up to it.
  },
}));

const segments: Attack = {
  name: "tcp, segments of 1 byte",
  async run(arena) {
    const ports = await arena.start("reads");
    const tls = await arena.client("tcp", ports, { suite: "gcm" });
    const sealed = tls.records(types.applicationData, Buffer.alloc(arena.short ? 2_000 : 16_384), 16_384);
    await arena.victim.call("mark");
    const pieces = Array.from(sealed, (_, at) => sealed.subarray(at, at + 1));
    await tls.wire.pieces(pieces.slice(0, -1), 1);
    arena.expect("KiB held", heldBytes(await arena.victim.call("measure")) / KiB, MiB / KiB);
    await tls.wire.pieces(pieces.slice(-1));
    const wanted = arena.short ? 2_000 : 16_384;
    const { bytes } = await arena.until(ports.server, (observed) => observed.bytes === wanted);
    arena.expect("bytes that did not arrive", wanted - bytes, 0);
    tls.closeNotify();
    tls.wire.finish();
    await arena.expectGone(ports.server);
  },
};

const floods: readonly Attack[] = (
  [
    ["empty records", types.applicationData, 0],
    ["warning alerts", types.alert, 2],
    ["HelloRequests", types.handshake, 4],
  ] as const
).map(([what, type, size]) => ({
  name: `tcp, 10,000 ${what}`,
  async run(arena) {
    const ports = await arena.start("reads");
    const tls = await arena.client("tcp", ports);
    await arena.victim.call("mark");
    // The alert is the warning no_renegotiation. A client must not send HelloRequest.
    const fragment = size === 2 ? Buffer.from([1, 100]) : Buffer.alloc(size);
    const flood = Array.from({ length: 10_000 }, () => tls.record(type, fragment));
    tls.wire.write(Buffer.concat(flood));
    await arena.expectGone(ports.server);
  },
}));

export const records: readonly Attack[] = [
  messages(1, false),
  messages(10, true),
  overTcp("chacha", 1, 47_000),
  overTcp("gcm", 1, 40_000),
  overTcp("gcm", 256, 20_000),
  overTcp("gcm", 16_384, 2_000),
  ...unread,
  segments,
  ...floods,
];
