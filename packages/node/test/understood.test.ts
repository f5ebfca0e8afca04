import {
  type ConnectOptions,
  connect,
  createServer,
  type ListenWebSocketOptions,
  nodeCredential,
  type ServerOptions,
  type TlsServer,
} from "@handclasp/node";
import { testCa } from "@handclasp/testing";
import { describe, expect, test } from "vitest";

const ca = await testCa();
const credential = nodeCredential(await ca.issue({ names: ["127.0.0.1"] }));
const own = { credentials: [credential] };
const strange: readonly unknown[] = [null, "yes", "", 1, 0, Number.NaN, true, false, {}, []];
const rows = (table: Readonly<Record<string, readonly unknown[]>>): [string, unknown][] =>
  Object.entries(table).flatMap(([option, values]) => values.map((value): [string, unknown] => [option, [value]]));
const refusal = (option: string) =>
  expect.objectContaining({ name: "TlsError", code: "configuration", message: expect.stringContaining(option) });
const but = (...fits: readonly unknown[]) => strange.filter((value) => !fits.includes(value));

const serverTable = {
  clientAuth: [...strange, "required", "Require"],
  handshakeTimeout: [...but(1), "5s", Number.POSITIVE_INFINITY],
  signal: [...strange, { aborted: false }],
  allowHalfOpen: but(true, false),
  strictSni: but(true, false),
  tickets: but(true, false),
  onError: strange,
  provider: strange,
  certificateCache: strange,
};
test.each(rows(serverTable))("createServer throws for %s: %j", (option, value) => {
  const [given] = value as unknown[];
  const options = { ...own, ca: option === "clientAuth" ? ca.pem : undefined, [option]: given };
  expect(() => createServer(options as ServerOptions, () => {})).toThrow(refusal(option));
});

test.each([[undefined], ...strange.map((value) => [value])])("createServer throws for the handler %j", (handler) => {
  expect(() => createServer(own, handler as () => void)).toThrow(refusal("handler"));
});

/** Every option that is checked before anything is opened: nothing listens at the port of the URL. */
const clientTable = {
  insecure: but(true, false),
  ca: strange.filter((value) => !Array.isArray(value)),
  verify: strange,
  serverName: but("yes"),
  sessionScope: but("yes", ""),
  provider: strange,
  certificateCache: strange,
  handshakeTimeout: [...but(1), "5s"],
  signal: strange,
  webSocket: strange.filter((value) => typeof value !== "object" || value === null),
};
test.each(rows(clientTable))("connect rejects for %s: %j", async (option, value) => {
  const [given] = value as unknown[];
  const options = { ca: option === "insecure" ? undefined : ca.pem, [option]: given } as ConnectOptions;
  for (const url of ["ws://127.0.0.1:1/", "tcp://127.0.0.1:1"])
    await expect(connect(url, options)).rejects.toEqual(refusal(option));
});

describe("what listens", () => {
  const listening = async (listen: (server: TlsServer) => Promise<unknown>) => {
    const server = createServer(own, () => {});
    try {
      await listen(server);
    } finally {
      await server.close();
    }
  };

  test.each(rows({ host: but("yes"), port: [...but(0, 1), "443", -1, 65_536] }))("%s: %j", async (option, value) => {
    const options = { [option]: (value as unknown[])[0] };
    await expect(listening((server) => server.listenTcp(options))).rejects.toEqual(refusal(option));
    await expect(listening((server) => server.listenWebSocket(options))).rejects.toEqual(refusal(option));
  });

  test.each(rows({ allow: strange, path: strange, server: strange }))("%s: %j", async (option, value) => {
    const options = { [option]: (value as unknown[])[0] } as ListenWebSocketOptions;
    await expect(listening((server) => server.listenWebSocket(options))).rejects.toEqual(refusal(option));
  });
});

test("an anonymous client does not get in where certificates are required, and the server lives on", async () => {
  const server = createServer({ ...own, clientAuth: "require", ca: ca.pem }, (channel) => channel.close());
  const { port } = (await server.listenTcp()).address() as { port: number };
  for (let i = 0; i < 2; i++)
    await expect(connect(`tcp://127.0.0.1:${port}`, { ca: ca.pem })).rejects.toMatchObject({ by: "peer" });
  await server.close();
});
