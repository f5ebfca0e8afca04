/**
 * How reads, writes and `closed` settle when our side closes or the connection is lost. A read never ends cleanly if
 * bytes were dropped, and the application need not await any promise.
 */
import { TlsError } from "@handclasp/core";
import { describe, expect, test } from "vitest";
import { open, outcome, passTime, type readers, roles, startReading, useVirtualClock } from "./endings.ts";

useVirtualClock();

const data = new Uint8Array(1000).fill(3);
const readerNames = ["`read()`", "`readable`", "`for await`"] as const satisfies readonly (keyof typeof readers)[];
const connectionLost = (): TlsError =>
  new TlsError(undefined, "the connection broke", { code: "connection_lost", fault: "transport" });

describe.each(roles)("a %s that closes while other code reads", (role) => {
  test.each(readerNames)(
    "a pending %s does not end cleanly, because bytes of the peer were dropped",
    async (reader) => {
      const { local, peer } = await open(role);
      await peer.write(data);
      const readResult = startReading(local, reader, 1000);
      await passTime(10);
      expect(readResult()).toBe("all, then pending");
      void local.close();
      for (let i = 0; i < 3; i++) await peer.write(data);
      void peer.closeWrite();
      await passTime(1_000);
      expect(readResult()).toBe("all, then `closed_locally`");
    },
  );

  test("a read after the peer's end returns `undefined` even after our own close", async () => {
    const { local, peer } = await open(role, { allowHalfOpen: true });
    await peer.closeWrite();
    await passTime(10);
    expect(await local.read()).toBeUndefined();
    void local.close();
    expect(await local.read()).toBeUndefined();
    await passTime(10);
    expect(await local.read()).toBeUndefined();
    await expect(local.closed).resolves.toBeUndefined();
  });

  test("the error `closed_locally` has the fault of the application, and no alert", async () => {
    const { local } = await open(role);
    void local.close();
    const errors: unknown[] = [];
    const addError = (error: unknown): void => void errors.push(error);
    local.read().catch(addError);
    local.write(data).catch(addError);
    await passTime(100);
    const expected = { code: "closed_locally", fault: "application", alert: undefined, by: "us" };
    expect(errors).toEqual([expect.objectContaining(expected), expect.objectContaining(expected)]);
  });

  test("a write that is pending at the close still arrives, and the peer's end is clean", async () => {
    const { local, peer } = await open(role);
    const readResult = startReading(peer, "`read()`", 200_000);
    const writing = local.write(new Uint8Array(200_000));
    void local.close();
    expect(await outcome(writing)).toBe("resolves");
    expect(readResult()).toBe("all, then `undefined`");
  });
});

describe.each(roles)("a %s whose promises are ignored", (role) => {
  // The `afterEach` of `useVirtualClock` checks that no rejection was unhandled.
  test.each<[string, (ends: Awaited<ReturnType<typeof open>>) => void]>([
    ["the connection is lost", ({ pair }) => pair.fail(connectionLost())],
    ["the peer ends its transport", ({ peerTransport }) => peerTransport.end()],
    ["the peer stays silent", ({ peerTransport }) => void peerTransport.pause()],
    ["the peer aborts", ({ peer }) => peer.abort()],
    ["we abort", ({ local }) => local.abort()],
  ])("causes no unhandled rejection when %s", async (_, endConnection) => {
    const ends = await open(role);
    void ends.local.close();
    endConnection(ends);
    void ends.local.read();
    await passTime(20_000);

    const halfClosed = await open(role);
    void halfClosed.local.closeWrite();
    endConnection(halfClosed);
    await passTime(20_000);
    void halfClosed.local.closeWrite();
    void halfClosed.local.close();
    await passTime(20_000);

    const writers = await open(role);
    void writers.local.write(new Uint8Array(1_000_000));
    void writers.local.write(data);
    void writers.local.closeWrite();
    endConnection(writers);
    void writers.local.read();
    void writers.local.write(data);
    await passTime(20_000);
  });
});

describe.runIf(Symbol.asyncDispose)("Symbol.asyncDispose of a channel", () => {
  test.each(roles)("closes the connection of a %s cleanly", async (role) => {
    const { local, peer } = await open(role);
    const readResult = startReading(peer, "`read()`", 1000);
    await local.write(data);
    expect(await outcome(local[Symbol.asyncDispose]())).toBe("resolves");
    expect(readResult()).toBe("all, then `undefined`");
    expect(await outcome(local.closed)).toBe("resolves");
  });

  test.each(roles)("never rejects on a %s, even if the transport fails", async (role) => {
    const { local, pair } = await open(role);
    const disposed = local[Symbol.asyncDispose]();
    pair.fail(connectionLost());
    expect(await outcome(disposed)).toBe("resolves");
    expect(await outcome(local.closed)).toBe("`connection_lost`");
    expect(await outcome(local[Symbol.asyncDispose]())).toBe("resolves");
  });
});

describe("a transport that fails after the peer's close_notify", () => {
  test.each(roles)("ends the connection of a %s with `peer_gone` if that side sent no close_notify", async (role) => {
    const { local, peer, pair } = await open(role, { allowHalfOpen: true });
    await peer.closeWrite();
    await passTime(10);
    expect(await local.read()).toBeUndefined();
    pair.gone();
    await passTime(10);
    expect(await local.read()).toBeUndefined();
    const error: unknown = await local.closed.catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: "peer_gone", alert: undefined });
    expect(await outcome(local.write(data))).toBe("`peer_gone`");
  });
});
