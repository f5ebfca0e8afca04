import { connect, createServer, nodeCredential, type ServerOptions, type TlsConnection } from "@handclasp/node";
import { testCa } from "@handclasp/testing";
import { afterEach, expect, test, vi } from "vitest";

const ca = await testCa();
const credential = nodeCredential(await ca.issue({ names: ["127.0.0.1"] }));
afterEach(() => void vi.restoreAllMocks());

type Handler = Parameters<typeof createServer>[1];

/** One connection to a server with this handler: what the client's `closed` settles with, once the server's has settled too. */
async function oneConnection(
  handler: Handler,
  options: Partial<ServerOptions> = {},
  use: (channel: TlsConnection) => unknown = (channel) => channel.read(),
): Promise<{ error: unknown; ofServer: unknown }> {
  let server: TlsConnection | undefined;
  const listening = createServer({ credentials: [credential], ...options }, (connection, request) => {
    server = connection;
    return handler(connection, request);
  });
  const { port } = (await listening.listenTcp()).address() as { port: number };
  const channel = await connect(`tcp://127.0.0.1:${port}`, { ca: ca.pem });
  await Promise.resolve(use(channel)).catch(() => {});
  const ended = (connection: TlsConnection | undefined) =>
    connection?.closed.then(
      () => undefined,
      (error: unknown) => error,
    );
  const [error, ofServer] = await Promise.all([ended(channel), ended(server)]);
  await listening.close();
  return { error, ofServer };
}

const bug = new TypeError("a bug of the handler");
const failing: [string, Handler][] = [
  [
    "throws",
    () => {
      throw bug;
    },
  ],
  ["rejects", () => Promise.reject(bug)],
];

test.each(failing)("a handler that %s is printed where nobody else is told", async (_how, handler) => {
  const said = vi.spyOn(console, "error").mockImplementation(() => {});
  const { error } = await oneConnection(handler);
  expect(said.mock.calls.map(([, what]) => what)).toEqual([bug]);
  expect(error).toMatchObject({ alert: "internal_error", by: "peer" });
});

test.each(failing)("a handler that %s goes to onError as it is, once", async (_how, handler) => {
  const said = vi.spyOn(console, "error").mockImplementation(() => {});
  const onError = vi.fn();
  await oneConnection(handler, { onError });
  expect(onError.mock.calls.map(([what]) => what)).toEqual([bug]);
  expect(said).not.toHaveBeenCalled();
});

test("a handler that passes on how its connection ended is not told of twice", async () => {
  const onError = vi.fn();
  const { ofServer } = await oneConnection(
    async (connection) => {
      while (await connection.read());
    },
    { onError },
    (channel) => channel.abort(),
  );
  expect(ofServer).toMatchObject({ alert: "user_canceled", by: "peer" });
  expect(onError.mock.calls.map(([what]) => what)).toEqual([ofServer]);
});

test("a handler that passes on its own abort sends what that said, and is not told of twice", async () => {
  const onError = vi.fn();
  const { error, ofServer } = await oneConnection(
    async (connection) => {
      connection.abort(undefined, "access_denied");
      await connection.read();
    },
    { onError },
  );
  expect(error).toMatchObject({ alert: "access_denied", by: "peer" });
  expect(onError.mock.calls.map(([what]) => what)).toEqual([ofServer]);
});

test("an error of another connection is the handler's own", async () => {
  const onError = vi.fn();
  let upstream: unknown;
  const { error } = await oneConnection(
    async () => {
      await connect("tcp://127.0.0.1:1", { ca: ca.pem }).catch((failure: unknown) => {
        upstream = failure;
        throw failure;
      });
    },
    { onError },
  );
  expect(error).toMatchObject({ alert: "internal_error", by: "peer" });
  expect(onError.mock.calls.map(([what]) => what)).toEqual([upstream]);
});

// biome-ignore lint/suspicious/noThenProperty: it is no thenable, and that is what is tried.
const returned = [5, "done", {}, { then: 1 }, null, true, undefined];
test.each(returned)("a handler may return %j", async (value) => {
  const onError = vi.fn();
  const { error } = await oneConnection(
    (connection) => {
      void connection.read();
      return value;
    },
    { onError },
    (channel) => channel.close(),
  );
  expect(error).toBeUndefined();
  expect(onError).not.toHaveBeenCalled();
});
