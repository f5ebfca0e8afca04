/** The error of a handler, and the value that a handler returns. In memory, under a virtual clock. */
import { connect, type TlsConnection, TlsError } from "@handclasp/core";
import { createServer, nodeCredential, nodeCrypto, type ServerOptions } from "@handclasp/node";
import { memoryPair, testCa } from "@handclasp/testing";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { unhandledRejections } from "./ends/matrix.ts";

const ca = await testCa();
const credential = nodeCredential(await ca.issue({ names: ["localhost"] }));
const pass = async (ms: number): Promise<void> => void (await vi.advanceTimersByTimeAsync(ms));
const lost = (): TlsError => new TlsError(undefined, "it broke", { code: "connection_lost", fault: "transport" });

let printed: ReturnType<typeof vi.spyOn>;
let unhandled: ReturnType<typeof unhandledRejections>;
beforeEach(() => {
  printed = vi.spyOn(console, "error").mockImplementation(() => {});
  unhandled = unhandledRejections();
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
});
afterEach(async () => {
  vi.useRealTimers();
  printed.mockRestore();
  await unhandled.stop();
  expect(unhandled.reasons, "unhandled rejections").toEqual([]);
});

/** A server with one connection, and its client. A handler may return what its type forbids: JavaScript lets it. */
async function serving(handler: (channel: TlsConnection) => unknown, options: Partial<ServerOptions> = {}) {
  const server = createServer({ credentials: [credential], ...options }, handler);
  const pair = memoryPair();
  const connection = server.accept(pair.b);
  const connecting = connect(pair.a, { provider: nodeCrypto, ca: ca.pem, serverName: "localhost" });
  connecting.catch(() => {});
  await pass(20);
  return { server, pair, connection, client: await connecting };
}

/** How a promise ends: a value, or an error. */
async function end(promise: Promise<unknown>, ms = 10_000): Promise<unknown> {
  let what: unknown = "pending";
  promise.then(
    (value) => (what = value),
    (error: unknown) => (what = error),
  );
  await pass(ms);
  return what;
}

const broken = new TypeError("the handler broke");
const throwing: readonly (readonly [string, () => unknown])[] = [
  [
    "throws",
    () => {
      throw broken;
    },
  ],
  ["rejects", () => Promise.reject(broken)],
  [
    "rejects later",
    async () => {
      await new Promise((resolve) => setTimeout(resolve, 100));
      throw broken;
    },
  ],
];

describe.each(throwing)("a handler that %s", (_, handler) => {
  test("without onError: its error is printed, itself and once, and the peer gets internal_error", async () => {
    const { client, server } = await serving(handler);
    expect(await end(client.read())).toMatchObject({ alert: "internal_error", by: "peer" });
    expect(printed).toHaveBeenCalledOnce();
    expect(printed.mock.calls[0]).toContain(broken);
    expect(server.connections.size).toBe(0);
  });

  test("with onError: that gets the error itself, once, with its connection, and nothing is printed", async () => {
    const onError = vi.fn();
    const { client, connection } = await serving(handler, { onError });
    expect(await end(client.read())).toMatchObject({ alert: "internal_error", by: "peer" });
    expect(onError.mock.calls).toEqual([[broken, connection]]);
    expect(onError.mock.calls[0]?.[0]).toBe(broken);
    expect(printed).not.toHaveBeenCalled();
  });
});

test("another connection's TlsError is reported unchanged, and this peer only gets internal_error", async () => {
  const onError = vi.fn();
  const other = new TlsError("close_notify", "an upstream timed out", { code: "handshake_timeout" });
  const { client } = await serving(() => Promise.reject(other), { onError });
  expect(await end(client.read())).toMatchObject({ alert: "internal_error", by: "peer" });
  expect(onError.mock.calls.map(([error]) => error)).toEqual([other]);
});

describe("a handler that rejects with how its own connection ended", () => {
  type Ends = Awaited<ReturnType<typeof serving>>;
  const readAll = async (channel: TlsConnection): Promise<void> => {
    while (await channel.read());
  };
  const awaitClosed = (channel: TlsConnection): Promise<void> => channel.closed;
  const cases: readonly (readonly [string, (ends: Ends) => void, readonly string[]])[] = [
    ["closed by us", ({ connection }) => void connection.close(), []],
    ["aborted by us", ({ connection }) => connection.abort(), ["aborted"]],
    ["the peer's alert", ({ client }) => client.abort(undefined, "access_denied"), ["access_denied"]],
    ["truncated", ({ pair }) => pair.a.end(), ["truncated"]],
    ["a carrier that broke", ({ pair }) => pair.fail(lost()), ["connection_lost"]],
  ];
  for (const [what, handler] of [
    ["that reads", readAll],
    ["that awaits closed", awaitClosed],
  ] as const)
    test.each(cases)(
      `${what}: %s is told once, as the connection's end, and sends nothing`,
      async (_, happens, told) => {
        const onError = vi.fn();
        const ends = await serving(handler, { onError });
        const seen = end(ends.client.closed);
        // Its side closes once it has read ours.
        void ends.client.read();
        happens(ends);
        await seen;
        expect(onError.mock.calls.map(([error]) => (error as TlsError).code)).toEqual(told);
        expect(printed).not.toHaveBeenCalled();
        expect(await seen).not.toMatchObject({ alert: "internal_error" });
        expect(ends.server.connections.size).toBe(0);
      },
    );

  test("endedBy tells that error from any other", async () => {
    const { connection, client } = await serving(() => new Promise(() => {}), { onError: () => {} });
    client.abort(undefined, "access_denied");
    const error: unknown = await end(connection.closed);
    expect(connection.endedBy(error)).toBe(true);
    expect(connection.endedBy(new TlsError("access_denied", "of another connection", { by: "peer" }))).toBe(false);
    expect(connection.endedBy(broken)).toBe(false);
    expect(connection.endedBy(undefined)).toBe(false);
    const clientEnd: unknown = await end(client.closed);
    expect(connection.endedBy(clientEnd)).toBe(false);
    expect(client.endedBy(clientEnd)).toBe(true);
  });

  test("an error that only has it as its cause is an error of the handler's", async () => {
    const onError = vi.fn();
    const wrapped = new Error("no answer", { cause: broken });
    const { client } = await serving(() => Promise.reject(wrapped), { onError });
    await end(client.closed);
    expect(onError.mock.calls.map(([error]) => error)).toEqual([wrapped]);
  });
});

/** Linters refuse a literal with `then`; here it is what is tried. */
const havingThen = (then: unknown): object => Object.fromEntries(new Map([["then", then]]));

test.each([
  ["5", 5],
  ["a text", "x"],
  ["an object", {}],
  ["an object whose then is no function", havingThen(1)],
  ["nothing", undefined],
  ["null", null],
])("a handler may return %s: its connection goes on", async (_, value) => {
  const onError = vi.fn();
  const { client, connection } = await serving(() => value, { onError });
  await connection.write(Uint8Array.of(7));
  expect(await end(client.read())).toEqual(Uint8Array.of(7));
  expect(await end(connection.closed, 0)).toBe("pending");
  expect(onError).not.toHaveBeenCalled();
});

test("a thenable is waited for, as a promise is: it holds our side open", async () => {
  let resolve = (): void => {};
  const thenable = havingThen((done: () => void) => {
    resolve = done;
  });
  const { client, connection } = await serving((channel) => {
    void channel.read();
    return thenable;
  });
  await client.closeWrite();
  await pass(500);
  expect(await end(connection.closed, 0)).toBe("pending");
  resolve();
  expect(await end(connection.closed)).toBeUndefined();
});
