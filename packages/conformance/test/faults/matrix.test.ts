/**
 * The fault matrix: a client and a server over real sockets, with a man in the middle who makes one fault in each
 * connection. Both sides end with a clean end and all data, or with a typed error, within their bounds. This is a
 * sample; `pnpm faults` runs all providers and places.
 */
import { webCrypto } from "@handclasp/browser";
import { type CryptoProvider, noble, nodeCrypto, TlsError } from "@handclasp/node";
import type { FaultSender } from "@handclasp/testing/faults";
import { beforeAll, describe, expect, test } from "vitest";
import { type Carrier, type End, type Exchange, exchange, type Parties } from "./exchange.ts";
import { placesOf, type Row, rows } from "./rows.ts";

const isWhole = process.env.HANDCLASP_FAULTS === "all";
/** Most exchanges wait. So many of a cell run at the same time. */
const concurrency = 8;

const providers: readonly (readonly [string, CryptoProvider, Parties["credential"]])[] = [
  ["nodeCrypto", nodeCrypto, "sync"],
  ["noble", noble, "sync"],
  ["webCrypto", webCrypto, "async"],
];
const carriers: readonly Carrier[] = ["tcp", "ws", "page"];
const senders: readonly FaultSender[] = ["client", "server"];

interface Cell {
  readonly row: Row;
  readonly from: FaultSender;
  readonly carrier: Carrier;
  readonly provider: string;
}

/** A fault that needs the frames of a WebSocket has no cell over TCP. */
const allCells: readonly Cell[] = rows.flatMap((row) =>
  carriers
    .filter((carrier) => carrier !== "tcp" || !row.needsFrames)
    .flatMap((carrier) => senders.flatMap((from) => providers.map(([provider]) => ({ row, from, carrier, provider })))),
);

/** The sample has one provider for each row, sender and carrier, in turn. */
const sampleCells = allCells.filter(({ row, from, carrier, provider }) => {
  const turn = rows.indexOf(row) + senders.indexOf(from) + 2 * carriers.indexOf(carrier);
  return providers[turn % providers.length]?.[0] === provider;
});
const cells = isWhole ? allCells : sampleCells;

/** The data of each side: several records, unless a row has less. */
const data = Uint8Array.from({ length: 40_000 }, (_, i) => i * 7);

const summaryOf = ({ read, sent, error }: End): string =>
  error === undefined
    ? Buffer.compare(read, sent) === 0
      ? "clean"
      : `a clean end after ${read.length} of ${sent.length} bytes`
    : TlsError.is(error) && error.fault !== "internal" && error.alert !== "internal_error"
      ? "typed"
      : `not typed: ${error instanceof Error ? error.stack : typeof error}`;

/** Calls `run` for each value, a few at a time. The first error stops it. */
async function forEach<T>(values: readonly T[], run: (value: T) => Promise<void>): Promise<void> {
  const waiting = [...values];
  const worker = async () => {
    for (let value = waiting.shift(); value !== undefined; value = waiting.shift()) {
      try {
        await run(value);
      } catch (error) {
        waiting.length = 0;
        throw error;
      }
    }
  };
  const results = await Promise.allSettled(Array.from({ length: concurrency }, worker));
  for (const result of results) if (result.status === "rejected") throw result.reason;
}

test("the sample has each row with each sender and carrier, and all of these with each provider", () => {
  const views = [
    ({ row, provider }: Cell) => `${row.name} ${provider}`,
    ({ row, from, carrier }: Cell) => `${row.name} ${from} ${carrier}`,
    ({ from, carrier, provider }: Cell) => `${from} ${carrier} ${provider}`,
  ];
  for (const view of views) expect(new Set(sampleCells.map(view))).toEqual(new Set(allCells.map(view)));
});

describe.concurrent.each(carriers)("over %s", (carrier) => {
  describe.concurrent.each(providers)("with %s", (name, provider, credential) => {
    const parties: Parties = { carrier, provider, credential, data };
    const references = new Map<number, Exchange>();
    beforeAll(async () => {
      for (const { length = data.length } of rows)
        if (!references.has(length))
          references.set(length, await exchange({ ...parties, data: data.subarray(0, length) }));
    });

    test("both sides end cleanly without a fault", () => {
      for (const { client, server } of references.values())
        expect([client, server].map(summaryOf)).toEqual(["clean", "clean"]);
    });

    const own = cells.filter((cell) => cell.carrier === carrier && cell.provider === name);
    test.concurrent.each(own.map(({ row, from }) => [row.name, from, row] as const))(
      "%s in the bytes of the %s: each side ends cleanly with all data, or has a typed error",
      { timeout: 0 }, // each exchange has its own limit
      async (_, from, row) => {
        const sent = data.subarray(0, row.length);
        const reference = references.get(sent.length) as Exchange;
        await forEach(placesOf(row, reference, from, isWhole), async (after) => {
          const fault = row.make(from, after);
          const isInHandshake = after < reference.handshake[from];
          const waitsIn = row.waits ? (isInHandshake ? "handshake" : "open") : undefined;
          const { client, server } = await exchange({ ...parties, data: sent, fault, waitsIn }).catch((cause) => {
            throw new Error(`${JSON.stringify(fault)}: ${(cause as Error).message}`, { cause });
          });
          const ends = [client, server].map(summaryOf);
          const codes = [client, server].map(({ error }) => (TlsError.is(error) ? error.code : ""));
          const shown = `${JSON.stringify(fault)}: ${ends.join(", ")} ${codes.join(", ")}`;
          for (const end of ends) expect(["clean", "typed"], shown).toContain(end);
          if (row.isHarmless) expect(ends, shown).toEqual(["clean", "clean"]);
          // Nothing that a fault has touched in the handshake is accepted. A client without the server's Finished sends
          // close_notify after its limit. The server's handshake is done, so the server sees a clean end without data.
          else if (isInHandshake && after > 4)
            expect(ends, shown).toEqual([
              "typed",
              from === "server" && codes[0] === "handshake_timeout" ? ends[1] : "typed",
            ]);
        });
      },
    );
  });
});
