/**
 * What our side still says after the peer's close_notify: all of it, then close_notify; or a failure, never a part of
 * it with a clean end behind.
 */
import {
  type Aead,
  accept,
  type CipherSuite,
  type CryptoProvider,
  connect,
  type SendResult,
  TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
  type Transport,
} from "@handclasp/core";
import { memoryPair } from "@handclasp/testing";
import { describe, expect, test } from "vitest";
import { nodeCrypto } from "../../../node/src/crypto/nodeCrypto.ts";
import { ca, codeOf, credential, open, outcome, pass, type Role, reading, roles, virtualTime } from "./endings.ts";

virtualTime();

const piece = 50_000;

/**
 * A server whose client has said close_notify and ended its side of the carrier. The carrier takes what the server says
 * only when `move` lets it.
 */
async function slowReader() {
  const { a, b } = memoryPair();
  let slow = false;
  const held: Uint8Array[] = [];
  let drain = (): void => {};
  let ended = (): void => {};
  const own: Transport = {
    start: (events) => {
      drain = () => events.drain();
      b.start(events);
    },
    send: (bytes): SendResult => {
      if (!slow) return b.send(bytes);
      held.push(bytes);
      return "full";
    },
    pause: () => b.pause(),
    resume: () => b.resume(),
    end: () => {
      ended = () => b.end();
    },
    abort: (reason) => b.abort(reason),
  };
  const both = Promise.all([
    connect(a, { provider: nodeCrypto, ca: ca.pem, serverName: "localhost", closeTimeout: 10_000_000 }),
    accept(own, { provider: nodeCrypto, credentials: [credential] }),
  ]);
  both.catch(() => {});
  await pass(20);
  const [client, server] = await both;
  slow = true;
  void client.closeWrite();
  await pass(0);
  a.end();
  await pass(0);
  /** The carrier takes one message more. */
  const move = async (): Promise<void> => {
    const bytes = held.shift();
    if (bytes) b.send(bytes);
    if (!held.length) ended();
    drain();
    await pass(0);
  };
  /** All that is held arrives, and what follows the end of a carrier does. */
  const rest = async (): Promise<void> => {
    while (held.length) await move();
    b.end();
    await pass(0);
  };
  return { client, server, move, rest };
}

/** Writes `count` pieces, each once the one before was taken. */
function answering(write: (bytes: Uint8Array) => Promise<void>, count: number) {
  const seen = { written: 0, end: "pending" };
  (async () => {
    for (let i = 0; i < count; i++) {
      await write(new Uint8Array(piece));
      seen.written += piece;
    }
  })().then(
    () => (seen.end = "resolves"),
    (error: unknown) => (seen.end = codeOf(error)),
  );
  return seen;
}

describe("a peer that has said close_notify, whose carrier has ended, and that reads slowly", () => {
  test.each([900, 2_500])(
    "gets all from a writer that awaits each write while the carrier moves every %s ms, and close_notify behind it",
    async (every) => {
      const { client, server, move, rest } = await slowReader();
      expect(await server.read()).toBeUndefined();
      const count = 20;
      const saw = reading(client, "`read()`", count * piece);
      const seen = answering((bytes) => server.write(bytes), count);
      server.holdOpen(new Promise(() => {}));
      for (let i = 0; i < 40; i++) {
        await move();
        await pass(every);
      }
      expect(seen).toEqual({ written: count * piece, end: "resolves" });
      // Nothing was written for a second, so our side has closed.
      await pass(2_000);
      await rest();
      expect(saw()).toBe("all, then `undefined`");
      expect(await outcome(server.closed, 0)).toBe("resolves");
    },
  );

  test.each([
    ["a handler holds our side open", true],
    ["nobody holds our side open", false],
  ])("that stalls for good is a close_timeout to us and no clean end to it, where %s", async (_, holds) => {
    const { client, server, move, rest } = await slowReader();
    expect(await server.read()).toBeUndefined();
    const count = 20;
    const saw = reading(client, "`read()`", count * piece);
    if (holds) server.holdOpen(new Promise(() => {}));
    const seen = answering((bytes) => server.write(bytes), count);
    for (let i = 0; i < 5; i++) {
      await move();
      await pass(900);
    }
    expect(await outcome(server.closed, 20_000)).toBe("`close_timeout`");
    expect(seen.end).toBe("`close_timeout`");
    expect(seen.written).toBeLessThan(count * piece);
    await rest();
    expect(saw()).toMatch(/^\d+ bytes, then `(?!undefined)/);
  });
});

describe.each(roles)("a %s whose peer has said close_notify", (role) => {
  test("can answer after 3 s while the carrier lives and it has not read the end", async () => {
    const { own, peer } = await open(role);
    await peer.write(Uint8Array.of(1));
    void peer.closeWrite();
    await pass(10);
    expect(await own.read()).toEqual(Uint8Array.of(1));
    await pass(3_000);
    const answer = new Uint8Array(9);
    const saw = reading(peer, "`read()`", answer.length);
    expect(await outcome(own.write(answer), 0)).toBe("resolves");
    await pass(10);
    expect(await own.read()).toBeUndefined();
    await pass(10);
    expect(saw()).toBe("all, then `undefined`");
  });
});

/** nodeCrypto whose AES-128-GCM seals late. */
const late: CryptoProvider = {
  ...nodeCrypto,
  ciphers: {
    AES_128_GCM: (key) => {
      const aead = (nodeCrypto.ciphers.AES_128_GCM as (key: Uint8Array) => Aead)(key);
      return {
        open: (...what) => aead.open(...what),
        seal: async (...what) => {
          await aead.seal(...what);
          await new Promise((resolve) => setTimeout(resolve, 100));
        },
      };
    },
  },
};

describe.each(roles)("a write of a %s's that waits for its provider", (role) => {
  test.each([
    ["one write", 1],
    ["one behind another", 2],
  ])("rejects with the connection's end where the peer aborts: %s", async (_, count) => {
    const suites = [TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256];
    const { own, peer } = await openLate(role, suites);
    const ends: unknown[] = [];
    for (let i = 0; i < count; i++) own.write(new Uint8Array(2_000_000)).catch((error: unknown) => ends.push(error));
    own.read().catch(() => {});
    await pass(0);
    expect(ends).toEqual([]);
    peer.abort();
    await pass(2_500);
    // The alert, or that the carrier takes no more, whichever is seen first; not that the connection was used wrongly.
    expect(ends.map((end) => own.endedBy(end))).toEqual(Array.from({ length: count }, () => true));
  });
});

/** As `open`, which waits no longer than a provider that answers at once needs. */
async function openLate(role: Role, suites: readonly CipherSuite[]) {
  const opening = open(role, { provider: late, suites }, { suites });
  opening.catch(() => {});
  for (let i = 0; i < 20; i++) await pass(100);
  return opening;
}

describe.each(roles)("a %s that never reads the end of its peer", (role) => {
  test("answers it after 4 s all the same, so that the peer's close does not fail", async () => {
    const { own, peer } = await open(role);
    const closed = outcome(peer.close(), 4_900);
    expect(await closed).toBe("resolves");
    expect(await outcome(own.closed)).toBe("resolves");
  });

  test("does not while a promise holds it open, nor while bytes wait that were not read", async () => {
    for (const hold of [true, false]) {
      const { own, peer } = await open(role);
      if (hold) own.holdOpen(new Promise(() => {}));
      else await peer.write(Uint8Array.of(1));
      expect(await outcome(peer.close(), 6_000)).toBe("`close_timeout`");
    }
  });
});
