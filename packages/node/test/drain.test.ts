/**
 * server.close({ grace }): the signal that handlers get, how long the server waits for them, and the connections that
 * the promise resolves with. The transports are in memory, and the clock is virtual.
 */
import { accept, connect, type TlsConnection } from "@handclasp/core";
import { createServer, nodeCredential, nodeCrypto, type ServerOptions } from "@handclasp/node";
import { memoryPair, testCa } from "@handclasp/testing";
import { describe, expect, test, vi } from "vitest";
import { pass, virtualTime } from "./ends/virtualTime.ts";

const ca = await testCa();
const credential = nodeCredential(await ca.issue({ names: ["localhost"] }));
const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
const never = new Promise<void>(() => {});

virtualTime();

/** A server with these handlers, and for each handler a client that reads to the end. */
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
    ends.push({ pair, connection, client: channel, clientOutcome: outcome(readAll(channel)) });
  }
  return { server, ends, onError };
}

async function readAll(channel: TlsConnection): Promise<number> {
  let received = 0;
  for (let bytes = await channel.read(); bytes; bytes = await channel.read()) received += bytes.length;
  return received;
}

/** The state of a promise: "pending", its value, or the code of its error. */
function outcome(promise: PromiseLike<unknown>): () => unknown {
  let state: unknown = "pending";
  promise.then(
    (value) => (state = value),
    (error: unknown) => (state = (error as { code?: unknown }).code ?? error),
  );
  return () => state;
}

/** Expects exactly this connection. `toEqual` does not distinguish connections. */
function expectOnly(resolved: unknown, connection: TlsConnection | undefined): void {
  expect(resolved).toHaveLength(1);
  expect((resolved as TlsConnection[])[0]).toBe(connection);
}

describe("server.close", () => {
  test("aborts `closing`, and waits for a handler that settles within the grace period", async () => {
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
    expect(ends[0]?.clientOutcome()).toBe("pending");
    await pass(100);
    // close_notify follows the bytes that the handler wrote: the client has all of them, and a clean end.
    expect(ends[0]?.clientOutcome()).toBe(300);
    expect(closing()).toEqual([]);
    expect(server.connections.size).toBe(0);
  });

  test("does not wait for a handler that has settled already", async () => {
    const { server, ends } = await serving([() => {}, async () => {}]);
    await pass(1_000);
    const closing = outcome(server.close());
    await pass(50);
    expect(closing()).toEqual([]);
    expect(ends.map(({ clientOutcome }) => clientOutcome())).toEqual([0, 0]);
  });

  test.each<[string, { grace?: number } | undefined, number]>([
    ["5 s by default", undefined, 5_000],
    ["5 s if `grace` is not given", {}, 5_000],
    ["the given time", { grace: 1_500 }, 1_500],
  ])(
    "the grace period is %s: then the server closes the connections whose handlers still run, and resolves with them",
    async (_, options, grace) => {
      const { server, ends, onError } = await serving([() => never, () => {}]);
      const closing = outcome(options ? server.close(options) : server.close());
      await pass(grace - 50);
      expect(closing()).toBe("pending");
      expect(ends.map(({ clientOutcome }) => clientOutcome())).toEqual(["pending", 0]);
      await pass(100);
      expectOnly(closing(), ends[0]?.connection);
      expect(ends.map(({ clientOutcome }) => clientOutcome())).toEqual([0, 0]);
      expect(server.connections.size).toBe(0);
      expect(onError).not.toHaveBeenCalled();
    },
  );

  test("grace: 0 closes at once, after the bytes that were written", async () => {
    const { server, ends } = await serving([
      async (channel) => {
        await channel.write(new Uint8Array(200_000));
        await never;
      },
    ]);
    const closing = outcome(server.close({ grace: 0 }));
    await pass(50);
    expect(ends[0]?.clientOutcome()).toBe(200_000);
    expectOnly(closing(), ends[0]?.connection);
  });

  test("after the grace period, the close timeout ends the connection of a peer that reads nothing", async () => {
    const { server, ends } = await serving([() => never], { closeTimeout: 2_000 });
    ends[0]?.pair.a.pause();
    const closing = outcome(server.close({ grace: 1_000 }));
    await pass(2_950);
    expect(server.connections.size).toBe(1);
    await pass(100);
    expect(server.connections.size).toBe(0);
    expectOnly(closing(), ends[0]?.connection);
  });

  test("a handler that reads gets the error `closed_locally`, which onError does not get", async () => {
    const onHandlerError = vi.fn();
    const { server, onError } = await serving([
      async (channel) => {
        try {
          await readAll(channel);
        } catch (error) {
          onHandlerError((error as { code: string }).code);
          throw error;
        }
      },
    ]);
    void server.close({ grace: 0 });
    await pass(100);
    expect(onHandlerError.mock.calls).toEqual([["closed_locally"]]);
    expect(onError).not.toHaveBeenCalled();
  });

  test("onError gets the error of a handler that throws because of `closing`", async () => {
    const handlerError = new Error("interrupted");
    const { server, onError } = await serving([
      async (channel) => {
        await new Promise((resolve) => channel.closing.addEventListener("abort", resolve));
        throw handlerError;
      },
    ]);
    const closing = outcome(server.close());
    await pass(100);
    expect(onError.mock.calls.map(([error]) => error)).toEqual([handlerError]);
    expect(closing()).toEqual([]);
  });

  test("a connection in its handshake may finish it: its handler is called, and asked to finish", async () => {
    const seen: boolean[] = [];
    const server = createServer({ credentials: [credential] }, async (channel) => {
      seen.push(channel.closing.aborted);
      await new Promise((resolve) => channel.closing.addEventListener("abort", resolve));
      await channel.write(new Uint8Array(300));
    });
    const [pair, halfOpen] = [memoryPair(), memoryPair()];
    server.accept(pair.b);
    server.accept(halfOpen.b);
    const closing = outcome(server.close({ grace: 2_000 }));
    await pass(500);
    const client = connect(pair.a, { provider: nodeCrypto, ca: ca.pem, serverName: "localhost" });
    client.catch(() => {});
    await pass(100);
    const received = outcome(readAll(await client));
    await pass(100);
    expect(received()).toBe(300);
    expect(seen).toEqual([false]);
    expect([closing(), server.connections.size]).toEqual(["pending", 1]);
    // A peer that begins no handshake has the grace period, and no more.
    await pass(1_500);
    expect([closing(), server.connections.size]).toEqual([[], 0]);
  });

  test("without a grace period, a connection in its handshake is closed, and its client gets an error", async () => {
    const server = createServer({ credentials: [credential] }, () => never);
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

  test("after close, `accept` does not open a connection", async () => {
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

  test("a second call resolves with the same connections", async () => {
    const { server, ends } = await serving([() => never]);
    const first = outcome(server.close({ grace: 1_000 }));
    await pass(500);
    const second = outcome(server.close({ grace: 500 }));
    await pass(450);
    expect([first(), second()]).toEqual(["pending", "pending"]);
    await pass(100);
    expectOnly(first(), ends[0]?.connection);
    expectOnly(second(), ends[0]?.connection);
  });

  test("a caller may ignore the promise, even if a connection or a handler fails", async () => {
    const { server, ends } = await serving([() => never, () => Promise.reject(new Error("broken"))]);
    void server.close({ grace: 0 });
    ends[0]?.pair.fail(new Error("reset"));
    await pass(10_000);
    expect(server.connections.size).toBe(0);
  });
});

test("a connection without a server also has `closing`, which is not aborted", async () => {
  const pair = memoryPair();
  const connections = Promise.all([
    connect(pair.a, { provider: nodeCrypto, ca: ca.pem, serverName: "localhost" }),
    accept(pair.b, { provider: nodeCrypto, credentials: [credential] }),
  ]);
  connections.catch(() => {});
  await pass(20);
  for (const channel of await connections) expect(channel.closing.aborted).toBe(false);
});

describe.runIf(Symbol.asyncDispose)("Symbol.asyncDispose", () => {
  test("closes the server with the default grace period", async () => {
    const { server, ends } = await serving([() => never]);
    const disposed = outcome(server[Symbol.asyncDispose]());
    expect(ends[0]?.connection.closing.aborted).toBe(true);
    await pass(4_900);
    expect(disposed()).toBe("pending");
    await pass(200);
    expect(disposed()).toBeUndefined();
    expect(server.connections.size).toBe(0);
  });
});
