/**
 * After the peer's close_notify, our side sends all its data and then close_notify, or fails. It never sends
 * close_notify after only a part of the data.
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
import {
  ca,
  codeOf,
  credential,
  open,
  outcome,
  passTime,
  type Role,
  roles,
  startReading,
  useVirtualClock,
} from "./endings.ts";

useVirtualClock();

const chunkSize = 50_000;

/**
 * A server whose client has sent close_notify and ended its side of the transport. The server's transport then delivers
 * messages only when `deliverOne` or `deliverRest` is called.
 */
async function slowReader() {
  const { a, b } = memoryPair();
  let isSlow = false;
  const heldMessages: Uint8Array[] = [];
  let drain = (): void => {};
  let ended = (): void => {};
  const transport: Transport = {
    start: (events) => {
      drain = () => events.drain();
      b.start(events);
    },
    send: (bytes): SendResult => {
      if (!isSlow) return b.send(bytes);
      heldMessages.push(bytes);
      return "full";
    },
    pause: () => b.pause(),
    resume: () => b.resume(),
    end: () => {
      ended = () => b.end();
    },
    abort: (reason) => b.abort(reason),
  };
  const opening = Promise.all([
    connect(a, { provider: nodeCrypto, ca: ca.pem, serverName: "localhost", closeTimeout: 10_000_000 }),
    accept(transport, { provider: nodeCrypto, credentials: [credential] }),
  ]);
  opening.catch(() => {});
  await passTime(20);
  const [client, server] = await opening;
  isSlow = true;
  void client.closeWrite();
  await passTime(0);
  a.end();
  await passTime(0);
  /** Delivers the next message, if there is one, and reports room for more. */
  const deliverOne = async (): Promise<void> => {
    const bytes = heldMessages.shift();
    if (bytes) b.send(bytes);
    if (!heldMessages.length) ended();
    drain();
    await passTime(0);
  };
  /** Delivers the remaining messages, and then the end of the transport. */
  const deliverRest = async (): Promise<void> => {
    while (heldMessages.length) await deliverOne();
    b.end();
    await passTime(0);
  };
  return { client, server, deliverOne, deliverRest };
}

/** Writes `count` chunks, each after the write before has resolved. */
function writeChunks(write: (bytes: Uint8Array) => Promise<void>, count: number) {
  const writer = { written: 0, end: "pending" };
  (async () => {
    for (let i = 0; i < count; i++) {
      await write(new Uint8Array(chunkSize));
      writer.written += chunkSize;
    }
  })().then(
    () => (writer.end = "resolves"),
    (error: unknown) => (writer.end = codeOf(error)),
  );
  return writer;
}

describe("a slow peer that has sent close_notify and whose transport has ended", () => {
  test.each([900, 2_500])(
    "gets all data of a writer that awaits each write, and then close_notify, if it reads a message every %s ms",
    async (interval) => {
      const { client, server, deliverOne, deliverRest } = await slowReader();
      expect(await server.read()).toBeUndefined();
      const count = 20;
      const readResult = startReading(client, "`read()`", count * chunkSize);
      const writer = writeChunks((bytes) => server.write(bytes), count);
      server.holdOpen(new Promise(() => {}));
      for (let i = 0; i < 40; i++) {
        await deliverOne();
        await passTime(interval);
      }
      expect(writer).toEqual({ written: count * chunkSize, end: "resolves" });
      // Our side closed after a second without a write.
      await passTime(2_000);
      await deliverRest();
      expect(readResult()).toBe("all, then `undefined`");
      expect(await outcome(server.closed, 0)).toBe("resolves");
    },
  );

  test.each([
    ["a handler holds our side open", true],
    ["our side is not held open", false],
  ])("sees no clean end if it stalls, and our side ends with close_timeout: %s", async (_, isHeldOpen) => {
    const { client, server, deliverOne, deliverRest } = await slowReader();
    expect(await server.read()).toBeUndefined();
    const count = 20;
    const readResult = startReading(client, "`read()`", count * chunkSize);
    if (isHeldOpen) server.holdOpen(new Promise(() => {}));
    const writer = writeChunks((bytes) => server.write(bytes), count);
    for (let i = 0; i < 5; i++) {
      await deliverOne();
      await passTime(900);
    }
    expect(await outcome(server.closed, 20_000)).toBe("`close_timeout`");
    expect(writer.end).toBe("`close_timeout`");
    expect(writer.written).toBeLessThan(count * chunkSize);
    await deliverRest();
    expect(readResult()).toMatch(/^\d+ bytes, then `(?!undefined)/);
  });
});

describe.each(roles)("a %s whose peer has sent close_notify", (role) => {
  test("can answer after 3 s if the transport is open and the application has not read the end", async () => {
    const { local, peer } = await open(role);
    await peer.write(Uint8Array.of(1));
    void peer.closeWrite();
    await passTime(10);
    expect(await local.read()).toEqual(Uint8Array.of(1));
    await passTime(3_000);
    const answer = new Uint8Array(9);
    const readResult = startReading(peer, "`read()`", answer.length);
    expect(await outcome(local.write(answer), 0)).toBe("resolves");
    await passTime(10);
    expect(await local.read()).toBeUndefined();
    await passTime(10);
    expect(readResult()).toBe("all, then `undefined`");
  });
});

/** A provider whose AES-128-GCM needs 100 ms to seal. */
const lateProvider: CryptoProvider = {
  ...nodeCrypto,
  ciphers: {
    AES_128_GCM: (key) => {
      const aead = (nodeCrypto.ciphers.AES_128_GCM as (key: Uint8Array) => Aead)(key);
      return {
        open: (...args) => aead.open(...args),
        seal: async (...args) => {
          await aead.seal(...args);
          await new Promise((resolve) => setTimeout(resolve, 100));
        },
      };
    },
  },
};

describe.each(roles)("a %s's write that waits for its provider", (role) => {
  test.each([
    ["one write", 1],
    ["two writes", 2],
  ])("rejects with the error that ended the connection when the peer aborts: %s", async (_, count) => {
    const suites = [TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256];
    const { local, peer } = await openLate(role, suites);
    const errors: unknown[] = [];
    for (let i = 0; i < count; i++)
      local.write(new Uint8Array(2_000_000)).catch((error: unknown) => errors.push(error));
    local.read().catch(() => {});
    await passTime(0);
    expect(errors).toEqual([]);
    peer.abort();
    await passTime(2_500);
    // The error is that of the alert or of the transport's end, whichever our side sees first, but not a usage error.
    expect(errors.map((end) => local.endedBy(end))).toEqual(Array.from({ length: count }, () => true));
  });
});

/** Like `open`, but waits longer: `open` waits only as long as a synchronous provider needs. */
async function openLate(role: Role, suites: readonly CipherSuite[]) {
  const opening = open(role, { provider: lateProvider, suites }, { suites });
  opening.catch(() => {});
  for (let i = 0; i < 20; i++) await passTime(100);
  return opening;
}

describe.each(roles)("a %s that never reads the end of its peer", (role) => {
  test("sends close_notify after 4 s, so that the peer's close does not fail", async () => {
    const { local, peer } = await open(role);
    const closed = outcome(peer.close(), 4_900);
    expect(await closed).toBe("resolves");
    expect(await outcome(local.closed)).toBe("resolves");
  });

  test("sends no close_notify while a promise holds the connection open, or while data waits to be read", async () => {
    for (const isHeldOpen of [true, false]) {
      const { local, peer } = await open(role);
      if (isHeldOpen) local.holdOpen(new Promise(() => {}));
      else await peer.write(Uint8Array.of(1));
      expect(await outcome(peer.close(), 6_000)).toBe("`close_timeout`");
    }
  });
});
