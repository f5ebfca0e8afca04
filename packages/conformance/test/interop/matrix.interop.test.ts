import { writeFileSync } from "node:fs";
import { afterAll, describe, expect, test } from "vitest";
import { makeMaterial } from "../../src/interop/files.ts";
import { cells, runCell, versionOf } from "../../src/interop/matrix.ts";
import { peers } from "../../src/interop/peers/all.ts";
import { type Result, table } from "../../src/interop/table.ts";

const material = await makeMaterial();
const found = await Promise.all(peers.map(async (peer) => ({ peer, ...(await versionOf(peer)) })));
const results: Result[] = [];

afterAll(() => {
  material.remove();
  const file = process.env.HANDCLASP_INTEROP_TABLE; // `pnpm interop` sets it
  if (!file) return;
  const versions = new Map(found.map(({ peer, version }) => [peer.name, version ?? "not installed"]));
  const notes = peers.flatMap(({ note }) => note ?? []);
  writeFileSync(file, table(results, versions, notes, new Date().toISOString().slice(0, 10)));
});

for (const { peer, version, missing } of found) {
  const installed = version !== undefined;
  const title = installed ? peer.name : `${peer.name}: no ${missing.join(", ")}; pnpm interop installs it`;
  describe.skipIf(!installed)(title, async () => {
    if (installed) await peer.prepare?.(material.files);
    for (const cell of cells(peer)) {
      const { role, keyExchange, kind, absent } = cell;
      if (absent !== undefined) {
        results.push({ cell });
        continue;
      }
      test(`as ${role} connects with ${keyExchange}: ${kind}`, async () => {
        try {
          const { suite } = await runCell(cell, material);
          results.push({ cell, suite });
        } catch (error) {
          const failure = (error as Error).message.replaceAll(/[|\n]/g, " ").slice(0, 200);
          results.push({ cell, failure });
          throw error;
        }
      });
    }
  });
}

test("each peer has cells in the matrix", () => {
  for (const peer of peers) expect(cells(peer).length).toBeGreaterThan(0);
});
