/**
 * The fault matrix: a client and a server over real sockets, with a man in the middle who makes one fault in each
 * connection. Both sides end with a clean end and all data, or with a typed error, within their bounds. This is a
 * sample; `pnpm faults` runs all places.
 */
import type { AddressInfo } from "node:net";
import {
  type CryptoProvider,
  connect,
  createServer,
  noble,
  nodeCredential,
  nodeCrypto,
  TlsError,
  type TlsServer,
} from "@handclasp/node";
import { testCa } from "@handclasp/testing";
import { type Fault, type FaultSender, faultProxy } from "@handclasp/testing/faults";
import { beforeAll, describe, expect, test } from "vitest";

const runsAll = process.env.HANDCLASP_FAULTS === "all";
/** All places of a cell take minutes. The limit is one that only a hang reaches. */
const timeout = runsAll ? 3_600_000 : 180_000;
const providers: Readonly<Record<string, CryptoProvider>> = { nodeCrypto, noble };
const transports = ["tcp", "ws"] as const;
type Transport = (typeof transports)[number];
const senders: readonly FaultSender[] = ["client", "server"];

/** The data of each side: several records. */
const data = Uint8Array.from({ length: 40_000 }, (_, i) => i * 7);

const ca = await testCa();
const credentials = nodeCredential(await ca.issue({ names: ["localhost"] }));

/** The end of one side: what it has read, and the error, if its end is not clean. */
interface End {
  readonly read: Uint8Array;
  readonly error: unknown;
}

interface Exchange {
  readonly client: End;
  readonly server: End;
  /** The number of bytes of TLS that each side has sent until its handshake was done, and until the end. */
  readonly handshake: Readonly<Record<FaultSender, number>>;
  readonly total: Readonly<Record<FaultSender, number>>;
}

/** After these faults, a side waits for its time limit. The limits are short, because no side can succeed. */
const waiting: ReadonlySet<Fault["kind"]> = new Set([
  "stall",
  "drop",
  "reorder",
  "halfOpen",
  "flip", // of a length
]);
/** No byte is lost or changed. */
const harmless: ReadonlySet<Fault["kind"]> = new Set(["delay", "split"]);
const limitsFor = (fault: Fault | undefined) =>
  fault && waiting.has(fault.kind)
    ? { handshakeTimeout: 2_000, closeTimeout: 2_000 }
    : { handshakeTimeout: 120_000, closeTimeout: 120_000 };

async function exchange(transport: Transport, provider: CryptoProvider, fault?: Fault): Promise<Exchange> {
  const handshake = { client: 0, server: 0 };
  const limits = limitsFor(fault);
  let settle!: (end: End) => void;
  const serverEnd = new Promise<End>((resolve) => {
    settle = resolve;
  });
  const server: TlsServer = createServer(
    {
      ...limits,
      provider,
      credentials,
      // A connection that fails in its handshake has no handler.
      onError: (error) => settle({ read: new Uint8Array(0), error }),
    },
    async (channel) => {
      const read: Uint8Array[] = [];
      try {
        for await (const bytes of channel) {
          read.push(bytes);
          if (Buffer.concat(read).length === data.length) await channel.write(data);
        }
        await channel.close();
        settle({ read: Buffer.concat(read), error: undefined });
      } catch (error) {
        settle({ read: Buffer.concat(read), error });
      }
    },
  );
  const listener = await (transport === "tcp" ? server.listenTcp() : server.listenWebSocket());
  const target = (listener.address() as AddressInfo).port;
  const proxy = await faultProxy({ target, transport, ...(fault && { fault }) });
  const clientEnd = async (): Promise<End> => {
    const read: Uint8Array[] = [];
    try {
      const channel = await connect(`${transport}://127.0.0.1:${proxy.port}/`, {
        ...limits,
        provider,
        ca: ca.pem,
        serverName: "localhost",
      });
      handshake.client = channel.traffic.bytesSent;
      handshake.server = channel.traffic.bytesReceived;
      // An application has to limit its own waits: an open connection may wait for ever.
      const timer = waiting.has(fault?.kind ?? "delay") ? setTimeout(() => channel.abort(), 2_000) : undefined;
      try {
        const writing = channel.write(data);
        while (Buffer.concat(read).length < data.length) {
          const bytes = await channel.read();
          if (!bytes) break;
          read.push(bytes);
        }
        await writing;
        await channel.close();
        return { read: Buffer.concat(read), error: undefined };
      } finally {
        clearTimeout(timer);
      }
    } catch (error) {
      return { read: Buffer.concat(read), error };
    }
  };
  const client = await clientEnd();
  const total = { client: proxy.bytesFrom("client"), server: proxy.bytesFrom("server") };
  // The client has gone. A server behind a stalled network learns that only from the network.
  await proxy.close();
  const ends = { client, server: await serverEnd };
  await server.close({ grace: 0 });
  return { ...ends, handshake, total };
}

/** Each kind of fault, with its parameters. */
const kinds: readonly { readonly make: (from: FaultSender, after: number) => Fault; readonly only?: Transport }[] = [
  { make: (from, after) => ({ kind: "truncate", from, after }) },
  { make: (from, after) => ({ kind: "reset", from, after }) },
  { make: (from, after) => ({ kind: "halfOpen", from, after }) },
  { make: (from, after) => ({ kind: "stall", from, after }) },
  { make: (from, after) => ({ kind: "drop", from, after, length: 1 }) },
  { make: (from, after) => ({ kind: "drop", from, after, length: 300 }) },
  { make: (from, after) => ({ kind: "flip", from, after }) },
  { make: (from, after) => ({ kind: "duplicate", from, after }) },
  { make: (from, after) => ({ kind: "reorder", from, after }) },
  { make: (from, after) => ({ kind: "delay", from, after, ms: 20 }) },
  { make: (from, after) => ({ kind: "split", from, after }) },
  ...[1000, 1001, 1003, 1009, 1011, 1012, 4000].map((code) => ({
    make: (from: FaultSender, after: number): Fault => ({ kind: "close", from, after, code }),
    only: "ws" as const,
  })),
  { make: (from, after) => ({ kind: "text", from, after }), only: "ws" },
  { make: (from, after) => ({ kind: "giant", from, after, length: 3 * 2 ** 20 }), only: "ws" },
];

/** The places of the faults in the bytes of one side. */
function placesOf({ handshake, total }: Exchange, from: FaultSender, kind: Fault["kind"]): readonly number[] {
  const flight = handshake[from];
  // The last record is close_notify. Signatures do not always have the same length.
  const places = [0, 4, flight >> 1, flight - 20, flight + 20, flight + 20_000, total[from] - 20];
  if (!runsAll) return kind === "truncate" || kind === "flip" ? places : [0, flight >> 1, flight + 20_000];
  const step = kind === "truncate" ? 1 : waiting.has(kind) ? 101 : 23;
  return [...places, ...Array.from({ length: Math.floor((flight - 20) / step) }, (_, i) => i * step)];
}

const summaryOf = ({ read, error }: End): string =>
  error === undefined
    ? Buffer.compare(read, data) === 0
      ? "clean"
      : `a clean end after ${read.length} of ${data.length} bytes`
    : TlsError.is(error) && error.fault !== "internal" && error.alert !== "internal_error"
      ? "typed"
      : `not typed: ${error instanceof Error ? error.stack : typeof error}`;

describe.each(transports)("over %s", (transport) => {
  // The sample leaves out one combination.
  const used = Object.entries(providers).filter(([name]) => runsAll || transport === "tcp" || name === "nodeCrypto");
  describe.each(used)("with %s", (_, provider) => {
    let reference: Exchange;
    beforeAll(async () => {
      reference = await exchange(transport, provider);
    });

    test("both sides end cleanly without a fault", () => {
      expect([reference.client, reference.server].map(summaryOf)).toEqual(["clean", "clean"]);
    });

    const cells = kinds.flatMap(({ make, only }) =>
      only && only !== transport ? [] : senders.map((from) => [describeFault(make(from, 0)), from, make] as const),
    );
    test.concurrent.each(cells)(
      "%s in the bytes of the %s: each side ends cleanly with all data, or has a typed error",
      { timeout },
      async (_kind, from, make) => {
        for (const after of placesOf(reference, from, make(from, 0).kind)) {
          const fault = make(from, after);
          const { client, server } = await exchange(transport, provider, fault);
          const ends = [client, server].map(summaryOf);
          const codes = [client, server].map(({ error }) => (TlsError.is(error) ? error.code : ""));
          const shown = `${JSON.stringify(fault)}: ${ends.join(", ")} ${codes.join(", ")}`;
          for (const end of ends) expect(["clean", "typed"], shown).toContain(end);
          if (harmless.has(fault.kind)) expect(ends, shown).toEqual(["clean", "clean"]);
          // Nothing that a fault has touched in the handshake is accepted.
          else if (after < reference.handshake[from] - 20 && after > 4) expect(ends, shown).toEqual(["typed", "typed"]);
        }
      },
    );
  });
});

function describeFault(fault: Fault): string {
  const { kind } = fault;
  if (kind === "close") return `close ${fault.code}`;
  return kind === "drop" ? `drop ${fault.length}` : kind;
}
