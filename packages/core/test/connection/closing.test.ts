/** What a local end does to those who read, write and wait: nothing that came is called complete that is not, and nobody has to listen. */
import { TlsError } from "@handclasp/core";
import { describe, expect, test } from "vitest";
import { open, outcome, pass, type readers, reading, roles, virtualTime } from "./endings.ts";

virtualTime();

const some = new Uint8Array(1000).fill(3);
const ways = ["`read()`", "`readable`", "`for await`"] as const satisfies readonly (keyof typeof readers)[];
const lost = (): TlsError =>
  new TlsError(undefined, "the connection broke", { code: "connection_lost", fault: "transport" });

describe.each(roles)("a %s that closes while other code reads", (role) => {
  test.each(ways)("%s, pending, does not end cleanly: bytes of the peer were dropped", async (how) => {
    const { own, peer } = await open(role);
    await peer.write(some);
    const saw = reading(own, how, 1000);
    await pass(10);
    expect(saw()).toBe("all, then pending");
    void own.close();
    for (let i = 0; i < 3; i++) await peer.write(some);
    void peer.closeWrite();
    await pass(1_000);
    expect(saw()).toBe("all, then `closed_locally`");
  });

  test("a read that has seen the peer's end keeps it", async () => {
    const { own, peer } = await open(role, { allowHalfOpen: true });
    await peer.closeWrite();
    await pass(10);
    expect(await own.read()).toBeUndefined();
    void own.close();
    expect(await own.read()).toBeUndefined();
    await pass(10);
    expect(await own.read()).toBeUndefined();
    await expect(own.closed).resolves.toBeUndefined();
  });

  test("`closed_locally` is the application's doing, and no alert", async () => {
    const { own } = await open(role);
    void own.close();
    const errors: unknown[] = [];
    const keep = (error: unknown): void => void errors.push(error);
    own.read().catch(keep);
    own.write(some).catch(keep);
    await pass(100);
    const expected = { code: "closed_locally", fault: "application", alert: undefined, by: "us" };
    expect(errors).toEqual([expect.objectContaining(expected), expect.objectContaining(expected)]);
  });

  test("a write that is under way when it closes still arrives, and the peer's end is clean", async () => {
    const { own, peer } = await open(role);
    const saw = reading(peer, "`read()`", 200_000);
    const writing = own.write(new Uint8Array(200_000));
    void own.close();
    expect(await outcome(writing)).toBe("resolves");
    expect(saw()).toBe("all, then `undefined`");
  });
});

describe.each(roles)("a %s whose promises nobody listens to", (role) => {
  // afterEach of virtualTime() is what judges.
  test.each<[string, (ends: Awaited<ReturnType<typeof open>>) => void]>([
    ["the peer resets", ({ pair }) => pair.fail(lost())],
    ["the peer goes without a word", ({ carrier }) => carrier.end()],
    ["the peer stays silent", ({ carrier }) => void carrier.pause()],
    ["the peer aborts", ({ peer }) => peer.abort()],
    ["we abort", ({ own }) => own.abort()],
  ])("%s: no rejection is unhandled", async (_, happens) => {
    const ends = await open(role);
    void ends.own.close();
    happens(ends);
    void ends.own.read();
    await pass(20_000);

    const halves = await open(role);
    void halves.own.closeWrite();
    happens(halves);
    await pass(20_000);
    void halves.own.closeWrite();
    void halves.own.close();
    await pass(20_000);

    const writers = await open(role);
    void writers.own.write(new Uint8Array(1_000_000));
    void writers.own.write(some);
    void writers.own.closeWrite();
    happens(writers);
    void writers.own.read();
    void writers.own.write(some);
    await pass(20_000);
  });
});

describe.runIf(Symbol.asyncDispose)("Symbol.asyncDispose of a channel", () => {
  test.each(roles)("%s: closes in order", async (role) => {
    const { own, peer } = await open(role);
    const saw = reading(peer, "`read()`", 1000);
    await own.write(some);
    expect(await outcome(own[Symbol.asyncDispose]())).toBe("resolves");
    expect(saw()).toBe("all, then `undefined`");
    expect(await outcome(own.closed)).toBe("resolves");
  });

  test.each(roles)("%s: never rejects, whatever ends the connection", async (role) => {
    const { own, pair } = await open(role);
    const disposed = own[Symbol.asyncDispose]();
    pair.fail(lost());
    expect(await outcome(disposed)).toBe("resolves");
    expect(await outcome(own.closed)).toBe("`connection_lost`");
    expect(await outcome(own[Symbol.asyncDispose]())).toBe("resolves");
  });
});

describe("the peer's leaving", () => {
  test.each(roles)("a %s hears of a carrier that is gone before its own close_notify is out", async (role) => {
    const { own, peer, pair } = await open(role, { allowHalfOpen: true });
    await peer.closeWrite();
    await pass(10);
    expect(await own.read()).toBeUndefined();
    pair.gone();
    await pass(10);
    expect(await own.read()).toBeUndefined();
    const error: unknown = await own.closed.catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: "peer_gone", alert: undefined });
    expect(await outcome(own.write(some))).toBe("`peer_gone`");
  });
});
