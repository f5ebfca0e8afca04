import {
  type CipherSuite,
  secp256r1,
  TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
  TLS_RSA_WITH_AES_128_CBC_SHA,
  type TlsError,
} from "@handclasp/core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { virtualTime } from "../virtualTime.ts";
import {
  expectTyped,
  fullSequence,
  handshakeThrough,
  issuePki,
  type Outcome,
  type Pki,
  type Role,
  resumedSequence,
  resumptionOptions,
  type Unit,
} from "./mitm.ts";

virtualTime();

let pki: Pki;
let resumption: Awaited<ReturnType<typeof resumptionOptions>>;
const unhandledRejections: unknown[] = [];
const onRejection = (reason: unknown): void => void unhandledRejections.push(reason);
beforeAll(async () => {
  pki = await issuePki();
  resumption = await resumptionOptions(pki);
  process.on("unhandledRejection", onRejection);
});
afterAll(() => void process.off("unhandledRejection", onRejection));

const headerLength = 5;
/** `npm test` alters one byte of three, `pnpm fuzz` each byte. */
const step = process.env.HANDCLASP_FUZZ ? 1 : 3;

/** Changes the byte at `offset` after the record's header. */
const flipped = (unit: Unit, offset: number, mask: number): Uint8Array => {
  const wire = unit.wire.slice();
  wire[headerLength + offset] = (wire[headerLength + offset] as number) ^ mask;
  return wire;
};

const codes = new Set(["handshake_timeout", "closed_during_handshake", "close_timeout", "truncated"]);

/**
 * Expects that each side failed with a typed error. `last` is the side that reads the last Finished. That side must not
 * be established; the side that sent the last Finished may be.
 */
function expectOrderlyFailure({ client, server, established }: Outcome, what: string, last: Role): void {
  expectTyped(client, `${what}: the client`);
  expectTyped(server, `${what}: the server`);
  expect(established, what).not.toContain(last);
  for (const error of [client, server])
    expect(error.alert ?? codes.has(error.code), `${what}: ${error.message}`).toBeTruthy();
  // The side that finds the fault raises the error and tells the other side.
  expect(
    [client, server].some((error: TlsError) => error.by === "us"),
    what,
  ).toBe(true);
}

/** Runs `width` jobs at a time. Most jobs only compute, and a few wait for their timeout. */
async function inParallel(jobs: readonly (() => Promise<void>)[], width = 32): Promise<void> {
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let job = jobs[next++]; job; job = jobs[next++]) await job();
  };
  await Promise.all(Array.from({ length: width }, worker));
}

interface Kind {
  readonly name: string;
  readonly options: () => Parameters<typeof handshakeThrough>[2];
  readonly expected: readonly string[];
  readonly last: Role;
}
// secp256r1, because most altered points are not on its curve. x25519 accepts almost any 32 bytes.
const optionsFor = (suite: CipherSuite) => ({
  client: { suites: [suite], groups: [secp256r1] },
  server: { suites: [suite] },
});
const kinds: readonly Kind[] = [
  {
    name: "ECDHE",
    options: () => optionsFor(TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256),
    expected: fullSequence,
    last: "client",
  },
  {
    name: "RSA key exchange",
    options: () => ({ ...optionsFor(TLS_RSA_WITH_AES_128_CBC_SHA), credential: pki.rsa }),
    expected: fullSequence.filter((label) => label !== "server server_key_exchange"),
    last: "client",
  },
  { name: "a resumed session", options: () => resumption, expected: resumedSequence, last: "server" },
];

describe.each(kinds)("$name with a client certificate: the handshake", ({ options, expected, last }) => {
  test("succeeds if no byte is altered", async () => {
    const units: string[] = [];
    const outcome = await handshakeThrough(
      pki,
      (unit) => {
        units.push(`${unit.from} ${unit.name}`);
        return unit.wire;
      },
      options(),
    );
    expect(outcome).toEqual({
      client: undefined,
      server: undefined,
      established: expect.arrayContaining(["client", "server"]),
    });
    expect(units.filter((unit) => !unit.endsWith(" alert"))).toEqual(expected);
  });

  test.concurrent.each(expected)("fails if any byte of %s is altered", { timeout: 300_000 }, async (label) => {
    // Messages with a signature differ in length by a few bytes between handshakes, so two more offsets are tried. A
    // handshake whose message has no byte at the offset is not altered.
    let length = 0;
    await handshakeThrough(
      pki,
      (unit) => {
        if (`${unit.from} ${unit.name}` === label) length = unit.wire.length - headerLength;
        return unit.wire;
      },
      options(),
    );
    expect(length).toBeGreaterThan(0);
    let flips = 0;
    const jobs = Array.from({ length: Math.ceil((length + 2) / step) }, (_, i) => async () => {
      const offset = i * step;
      let isFlipped = false;
      const middle = (unit: Unit): Uint8Array => {
        if (isFlipped || `${unit.from} ${unit.name}` !== label || offset >= unit.wire.length - headerLength)
          return unit.wire;
        isFlipped = true;
        flips++;
        return flipped(unit, offset, offset % 2 ? 0x01 : 0xff);
      };
      const outcome = await handshakeThrough(pki, middle, options());
      if (isFlipped) expectOrderlyFailure(outcome, `${label}, byte ${offset}`, last);
    });
    await inParallel(jobs);
    const least = label.endsWith("_verify") || label.endsWith("key_exchange") ? length - 4 : length;
    expect(flips).toBeGreaterThanOrEqual(Math.floor(least / step));
    expect(unhandledRejections).toEqual([]);
  });
});
