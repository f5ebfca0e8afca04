/**
 * The rows of the fault matrix: each kind of fault, with its parameters, where it applies and what it may do.
 */
import type { Fault, FaultSender } from "@handclasp/testing/faults";
import type { Exchange } from "./exchange.ts";

export interface Row {
  readonly name: string;
  readonly kind: Fault["kind"];
  /** The fault in the bytes of this side, after so many of them. */
  make(from: FaultSender, after: number): Fault;
  /** No byte is lost or changed, so both sides end cleanly. */
  readonly isHarmless?: boolean;
  /** A side may wait for its limit, which is therefore short. */
  readonly waits?: boolean;
  /** Only a WebSocket has this fault. */
  readonly needsFrames?: boolean;
  /** The number of bytes of data of each side. Default: several records. */
  readonly length?: number;
  /** In the whole matrix, the number of bytes of the handshake between two places. */
  readonly step: number;
  /** The places of the sample. */
  readonly sample: "few" | "many" | "late";
}

type Parameters<K extends Fault["kind"]> = Omit<Extract<Fault, { kind: K }>, "kind" | "from" | "after">;

function row<K extends Fault["kind"]>(
  kind: K,
  parameters: Parameters<K>,
  { name = kind, step = 23, sample = "few", ...rest }: Partial<Omit<Row, "kind" | "make">> = {},
): Row {
  return { name, kind, step, sample, ...rest, make: (from, after) => ({ kind, from, after, ...parameters }) as Fault };
}

/** Codes that a Close frame may carry (RFC 6455 §7.4), without 1005, 1006 and 1015, which are never sent. */
const closeCodes = [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 4000, 4999];

/** A kind of fault without a row is an error of TypeScript. */
const byKind: Readonly<Record<Fault["kind"], readonly Row[]>> = {
  truncate: [row("truncate", {}, { step: 1, sample: "many" })],
  reset: [row("reset", {})],
  halfOpen: [row("halfOpen", {})],
  stall: [row("stall", {}, { waits: true })],
  drop: [
    row("drop", { length: 1 }, { name: "drop 1", waits: true }),
    row("drop", { length: 300 }, { name: "drop 300", waits: true }),
  ],
  // The flip of a length lets the receiver wait.
  flip: [row("flip", {}, { waits: true, step: 7, sample: "many" })],
  duplicate: [row("duplicate", {})],
  reorder: [row("reorder", {}, { waits: true })],
  delay: [row("delay", { ms: 20 }, { isHarmless: true })],
  split: [row("split", {}, { isHarmless: true })],
  slow: [
    // Each byte is a wait, so there is little data.
    row("slow", { ms: 1 }, { name: "slow bytes", isHarmless: true, length: 100, step: 101, sample: "late" }),
    // Each byte comes in time, and all together are too late.
    row("slow", { ms: 500 }, { name: "bytes that are too slow", waits: true }),
  ],
  close: closeCodes.map((code) => row("close", { code }, { name: `close ${code}`, needsFrames: true, step: 101 })),
  text: [row("text", {}, { needsFrames: true })],
  giant: [row("giant", { length: 3 * 2 ** 20 }, { needsFrames: true })],
};

export const rows: readonly Row[] = Object.values(byKind).flat();

/** The places of the sample in the bytes of one side. */
function sampleOf({ sample }: Row, flight: number, total: number): readonly number[] {
  switch (sample) {
    case "few":
      return [0, flight >> 1, flight + 20_000];
    case "many": // The last record is close_notify.
      return [0, 4, flight >> 1, flight - 1, flight, flight + 20_000, total - 1];
    case "late":
      return [flight - 30, flight];
  }
}

/** The places of the whole matrix: those of the sample, and places in the whole handshake. */
export function placesOf(row: Row, { handshake, total }: Exchange, from: FaultSender, isWhole: boolean): number[] {
  const flight = handshake[from];
  const sample = sampleOf(row, flight, total[from]);
  const steps = isWhole ? Array.from({ length: Math.ceil(flight / row.step) }, (_, i) => i * row.step) : [];
  return [...new Set([...sample, ...steps])];
}
