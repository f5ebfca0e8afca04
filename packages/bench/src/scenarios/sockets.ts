import { bulk, type Effort, handshakes, type Table } from "../scenarios.ts";

/**
 * Measures bulk data through `toSocket` and `@handclasp/node/tls`, and compares it with the channel itself and with
 * node:tls, over WebSocket and TCP, in both directions. Then full handshakes.
 */
export async function sockets(ours: string, sizes: readonly number[], effort: Effort): Promise<Table[]> {
  const tables: Table[] = [];
  for (const [transport, suffix] of [
    ["WebSocket", ""],
    ["TCP", ", TCP"],
  ] as const)
    for (const direction of ["down", "up"] as const) {
      const base = `${ours}${suffix}`;
      const measured = await bulk(subjects(ours, suffix), base, direction, sizes, effort);
      for (const table of measured)
        tables.push({
          ...table,
          id: table.id.replace("bulk", `socket-${transport.toLowerCase()}`),
          title: table.title.replace("Bulk", `Sockets over ${transport},`),
        });
    }
  const names = ["", ", TCP"].flatMap((suffix) => subjects(ours, suffix));
  const handshaken = await handshakes(names, "node:tls, TCP", "ecdsa-p256", effort);
  return [...tables, { ...handshaken, id: "socket-handshake", title: `Sockets, ${handshaken.title.toLowerCase()}` }];
}

const subjects = (ours: string, suffix: string): string[] =>
  [ours, `${ours}, toSocket`, `${ours}, /tls`, "node:tls"].map((name) => `${name}${suffix}`);
