import { bulk, type Effort, type Table } from "../scenarios.ts";

/**
 * Measures bulk data through `toSocket`, and compares it with the channel itself and with node:tls, over
 * WebSocket and TCP, in both directions.
 */
export async function sockets(ours: string, sizes: readonly number[], effort: Effort): Promise<Table[]> {
  const tables: Table[] = [];
  for (const [transport, suffix] of [
    ["WebSocket", ""],
    ["TCP", ", TCP"],
  ])
    for (const direction of ["down", "up"] as const) {
      const base = `${ours}${suffix}`;
      const measured = await bulk(
        [base, `${ours}, toSocket${suffix}`, `node:tls${suffix}`],
        base,
        direction,
        sizes,
        effort,
      );
      for (const table of measured)
        tables.push({
          ...table,
          id: table.id.replace("bulk", `socket-${transport?.toLowerCase()}`),
          title: table.title.replace("Bulk", `toSocket over ${transport},`),
        });
    }
  return tables;
}
