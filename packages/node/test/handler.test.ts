/** The errors and the return values of handlers. These tests use transports in memory and a virtual clock. */
import { connect, type TlsConnection, TlsError } from "@handclasp/core";
import { createServer, nodeCredential, nodeCrypto, type ServerOptions } from "@handclasp/node";
import { memoryPair, testCa } from "@handclasp/testing";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { unhandledRejections } from "./ends/matrix.ts";

const ca = await testCa();
const credential = nodeCredential(await ca.issue({ names: ["localhost"] }));
const pass = async (ms: number): Promise<void> => void (await vi.advanceTimersByTimeAsync(ms));
const connectionLost = (): TlsError =>
  new TlsError(undefined, "it broke", { code: "connection_lost", fault: "transport" });

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

/** A server with one connection, and its client. A handler may return a value of any type, as in JavaScript. */
async function serving(handler: (channel: TlsConnection) => unknown, options: Partial<ServerOptions> = {}) {
  const server = createServer({ credentials: [credential], ...options }, handler);
  const pair = memoryPair();
  const connection = server.accept(pair.b);
  const connecting = connect(pair.a, { provider: nodeCrypto, ca: ca.pem, serverName: "localhost" });
  connecting.catch(() => {});
  await pass(20);
  return { server, pair, connection, client: await connecting };
}

/** The value or the error of a promise after `ms` milliseconds, or "pending". */
async function end(promise: Promise<unknown>, ms = 10_000): Promise<unknown> {
  let outcome: unknown = "pending";
  promise.then(
    (value) => (outcome = value),
    (error: unknown) => (outcome = error),
  );
  await pass(ms);
  return outcome;
}

const handlerError = new TypeError("the handler broke");
const failingHandlers: readonly (readonly [string, () => unknown])[] = [
  [
    "throws",
    () => {
      throw handlerError;
    },
  ],
  ["rejects", () => Promise.reject(handlerError)],
  [
    "rejects later",
    async () => {
      await new Promise((resolve) => setTimeout(resolve, 100));
      throw handlerError;
    },
  ],
];

describe.each(failingHandlers)("a handler that %s", (_, handler) => {
  test("without onError: the error itself is printed once, and the peer gets internal_error", async () => {
    const { client, server } = await serving(handler);
    expect(await end(client.read())).toMatchObject({ alert: "internal_error", by: "peer" });
    expect(printed).toHaveBeenCalledOnce();
    expect(printed.mock.calls[0]).toContain(handlerError);
    expect(server.connections.size).toBe(0);
  });

  test("with onError: onError gets the error itself once, with its connection, and nothing is printed", async () => {
    const onError = vi.fn();
    const { client, connection } = await serving(handler, { onError });
    expect(await end(client.read())).toMatchObject({ alert: "internal_error", by: "peer" });
    expect(onError.mock.calls).toEqual([[handlerError, connection]]);
    expect(onError.mock.calls[0]?.[0]).toBe(handlerError);
    expect(printed).not.toHaveBeenCalled();
  });
});

test("onError gets another connection's TlsError unchanged, and this peer gets only internal_error", async () => {
  const onError = vi.fn();
  const otherError = new TlsError("close_notify", "an upstream timed out", { code: "handshake_timeout" });
  const { client } = await serving(() => Promise.reject(otherError), { onError });
  expect(await end(client.read())).toMatchObject({ alert: "internal_error", by: "peer" });
  expect(onError.mock.calls.map(([error]) => error)).toEqual([otherError]);
});

describe("a handler that rejects with the error of its own connection", () => {
  type Ends = Awaited<ReturnType<typeof serving>>;
  const readAll = async (channel: TlsConnection): Promise<void> => {
    while (await channel.read());
  };
  const awaitClosed = (channel: TlsConnection): Promise<void> => channel.closed;
  const cases: readonly (readonly [string, (ends: Ends) => void, readonly string[]])[] = [
    ["our close", ({ connection }) => void connection.close(), []],
    ["our abort", ({ connection }) => connection.abort(), ["aborted"]],
    ["the peer's alert", ({ client }) => client.abort(undefined, "access_denied"), ["access_denied"]],
    ["the end of the transport", ({ pair }) => pair.a.end(), ["truncated"]],
    ["a failure of the transport", ({ pair }) => pair.fail(connectionLost()), ["connection_lost"]],
  ];
  for (const [handlerKind, handler] of [
    ["that reads", readAll],
    ["that awaits closed", awaitClosed],
  ] as const)
    test.each(cases)(
      `${handlerKind}: after %s, onError gets at most the connection's own error, and the peer gets no internal_error`,
      async (_, endConnection, codes) => {
        const onError = vi.fn();
        const ends = await serving(handler, { onError });
        const clientEnd = end(ends.client.closed);
        // The client's side closes after it has read our close_notify.
        void ends.client.read();
        endConnection(ends);
        await clientEnd;
        expect(onError.mock.calls.map(([error]) => (error as TlsError).code)).toEqual(codes);
        expect(printed).not.toHaveBeenCalled();
        expect(await clientEnd).not.toMatchObject({ alert: "internal_error" });
        expect(ends.server.connections.size).toBe(0);
      },
    );

  test("endedBy distinguishes that error from any other", async () => {
    const { connection, client } = await serving(() => new Promise(() => {}), { onError: () => {} });
    client.abort(undefined, "access_denied");
    const error: unknown = await end(connection.closed);
    expect(connection.endedBy(error)).toBe(true);
    expect(connection.endedBy(new TlsError("access_denied", "of another connection", { by: "peer" }))).toBe(false);
    expect(connection.endedBy(handlerError)).toBe(false);
    expect(connection.endedBy(undefined)).toBe(false);
    const clientEnd: unknown = await end(client.closed);
    expect(connection.endedBy(clientEnd)).toBe(false);
    expect(client.endedBy(clientEnd)).toBe(true);
  });

  test("an error with a cause is reported as the handler's own error", async () => {
    const onError = vi.fn();
    const wrapped = new Error("no answer", { cause: handlerError });
    const { client } = await serving(() => Promise.reject(wrapped), { onError });
    await end(client.closed);
    expect(onError.mock.calls.map(([error]) => error)).toEqual([wrapped]);
  });
});

/** An object with a property `then`. Linters refuse a literal with one. */
const withThen = (then: unknown): object => Object.fromEntries(new Map([["then", then]]));

test.each([
  ["5", 5],
  ["a text", "x"],
  ["an object", {}],
  ["an object whose then is not a function", withThen(1)],
  ["nothing", undefined],
  ["null", null],
])("a handler may return %s, and its connection stays open", async (_, value) => {
  const onError = vi.fn();
  const { client, connection } = await serving(() => value, { onError });
  await connection.write(Uint8Array.of(7));
  expect(await end(client.read())).toEqual(Uint8Array.of(7));
  expect(await end(connection.closed, 0)).toBe("pending");
  expect(onError).not.toHaveBeenCalled();
});

test("a thenable holds our side open, as a promise does", async () => {
  let resolve = (): void => {};
  const thenable = withThen((done: () => void) => {
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
