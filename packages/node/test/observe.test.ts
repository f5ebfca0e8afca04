/** The events, channels, logs and measures of a server, over real connections. */
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { connect as connectSocket } from "node:net";
import {
  type ConnectOptions,
  connect,
  createServer,
  keepSessions,
  type LogFunction,
  nodeCredential,
  type ServerEvent,
  type ServerOptions,
  TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
  type TlsConnection,
  type TlsServer,
} from "@handclasp/node";
import { testCa } from "@handclasp/testing";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { Measured, Tally } from "../src/observe/measured.ts";
import { Observation } from "../src/observe/observation.ts";

const ca = await testCa();
const otherCa = await testCa();
const credentials = nodeCredential(await ca.issue({ names: ["localhost"] }));
const client = nodeCredential(await ca.issue({ client: true, commonName: "a client" }));
const stranger = nodeCredential(await otherCa.issue({ client: true }));
const echo = (channel: TlsConnection): Promise<void> => channel.readable.pipeTo(channel.writable);
const patience = { timeout: 60_000, interval: 5 };

type Events = readonly ServerEvent[];
const ofType = <Type extends ServerEvent["type"]>(events: Events, type: Type) =>
  events.filter((event): event is Extract<ServerEvent, { type: Type }> => event.type === type);
const closedAll = (events: Events, count: number): Promise<void> =>
  vi.waitFor(() => expect(ofType(events, "closed")).toHaveLength(count), patience);

async function serving(scheme: "tcp" | "ws", options: Partial<ServerOptions> = {}) {
  const events: ServerEvent[] = [];
  const server = createServer(
    { credentials, onError: () => {}, observe: (event) => events.push(event), ...options },
    echo,
  );
  onTestFinished(async () => void (await server.close({ grace: 0 })));
  const listener = await (scheme === "tcp" ? server.listenTcp() : server.listenWebSocket());
  const { port } = listener.address() as { port: number };
  const open = (more: Partial<ConnectOptions> = {}) =>
    connect(`${scheme}://localhost:${port}`, { ca: ca.pem, ...more });
  return { server, events, open, port };
}

async function roundTrip(channel: TlsConnection, length: number): Promise<void> {
  await channel.write(new Uint8Array(length));
  for (let received = 0; received < length; ) received += ((await channel.read()) as Uint8Array).length;
}

describe.each(["tcp", "ws"] as const)("over %s", (scheme) => {
  test("a connection has its events in order, with the attributes of OpenTelemetry", async () => {
    const { server, events, open } = await serving(scheme, { clientAuth: "require", ca: ca.pem, alpn: ["one"] });
    const channel = await open({ credentials: client, alpn: ["one"] });
    await roundTrip(channel, 50_000);
    expect(server.measure()).toMatchObject({
      connections: { handshaking: 0, open: 1, closing: 0 },
      queues: { handshakes: 0, calls: 0, pendingCalls: 0, sendBytes: 0 },
      fewestRecordsLeft: expect.any(Number),
    });
    const { bytesReceived, bytesSent } = channel.traffic;
    await channel.close();
    await closedAll(events, 1);
    expect(events.map(({ type }) => type)).toEqual(["accepted", "handshake", "alert", "alert", "closed"]);
    const [accepted, handshake, ...others] = events as [ServerEvent, ServerEvent, ...ServerEvent[]];
    expect(accepted.attributes).toEqual({
      "network.transport": "tcp",
      "handclasp.carrier": scheme === "tcp" ? "tcp" : "websocket",
      "client.address": expect.stringMatching(/127\.0\.0\.1|::1/),
      "tls.protocol.name": "tls",
      "tls.established": false,
    });
    expect(handshake).toMatchObject({
      outcome: "established",
      duration: expect.any(Number),
      attributes: {
        "tls.protocol.version": "1.2",
        "tls.cipher": channel.session.suite,
        "tls.curve": "x25519",
        "tls.established": true,
        "tls.resumed": false,
        "tls.next_protocol": "one",
        "server.address": "localhost",
        "tls.client.subject": "CN=a client",
        "tls.client.hash.sha256": expect.stringMatching(/^[0-9A-F]{64}$/),
      },
    });
    expect(handshake).not.toHaveProperty("notResumed");
    expect(ofType(others, "alert").map(({ direction, description }) => [direction, description])).toEqual(
      expect.arrayContaining([
        ["received", "close_notify"],
        ["sent", "close_notify"],
      ]),
    );
    const [closed] = ofType(others, "closed");
    // Both sides send close_notify after the measurement.
    expect(closed?.traffic.bytesSent).toBeGreaterThan(bytesReceived);
    expect(closed?.traffic.bytesReceived).toBeGreaterThan(bytesSent);
    expect(closed).not.toHaveProperty("error");
    const after = server.measure();
    expect(after.connections).toEqual({ handshaking: 0, open: 0, closing: 0 });
    expect(after.traffic.bytesSent).toBe(closed?.traffic.bytesSent);
    expect(after.fewestRecordsLeft).toBeUndefined();
  });

  test("a handshake that fails has the code and the alert, and says why a session was not resumed", async () => {
    const { server, events, open } = await serving(scheme, { clientAuth: "require", ca: ca.pem });
    const sessions = keepSessions();
    const visit = async (): Promise<void> => (await open({ sessions, credentials: client })).close();
    await visit();
    await visit();
    server.reload({ clientAuth: "require", ca: [ca.pem, otherCa.pem] });
    await visit();
    server.reload({ clientAuth: "require", ca: ca.pem });
    await expect(open({ credentials: stranger })).rejects.toMatchObject({ code: "unknown_ca" });
    await expect(open({ suites: [TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256] })).rejects.toThrow();
    await closedAll(events, 5);
    const handshakes = ofType(events, "handshake").map(({ outcome, notResumed, attributes }) => [
      outcome,
      attributes["tls.resumed"],
      notResumed,
      attributes["error.type"],
    ]);
    expect(handshakes).toEqual([
      ["established", false, undefined, undefined],
      ["established", true, undefined, undefined],
      ["established", false, "configuration", undefined],
      ["failed", undefined, undefined, "unknown_issuer"],
      ["failed", undefined, undefined, "no_shared_cipher"],
    ]);
    const fatal = ofType(events, "alert").filter(({ level }) => level === "fatal");
    expect(fatal.map(({ direction, description }) => `${direction} ${description}`)).toEqual([
      "sent unknown_ca",
      "sent handshake_failure",
    ]);
    expect(ofType(events, "reloaded").map(({ options }) => options)).toEqual([
      ["clientAuth", "ca"],
      ["clientAuth", "ca"],
    ]);
  });

  test("subscribers of diagnostics_channel get the same events, and a connection without them has none", async () => {
    const { server, open } = await serving(scheme, { observe: undefined as never });
    const quiet = await open();
    expect(server.measure().connections.open).toBe(0);
    const seen: ServerEvent[] = [];
    const onEvent = (event: unknown): number => seen.push(event as ServerEvent);
    const names = ["accepted", "handshake", "alert", "closed"].map((type) => `handclasp:${type}`);
    for (const name of names) subscribe(name, onEvent);
    onTestFinished(() => {
      for (const name of names) unsubscribe(name, onEvent);
    });
    await quiet.close();
    await (await open()).close();
    await vi.waitFor(() => expect(ofType(seen, "closed")).toHaveLength(1), patience);
    expect(seen.map(({ type }) => type)).toEqual(["accepted", "handshake", "alert", "alert", "closed"]);
    expect(seen.every((event) => event.server === server)).toBe(true);
  });
});

test("a refused connection, and each state of connections, is counted", async () => {
  const { server, events, open, port } = await serving("tcp", { admission: { maxHandshakes: 2 } });
  const sockets = Array.from({ length: 2 }, () => connectSocket(port, "localhost"));
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
  });
  await vi.waitFor(() => expect(server.measure().connections.handshaking).toBe(2), patience);
  await expect(open()).rejects.toThrow();
  expect(ofType(events, "refused")).toMatchObject([
    { refusal: { of: "server", limit: "maxHandshakes" }, attributes: { "handclasp.limit": "maxHandshakes" } },
  ]);
  for (const socket of sockets) socket.destroy();
  await closedAll(events, 2);
  expect(ofType(events, "handshake").map(({ outcome }) => outcome)).toEqual(["failed", "failed"]);
  const channel = await open();
  await channel.closeWrite();
  // The echo answers close_notify by its own.
  await closedAll(events, 3);
});

test("a request that the listener refuses is counted, with the reason", async () => {
  const events: ServerEvent[] = [];
  const server = createServer({ credentials, onError: () => {}, observe: (event) => events.push(event) }, echo);
  onTestFinished(async () => void (await server.close({ grace: 0 })));
  const listeners = {
    path: {},
    rules: {},
    allow: { allow: () => false },
    trustProxy: { trustProxy: () => Promise.resolve("192.0.2.1") as never },
  };
  for (const [reason, options] of Object.entries(listeners)) {
    const { port } = (await server.listenWebSocket(options)).address() as { port: number };
    const origin = reason === "rules" ? { headers: { origin: "https://evil.example" } } : {};
    const url = `ws://localhost:${port}/${reason === "path" ? "other" : ""}`;
    await expect(connect(url, { ca: ca.pem, webSocket: origin })).rejects.toMatchObject({ code: "websocket_refused" });
  }
  expect(ofType(events, "refused").map(({ refusal }) => refusal)).toMatchObject(
    Object.keys(listeners).map((limit) => ({ of: "request", limit, address: expect.stringMatching(/127|::1/) })),
  );
});

test("bytes that a peer does not take are in the queue", async () => {
  const { server, open } = await serving("tcp");
  const channel = await open();
  await vi.waitFor(() => expect(server.connections.size).toBe(1), patience);
  const [accepted] = server.connections;
  // The client does not read.
  for (let i = 0; i < 300; i++) void accepted?.write(new Uint8Array(65_536));
  await vi.waitFor(() => expect(server.measure().queues.sendBytes).toBeGreaterThan(10_000), patience);
  channel.abort();
});

test("a log gets failures with their error, and details with the level debug", async () => {
  const log = vi.fn<LogFunction>();
  const { events, open } = await serving("tcp", { clientAuth: "require", ca: ca.pem, log });
  await (await open({ credentials: client })).close();
  await expect(open({ credentials: stranger })).rejects.toThrow();
  await closedAll(events, 2);
  const lines = log.mock.calls.map(([level, object, message]) => [level, object.event, message]);
  expect(lines).toContainEqual(["debug", "handshake", "a handshake ended"]);
  const failed = log.mock.calls.find(([level]) => level === "info")?.[1];
  expect(failed).toMatchObject({ event: "handshake", "error.type": "unknown_issuer", err: expect.any(Error) });
  for (const [, object] of log.mock.calls) expect(Object.keys(object)).not.toContain("connection");
});

test("a key near its limit is reported once", () => {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
  const events: ServerEvent[] = [];
  const observation = new Observation({} as TlsServer, { observe: (event) => events.push(event) });
  const traffic = { recordsLeft: 2 ** 24 };
  observation.observe("tcp")?.begin({ traffic } as unknown as TlsConnection);
  vi.advanceTimersByTime(20_000);
  expect(ofType(events, "key_limit")).toEqual([]);
  traffic.recordsLeft = 5_000_000;
  vi.advanceTimersByTime(30_000);
  expect(ofType(events, "key_limit")).toMatchObject([{ recordsLeft: 5_000_000 }]);
});

test.each<[string, () => unknown]>([
  [
    "throws",
    () => {
      throw new Error("of the application");
    },
  ],
  ["rejects", () => Promise.reject(new Error("of the application"))],
])("an observer or a log that %s disturbs no connection", async (_, failing) => {
  const printed = vi.spyOn(console, "error").mockImplementation(() => {});
  onTestFinished(() => printed.mockRestore());
  const { open } = await serving("tcp", { observe: failing, log: failing });
  const channel = await open();
  await roundTrip(channel, 10);
  await channel.close();
  await vi.waitFor(() => {
    for (const option of ["observe", "log"])
      expect(printed).toHaveBeenCalledWith(`handclasp: ${option} of the application threw:`, expect.any(Error));
  }, patience);
});

test("the name of a client is printable in attributes", async () => {
  const sly = nodeCredential(await ca.issue({ client: true, commonName: "a\n\u001b[31mb\u202e" }));
  const { events, open } = await serving("tcp", { clientAuth: "require", ca: ca.pem });
  const channel = await open({ credentials: sly });
  await roundTrip(channel, 10);
  const [{ attributes }] = ofType(events, "handshake") as [ServerEvent];
  expect(attributes["tls.client.subject"]).toMatch(/^CN=a.*b.$/);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not be there
  expect(attributes["tls.client.subject"]).not.toMatch(/[\u0000-\u001f\u202e]/);
});

test("a server that has stopped says so, and metrics keep its sums without it", async () => {
  const measured = new Measured();
  const servers: TlsServer[] = [];
  for (let i = 0; i < 2; i++) {
    const types: string[] = [];
    const { server, open } = await serving("tcp", {
      observe(event) {
        measured.add(event);
        types.push(event.type);
      },
    });
    const channel = await open();
    await roundTrip(channel, 1_000);
    servers.push(server);
    expect(measured.measure().connections.open).toBe(1);
    const stopping = server.close({ grace: 0 });
    await channel.close();
    await stopping;
    expect(types.slice(-2)).toEqual(["closed", "stopped"]);
  }
  const sums = servers.map((server) => server.measure().traffic.bytesSent);
  expect(Math.min(...sums)).toBeGreaterThan(1_000);
  for (const server of servers)
    vi.spyOn(server, "measure").mockImplementation(() => {
      throw new Error("a server that has stopped is asked");
    });
  expect(measured.measure()).toMatchObject({
    connections: { handshaking: 0, open: 0, closing: 0 },
    traffic: { bytesSent: sums.reduce((sum, one) => sum + one) },
  });
});

test("a tally passes on each count once, by its labels", () => {
  const tally = new Tally(["outcome", "code"]);
  const flushed = (): unknown[] => {
    const all: unknown[] = [];
    tally.flush((labels, count) => all.push([labels.outcome, labels.code, count]));
    return all;
  };
  expect(flushed()).toEqual([]);
  for (const code of ["a", "b", "a"]) tally.count({ outcome: "failed", code });
  tally.count({ outcome: "a", code: "failed" });
  expect(flushed()).toEqual([
    ["failed", "a", 2],
    ["failed", "b", 1],
    ["a", "failed", 1],
  ]);
  tally.count({ outcome: "failed", code: "b" });
  expect(flushed()).toEqual([["failed", "b", 1]]);
});
