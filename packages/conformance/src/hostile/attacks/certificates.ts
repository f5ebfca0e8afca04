/**
 * Certificate messages (of clients and of servers) that cost more to process than to send.
 * @module
 */
import { type Arena, type Attack, stallOf } from "../attack.ts";
import { type Bombs, makeBombs } from "../bombs.ts";
import type { TransportKind } from "../wire.ts";

/** The longest stall of the victim's event loop that a Certificate message may cause, in ms. */
const most = 50;
/** The number of rounds. Other load of the machine only lengthens a stall, so the shortest stall counts. */
const rounds = 3;

let made: Bombs | undefined;
const bombs = (): Bombs => {
  made ??= makeBombs();
  return made;
};

const fromClient = (what: string, transport: TransportKind): Attack => ({
  name: `${transport}, a client certificate: ${what}`,
  async run(arena) {
    const { root, key, chains } = bombs();
    const ports = await arena.start("reads", { ca: root });
    // A first handshake without a certificate loads the modules that Handclasp loads on demand.
    (await arena.client(transport, ports)).wire.reset();
    await arena.expectGone(ports.server, " by an earlier connection without a certificate");
    await measure(arena, async () => {
      // The victim answers in either case: with an alert if it refuses the certificate, otherwise with its Finished.
      const tls = await arena.client(transport, ports, { chain: chains[what] as Uint8Array[], key }, "Finished");
      await tls.wire.read();
      return () => tls.wire.reset();
    });
    await arena.expectGone(ports.server);
  },
});

const fromServer = (what: string, transport: TransportKind): Attack => ({
  name: `${transport}, a server certificate: ${what}`,
  async run(arena) {
    const first = await arena.server(transport, "reads");
    first.tls.wire.reset();
    await arena.expectGone(first.party, " by an earlier connection with a valid certificate");
    const { chains, key } = bombs();
    const parties: number[] = [];
    await measure(arena, async () => {
      const { tls, party } = await arena.server(
        transport,
        "reads",
        { chain: chains[what] as Uint8Array[], key },
        "flight",
      );
      parties.push(party);
      while (await tls.wire.read());
      return () => tls.wire.reset();
    });
    for (const party of parties) await arena.expectGone(party);
  },
});

async function measure(arena: Arena, attempt: () => Promise<() => void>): Promise<void> {
  let [stall, cpu] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
  for (let round = 0; round < (arena.short ? 1 : rounds); round++) {
    await arena.victim.call("mark");
    const leave = await attempt();
    const costs = await arena.victim.call("measure");
    stall = Math.min(stall, stallOf(costs));
    cpu = Math.min(cpu, costs.cpu);
    leave();
  }
  arena.expect("least stall, ms", stall, most, "time");
  arena.expect("least CPU, ms", cpu, Number.POSITIVE_INFINITY, "time");
}

export const certificates: readonly Attack[] = [
  fromClient("two certificates of 61 KB of combining marks", "ws"),
  fromClient("two certificates of 61 KB of combining marks", "tcp"),
  fromClient("490 addresses under 490 constraints", "tcp"),
  fromClient("900 mail names under 250 constraints", "tcp"),
  fromServer("two certificates of 61 KB of combining marks", "tcp"),
];
