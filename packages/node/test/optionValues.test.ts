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
const serverOptions = { credentials: [credential] };
const wrongValues: readonly unknown[] = [null, "yes", "", 1, 0, Number.NaN, true, false, {}, []];
const rows = (table: Readonly<Record<string, readonly unknown[]>>): [string, unknown][] =>
  Object.entries(table).flatMap(([option, values]) => values.map((value): [string, unknown] => [option, [value]]));
const refusal = (option: string) =>
  expect.objectContaining({ name: "TlsError", code: "configuration", message: expect.stringContaining(option) });
const allExcept = (...allowed: readonly unknown[]) => wrongValues.filter((value) => !allowed.includes(value));

const serverTable = {
  clientAuth: [...wrongValues, "required", "Require"],
  handshakeTimeout: [...allExcept(1), "5s", Number.POSITIVE_INFINITY],
  signal: [...wrongValues, { aborted: false }],
  allowHalfOpen: allExcept(true, false),
  strictSni: allExcept(true, false),
  tickets: allExcept(true, false),
  onError: wrongValues,
  provider: wrongValues,
  certificateCache: wrongValues,
};
test.each(rows(serverTable))("createServer throws for %s: %j", (option, value) => {
  const [wrongValue] = value as unknown[];
  const options = { ...serverOptions, ca: option === "clientAuth" ? ca.pem : undefined, [option]: wrongValue };
  expect(() => createServer(options as ServerOptions, () => {})).toThrow(refusal(option));
});

test.each([[undefined], ...wrongValues.map((value) => [value])])(
  "createServer throws for the handler %j",
  (handler) => {
    expect(() => createServer(serverOptions, handler as () => void)).toThrow(refusal("handler"));
  },
);

/** Options that are checked before a connection is opened. Nothing listens at the port of the URL. */
const clientTable = {
  insecure: allExcept(true, false),
  ca: wrongValues.filter((value) => !Array.isArray(value)),
  verify: wrongValues,
  serverName: allExcept("yes"),
  sessionScope: allExcept("yes", ""),
  provider: wrongValues,
  certificateCache: wrongValues,
  handshakeTimeout: [...allExcept(1), "5s"],
  signal: wrongValues,
  webSocket: wrongValues.filter((value) => typeof value !== "object" || value === null),
};
test.each(rows(clientTable))("connect rejects for %s: %j", async (option, value) => {
  const [wrongValue] = value as unknown[];
  const options = { ca: option === "insecure" ? undefined : ca.pem, [option]: wrongValue } as ConnectOptions;
  for (const url of ["ws://127.0.0.1:1/", "tcp://127.0.0.1:1"])
    await expect(connect(url, options)).rejects.toEqual(refusal(option));
});

describe("listening rejects", () => {
  const listening = async (listen: (server: TlsServer) => Promise<unknown>) => {
    const server = createServer(serverOptions, () => {});
    try {
      await listen(server);
    } finally {
      await server.close();
    }
  };

  test.each(rows({ host: allExcept("yes"), port: [...allExcept(0, 1), "443", -1, 65_536] }))(
    "for %s: %j",
    async (option, value) => {
      const options = { [option]: (value as unknown[])[0] };
      await expect(listening((server) => server.listenTcp(options))).rejects.toEqual(refusal(option));
      await expect(listening((server) => server.listenWebSocket(options))).rejects.toEqual(refusal(option));
    },
  );

  test.each(rows({ allow: wrongValues, path: wrongValues, server: wrongValues }))(
    "for %s: %j",
    async (option, value) => {
      const options = { [option]: (value as unknown[])[0] } as ListenWebSocketOptions;
      await expect(listening((server) => server.listenWebSocket(options))).rejects.toEqual(refusal(option));
    },
  );
});

test("a server that requires a certificate refuses each client without one, and keeps listening", async () => {
  const server = createServer({ ...serverOptions, clientAuth: "require", ca: ca.pem }, (channel) => channel.close());
  const { port } = (await server.listenTcp()).address() as { port: number };
  for (let i = 0; i < 2; i++)
    await expect(connect(`tcp://127.0.0.1:${port}`, { ca: ca.pem })).rejects.toMatchObject({ by: "peer" });
  await server.close();
});
