/**
 * The scenarios that measure a page in Chromium and a Node process.
 * @module
 */
import type { KeyAlgorithm } from "@handclasp/testing";
import { interleave, type Missing, perUnit, rowsOf, type Sample } from "../rounds.ts";
import { type Effort, formatBytes, identityOf, messageOf, type Table, withTimeout } from "../scenarios.ts";
import { Chromium, type Direction, PagePair, type PageSubject } from "./chromium.ts";
import type { RecordRun } from "./page.ts";

const ours = "Handclasp, WebCrypto";
const withoutCredit = "Handclasp, without credit";
const chacha = "Handclasp, noble";
const nobleAes = "Handclasp, noble, AES-GCM";
const sameMessages = "raw, same messages";
const unbatched = "raw, unbatched";
const gcm = "noble's gcm()";
const socket = "SecureWebSocket";

const subjects: Readonly<Record<string, PageSubject>> = {
  [ours]: { opener: "webCrypto", server: "Handclasp for pages" },
  [withoutCredit]: { opener: "webCryptoWithoutCredit", server: "Handclasp for pages" },
  [chacha]: { opener: "nobleChaCha", server: "Handclasp for pages" },
  [nobleAes]: { opener: "nobleAes", server: "Handclasp for pages" },
  [sameMessages]: { opener: "raw", server: "raw ws" },
  [unbatched]: { opener: "raw", server: "raw ws" },
  [socket]: { opener: "secureWebSocket", server: "messages for pages" },
  "raw WebSocket": { opener: "raw", server: "raw ws" },
  [gcm]: { opener: "nobleRecords", server: "records for pages" },
  "@reclaimprotocol/tls": { opener: "reclaim", server: "@reclaimprotocol/tls" },
  "subtls (TLS 1.3)": { opener: "subtls", server: "subtls (TLS 1.3)" },
};

const peers = ["@reclaimprotocol/tls", "subtls (TLS 1.3)"];
const sizes = [16, 64, 256, 1024, 4096, 16_384, 65_536, 262_144, 1_048_576];
/** The lengths of the messages that SecureWebSocket sends, and of the writes and bare messages next to it. */
const messageLengths = [64, 1024, 16_384];
const mebibyte = 2 ** 20;

/** The scenarios of `pnpm bench` that need a browser. */
export function pageScenarios(effort: Effort, chosen: readonly string[]): Record<string, () => Promise<Table[]>> {
  const pick = (names: readonly string[]): readonly string[] => {
    const some = names.filter((name) => chosen.includes(name));
    return some.length ? some : names;
  };
  const all = pick([ours, chacha, nobleAes, sameMessages, unbatched, gcm, ...peers]);
  const bulk = (direction: Direction): Promise<Table[]> =>
    orNotMeasured(`page-${direction}`, async () => {
      const smallWrites = pick([ours, sameMessages, unbatched, ...peers]);
      return [
        ...(await transfers(direction, all, [16_384], [sameMessages, unbatched, gcm], effort)),
        ...(await transfers(direction, smallWrites, [1024], [unbatched], effort)),
      ];
    });
  return {
    "page-down": () => bulk("down"),
    "page-up": () => bulk("up"),
    "page-credit": () => orNotMeasured("page-credit", () => credit(effort)),
    "page-sizes": () =>
      orNotMeasured("page-sizes", async () => [
        ...(await transfers("down", pick([ours, unbatched]), sizes, [unbatched], effort)),
        ...(await transfers("up", pick([ours, unbatched]), sizes, [unbatched], effort)),
      ]),
    messages: () =>
      orNotMeasured("messages", async () => {
        const names = pick([socket, ours, unbatched]);
        return [
          ...(await transfers("down", names, messageLengths, [ours, unbatched], effort, "messages")),
          ...(await transfers("up", names, messageLengths, [ours, unbatched], effort, "messages")),
        ];
      }),
    "page-handshake-ecdsa": () => orNotMeasured("page-handshake-ecdsa", () => handshakes("ecdsa-p256", pick, effort)),
    "page-handshake-rsa": () => orNotMeasured("page-handshake-rsa", () => handshakes("rsa-2048", pick, effort)),
    "page-records": () => orNotMeasured("page-records", () => records(effort)),
  };
}

/** If a scenario fails, for example without Chromium, its table has the error. The other scenarios still run. */
async function orNotMeasured(id: string, measure: () => Promise<Table[]>): Promise<Table[]> {
  try {
    return await measure();
  } catch (error) {
    return [{ id, title: id, unit: "MiB", base: "", rows: [{ subject: "Chromium", note: messageOf(error) }] }];
  }
}

async function withPages<T>(
  names: readonly string[],
  algorithm: KeyAlgorithm,
  tryOut: (pair: PagePair) => Promise<unknown>,
  action: (pairs: readonly PagePair[], missing: readonly Missing[]) => Promise<T>,
): Promise<T> {
  const chromium = await Chromium.start();
  const pairs: PagePair[] = [];
  const missing: Missing[] = [];
  try {
    const certificates = await identityOf(algorithm);
    for (const subject of names) {
      let pair: PagePair | undefined;
      try {
        pair = await PagePair.start(subject, subjects[subject] as PageSubject, chromium, certificates);
        await withTimeout(10_000, tryOut(pair));
        pairs.push(pair);
      } catch (error) {
        await pair?.stop();
        missing.push({ subject, note: messageOf(error).split("\n")[0] as string });
      }
    }
    return await action(pairs, missing);
  } finally {
    for (const pair of pairs) await pair.stop();
    await chromium.stop();
  }
}

/**
 * Measures bulk data in one direction over one connection. "raw, same messages" replays the messages of Handclasp's
 * last transfer.
 */
function transfers(
  direction: Direction,
  names: readonly string[],
  writes: readonly number[],
  bases: readonly string[],
  { rounds, warm, duration }: Effort,
  kind: "page" | "messages" = "page",
): Promise<Table[]> {
  return withPages(
    names,
    "rsa-2048",
    async (pair) => {
      await pair.connect(1);
      await pair.transfer(direction, 1024, 4);
    },
    async (pairs, missing) => {
      const tables: Table[] = [];
      for (const size of writes) {
        const maxCount = Math.min(200_000, Math.ceil((96 * mebibyte) / size));
        const counts = new Map<string, number>();
        for (const pair of pairs) {
          const trial = Math.min(maxCount, Math.max(8, Math.ceil(mebibyte / size)));
          const first = await pair.transfer(direction, size, trial);
          const second = await pair.transfer(direction, size, trial);
          const count = Math.ceil((trial * duration) / Math.min(first.wall, second.wall));
          counts.set(pair.name, Math.min(maxCount, Math.max(4, count)));
        }
        let messages: readonly number[] = [];
        const samples = await interleave(pairs, rounds, warm, async (pair): Promise<Sample> => {
          const replaying = pair.name === sameMessages && messages.length > 0;
          const count = counts.get(replaying ? ours : pair.name) as number;
          const cost = replaying ? await pair.replay(direction, messages) : await pair.transfer(direction, size, count);
          if (pair.name === ours) messages = await pair.messageSizes(direction);
          return perUnit((count * size) / mebibyte, cost);
        });
        const mean = messages.reduce((sum, length) => sum + length, 0) / messages.length / 1024;
        const average = messages.length ? `; Handclasp's messages have ${mean.toFixed(1)} KiB on average` : "";
        const measuredBases = bases.filter((base) => samples.has(base));
        for (const base of measuredBases.length ? measuredBases : [...samples.keys(), ""].slice(0, 1)) {
          const sent = `${kind === "page" ? "writes" : "messages"} of ${formatBytes(size)}`;
          const comparison = bases.length > 1 ? `, compared with ${base}` : "";
          tables.push({
            id: `${kind}-${direction}-${size}${bases.length > 1 ? `, ${base} = 1` : ""}`,
            title: `Chromium, bulk ${direction}, ${sent}${comparison}${average}`,
            unit: "MiB",
            base,
            rows: [...rowsOf(samples, base, warm), ...missing],
          });
        }
      }
      return tables;
    },
  );
}

/** Compares a page and a server that give each other credit with the same page and server without it. */
async function credit(effort: Effort): Promise<Table[]> {
  const tables: Table[] = [];
  for (const direction of ["down", "up"] as const)
    tables.push(...(await transfers(direction, [ours, withoutCredit], [16_384, 65_536], [withoutCredit], effort)));
  return tables.map((table) => ({
    ...table,
    id: table.id.replace("page-", "page-credit-"),
    title: `${table.title}, the cost of credit`,
  }));
}

/**
 * Measures full handshakes in sequence. The WebSockets are open before the clock starts, because Chromium takes as long
 * to open one as a handshake takes.
 */
async function handshakes(
  algorithm: KeyAlgorithm,
  pick: (names: readonly string[]) => readonly string[],
  { rounds, warm, duration }: Effort,
): Promise<Table[]> {
  return withPages(
    pick([ours, chacha, nobleAes, ...peers]),
    algorithm,
    (pair) => pair.handshakes(3),
    async (pairs, missing) => {
      const count = Math.max(5, Math.ceil(duration / 10));
      const samples = await interleave(pairs, rounds, warm, async (pair) =>
        perUnit(count, await pair.handshakes(count)),
      );
      const base = samples.has(chacha) ? chacha : (pairs[0]?.name ?? chacha);
      return [
        {
          id: `page-handshake-${algorithm}`,
          title: `Chromium, full handshake, ${algorithm}`,
          unit: "handshake",
          base,
          rows: [...rowsOf(samples, base, warm), ...missing],
        },
      ];
    },
  );
}

type RecordSubject = Pick<RecordRun, "provider" | "inFlight">;

const recordSubjects: Readonly<Record<string, RecordSubject>> = {
  noble: { provider: "noble", inFlight: 1 },
  "WebCrypto, one at a time": { provider: "webCrypto", inFlight: 1 },
  "WebCrypto, 32 in flight": { provider: "webCrypto", inFlight: 32 },
};

/**
 * Measures AES-128-GCM alone, in one page. The tables show whether synchronous noble is faster than asynchronous
 * WebCrypto for small records.
 */
function records({ rounds, warm, duration }: Effort): Promise<Table[]> {
  return withPages(
    ["raw WebSocket"],
    "ecdsa-p256",
    (pair) => pair.connect(1),
    async ([page]) => {
      if (!page) throw new Error("the page did not start");
      const tables: Table[] = [];
      for (const size of [16, 64, 256, 1024, 4096, 16_384]) {
        for (const operation of ["seal", "open"] as const) {
          const subjects = Object.entries(recordSubjects).map(([name, subject]) => ({ name, subject }));
          const samples = await interleave(subjects, rounds, warm, async ({ subject }): Promise<Sample> => {
            const run = { ...subject, operation, size };
            const trial = await page.call("records", { ...run, count: 64 });
            const count = Math.min(100_000, Math.max(64, Math.ceil((64 * duration) / 4 / Math.max(trial, 0.1))));
            return perUnit(count / 1000, await page.records({ ...run, count }));
          });
          tables.push({
            id: `page-records-${operation}-${size}`,
            title: `Chromium, AES-128-GCM alone, ${operation}, records of ${formatBytes(size)}`,
            unit: "1,000 records",
            base: "noble",
            rows: rowsOf(samples, "noble", warm),
          });
        }
      }
      return tables;
    },
  );
}
