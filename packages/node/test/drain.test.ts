/**
 * server.close({ grace }): what handlers are told, how long they are waited for, and whom it resolves with. In memory,
 * under a virtual clock.
 */
import { accept, connect, type TlsConnection } from "@handclasp/core";
import { createServer, nodeCredential, nodeCrypto, type ServerOptions } from "@handclasp/node";
import { memoryPair, testCa } from "@handclasp/testing";
import { describe, expect, test, vi } from "vitest";
import { pass, virtualTime } from "./ends/virtualTime.ts";

const ca = await testCa();
const credential = nodeCredential(await ca.issue({ names: ["localhost"] }));
const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
const forEver = new Promise<void>(() => {});

virtualTime();

/** A server whose handlers are these, each with a client of its own that reads to the end. */
async function serving(handlers: ((channel: TlsConnection) => unknown)[], options: Partial<ServerOptions> = {}) {
  const onError = vi.fn();
  let next = 0;
  const server = createServer({ credentials: [credential], onError, ...options }, (channel) =>
    handlers[next++]?.(channel),
  );
  const ends = [];
  for (const _ of handlers) {
    const pair = memoryPair();
    const connection = server.accept(pair.b);
    const client = connect(pair.a, { provider: nodeCrypto, ca: ca.pem, serverName: "localhost" });
    client.catch(() => {});
    await pass(20);
    const channel = await client;
    ends.push({ pair, connection, client: channel, saw: outcome(readAll(channel)) });
  }
  return { server, ends, onError };
}

async function readAll(channel: TlsConnection): Promise<number> {
  let got = 0;
  for (let bytes = await channel.read(); bytes; bytes = await channel.read()) got += bytes.length;
  return got;
}

/** The state of a promise: pending, or its outcome. */
function outcome(promise: PromiseLike<unknown>): () => unknown {
  let what: unknown = "pending";
  promise.then(
    (value) => (what = value),
    (error: unknown) => (what = (error as { code?: unknown }).code ?? error),
  );
  return () => what;
}

/** Just this connection, itself: to `toEqual` one is like any other. */
function expectOnly(resolved: unknown, connection: TlsConnection | undefined): void {
  expect(resolved).toHaveLength(1);
  expect((resolved as TlsConnection[])[0]).toBe(connection);
}

describe("server.close", () => {
  test("tells handlers by `closing`, and waits for one that settles within the grace", async () => {
    const reasons: boolean[] = [];
    const { server, ends } = await serving([
      async (channel) => {
        reasons.push(channel.closing.aborted);
        await new Promise((resolve) => channel.closing.addEventListener("abort", resolve));
        await sleep(1_000);
        await channel.write(new Uint8Array(300));
      },
    ]);
    expect(reasons).toEqual([false]);
    const closing = outcome(server.close());
    expect(ends[0]?.connection.closing.aborted).toBe(true);
    await pass(950);
    expect(closing()).toBe("pending");
    expect(ends[0]?.saw()).toBe("pending");
    await pass(100);
    // Behind what the handler wrote, close_notify: the client has it all, and a clean end.
    expect(ends[0]?.saw()).toBe(300);
    expect(closing()).toEqual([]);
    expect(server.connections.size).toBe(0);
  });

  test("a handler that has settled already is not waited for", async () => {
    const { server, ends } = await serving([() => {}, async () => {}]);
    await pass(1_000);
    const closing = outcome(server.close());
    await pass(50);
    expect(closing()).toEqual([]);
    expect(ends.map(({ saw }) => saw())).toEqual([0, 0]);
  });

  test.each<[string, { grace?: number } | undefined, number]>([
    ["5 s by default", undefined, 5_000],
    ["5 s where it is not given", {}, 5_000],
    ["what is said", { grace: 1_500 }, 1_500],
  ])("the grace is %s: then the connections whose handlers go on are closed, and told", async (_, options, grace) => {
    const { server, ends, onError } = await serving([() => forEver, () => {}]);
    const closing = outcome(options ? server.close(options) : server.close());
    await pass(grace - 50);
    expect(closing()).toBe("pending");
    expect(ends.map(({ saw }) => saw())).toEqual(["pending", 0]);
    await pass(100);
    expectOnly(closing(), ends[0]?.connection);
    expect(ends.map(({ saw }) => saw())).toEqual([0, 0]);
    expect(server.connections.size).toBe(0);
    expect(onError).not.toHaveBeenCalled();
  });

  test("grace: 0 closes at once, what was written included", async () => {
    const { server, ends } = await serving([
      async (channel) => {
        await channel.write(new Uint8Array(200_000));
        await forEver;
      },
    ]);
    const closing = outcome(server.close({ grace: 0 }));
    await pass(50);
    expect(ends[0]?.saw()).toBe(200_000);
    expectOnly(closing(), ends[0]?.connection);
  });

  test("behind the grace the close timeout applies: a peer that takes nothing is given up", async () => {
    const { server, ends } = await serving([() => forEver], { closeTimeout: 2_000 });
    ends[0]?.pair.a.pause();
    const closing = outcome(server.close({ grace: 1_000 }));
    await pass(2_950);
    expect(server.connections.size).toBe(1);
    await pass(100);
    expect(server.connections.size).toBe(0);
    expectOnly(closing(), ends[0]?.connection);
  });

  test("a handler that reads gets `closed_locally`, which is not reported to onError", async () => {
    const seen = vi.fn();
    const { server, onError } = await serving([
      async (channel) => {
        try {
          await readAll(channel);
        } catch (error) {
          seen((error as { code: string }).code);
          throw error;
        }
      },
    ]);
    void server.close({ grace: 0 });
    await pass(100);
    expect(seen.mock.calls).toEqual([["closed_locally"]]);
    expect(onError).not.toHaveBeenCalled();
  });

  test("a handler that throws because of `closing` is told like any other", async () => {
    const broken = new Error("stopped in the midst of it");
    const { server, onError } = await serving([
      async (channel) => {
        await new Promise((resolve) => channel.closing.addEventListener("abort", resolve));
        throw broken;
      },
    ]);
    const closing = outcome(server.close());
    await pass(100);
    expect(onError.mock.calls.map(([error]) => error)).toEqual([broken]);
    expect(closing()).toEqual([]);
  });

  test("a connection that is still shaking hands is closed, and its client hears", async () => {
    const server = createServer({ credentials: [credential] }, () => forEver);
    const pair = memoryPair();
    const connection = server.accept(pair.b);
    const closing = outcome(server.close({ grace: 0 }));
    const client = outcome(connect(pair.a, { provider: nodeCrypto, ca: ca.pem, serverName: "localhost" }));
    await pass(6_000);
    expect(client()).not.toBe("pending");
    expect(connection.closing.aborted).toBe(true);
    expect(closing()).not.toBe("pending");
    expect(server.connections.size).toBe(0);
  });

  test("afterwards no connection is accepted, neither by a listener nor by accept", async () => {
    const { server } = await serving([]);
    void server.close();
    await pass(10);
    const pair = memoryPair();
    const connection = ((): TlsConnection | undefined => {
      try {
        return server.accept(pair.b);
      } catch {
        return undefined;
      }
    })();
    const client = outcome(connect(pair.a, { provider: nodeCrypto, ca: ca.pem, serverName: "localhost" }));
    const opened = outcome(connection?.opened ?? Promise.reject(new Error("refused")));
    await pass(11_000);
    expect(opened()).not.toMatchObject({ role: "server" });
    expect(client()).not.toHaveProperty("session");
    expect(server.connections.size).toBe(0);
  });

  test("called again it resolves with the same", async () => {
    const { server, ends } = await serving([() => forEver]);
    const first = outcome(server.close({ grace: 1_000 }));
    await pass(500);
    const second = outcome(server.close({ grace: 500 }));
    await pass(450);
    expect([first(), second()]).toEqual(["pending", "pending"]);
    await pass(100);
    expectOnly(first(), ends[0]?.connection);
    expectOnly(second(), ends[0]?.connection);
  });

  test("need not be awaited, whatever becomes of the connections", async () => {
    const { server, ends } = await serving([() => forEver, () => Promise.reject(new Error("broken"))]);
    void server.close({ grace: 0 });
    ends[0]?.pair.fail(new Error("reset"));
    await pass(10_000);
    expect(server.connections.size).toBe(0);
  });
});

test("a connection without a server has `closing` too, which no server aborts", async () => {
  const pair = memoryPair();
  const both = Promise.all([
    connect(pair.a, { provider: nodeCrypto, ca: ca.pem, serverName: "localhost" }),
    accept(pair.b, { provider: nodeCrypto, credentials: [credential] }),
  ]);
  both.catch(() => {});
  await pass(20);
  for (const channel of await both) expect(channel.closing.aborted).toBe(false);
});

describe.runIf(Symbol.asyncDispose)("Symbol.asyncDispose", () => {
  test("of a server closes it, with the grace of its close", async () => {
    const { server, ends } = await serving([() => forEver]);
    const disposed = outcome(server[Symbol.asyncDispose]());
    expect(ends[0]?.connection.closing.aborted).toBe(true);
    await pass(4_900);
    expect(disposed()).toBe("pending");
    await pass(200);
    expect(disposed()).toBeUndefined();
    expect(server.connections.size).toBe(0);
  });
});
