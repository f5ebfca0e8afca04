/** Which requests become a WebSocket, by Origin and Host; and who is told of those that do not. */

import { once } from "node:events";
import { createServer, type IncomingMessage, request, type Server } from "node:http";
import { type AddressInfo, connect as connectSocket, createServer as createFront, Server as NetServer } from "node:net";
import { connect, createServer as createTlsServer, nodeCredential, type TlsError } from "@handclasp/node";
import { testCa } from "@handclasp/testing";
import { afterEach, describe, expect, test, vi } from "vitest";
import { WebSocketServer } from "ws";
import { type ListenWebSocketOptions, listenWebSocket } from "../../src/transport/listenWebSocket.ts";
import { requestRules } from "../../src/transport/requestRules.ts";

const key = "AAAAAAAAAAAAAAAAAAAAAA==";
const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

/** Asks for a WebSocket as no library would; `host` may hold PORT. Gives the status of the answer. */
function ask(port: number, host: string, origin?: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const headers = {
      connection: "Upgrade",
      upgrade: "websocket",
      "sec-websocket-version": "13",
      "sec-websocket-key": key,
      host: host.replace("PORT", String(port)),
      ...(origin !== undefined && { origin: origin.replace("PORT", String(port)) }),
    };
    const asked = request({ host: "127.0.0.1", port, headers, agent: false });
    asked.on("error", reject);
    asked.on("response", ({ statusCode }) => resolve(statusCode));
    asked.on("upgrade", ({ statusCode }, socket) => {
      socket.destroy();
      resolve(statusCode);
    });
    asked.end();
  });
}

async function listening(options: ListenWebSocketOptions): Promise<{ port: number; told: TlsError[] }> {
  const told: TlsError[] = [];
  const listener = await listenWebSocket(
    options,
    (transport) => transport.abort("the test has seen it"),
    (error) => told.push(error),
  );
  closing.push(() => listener.close(0));
  const { port } = listener.address() as AddressInfo;
  return { port, told };
}

describe("on a loopback address", () => {
  test.each([
    ["no Origin", "127.0.0.1:PORT", undefined, {}, 101],
    ["no Origin, any name of this computer", "LOCALHOST", undefined, {}, 101],
    ["… below localhost", "a.b.localhost:PORT", undefined, {}, 101],
    ["… another loopback address", "127.9.9.9:PORT", undefined, {}, 101],
    ["… of IPv6", "[::1]:PORT", undefined, {}, 101],
    ["the same host", "localhost:PORT", "http://localhost:PORT", {}, 101],
    ["the same host, another port and scheme", "localhost:PORT", "https://LocalHost", {}, 101],
    ["another name of this computer", "127.0.0.1:PORT", "http://localhost:PORT", {}, 403],
    ["another host", "127.0.0.1:PORT", "https://app.example", {}, 403],
    ["another host, by name", "127.0.0.1:PORT", "https://app.example", { origins: ["https://app.example"] }, 101],
    ["… of another port", "127.0.0.1:PORT", "https://app.example:444", { origins: ["https://app.example"] }, 403],
    ["… of another scheme", "127.0.0.1:PORT", "http://app.example", { origins: ["https://app.example"] }, 403],
    ["… below it", "127.0.0.1:PORT", "https://x.app.example", { origins: ["https://app.example"] }, 403],
    ["a page without an origin", "localhost:PORT", "null", {}, 403],
    ["a page without an origin, by name", "localhost:PORT", "null", { origins: ["null"] }, 101],
    ["an empty Origin", "localhost:PORT", "", {}, 403],
    ["two origins", "localhost:PORT", "http://localhost, http://localhost", {}, 403],
    ["a user before the host", "localhost:PORT", "https://localhost@app.example", {}, 403],
    ["a host behind a path", "localhost:PORT", "https://app.example/@localhost", {}, 403],
    ["a foreign name that points here", "evil.example:PORT", "http://evil.example:PORT", {}, 403],
    ["… without Origin", "evil.example", undefined, {}, 403],
    ["… that ends as ours does", "evillocalhost", undefined, {}, 403],
    ["… that begins as ours does", "127.0.0.1.evil.example", undefined, {}, 403],
    ["a name of ours", "app.example", "https://app.example", { hosts: ["App.example"] }, 101],
    ["a name of ours does not name origins", "app.example", "https://b.example", { hosts: ["app.example"] }, 403],
    [
      "an origin of ours does not name hosts",
      "b.example",
      "https://a.example",
      { origins: ["https://a.example"] },
      403,
    ],
    ["allow decides in addition", "localhost:PORT", undefined, { allow: () => false }, 403],
    ["… and not instead", "localhost:PORT", "https://app.example", { allow: () => true }, 403],
    ["… and not instead, for hosts", "evil.example", undefined, { allow: () => true }, 403],
  ] as [string, string, string | undefined, ListenWebSocketOptions, number][])(
    "%s: Host %s, Origin %s, %o: %s",
    async (_, host, origin, options, status) => {
      const { port } = await listening(options);
      expect(await ask(port, host, origin)).toBe(status);
    },
  );
});

describe("on any other address", () => {
  test.each([
    ["any Host", "evil.example", undefined, {}, 101],
    ["the same host", "app.example", "https://app.example", {}, 101],
    ["another host", "app.example", "https://b.example", {}, 403],
    ["a Host that is named", "app.example", undefined, { hosts: ["app.example"] }, 101],
    ["a Host that is not", "b.example", undefined, { hosts: ["app.example"] }, 403],
    ["localhost, where it is not named", "localhost", undefined, { hosts: ["app.example"] }, 403],
    ["an address of IPv6, however it is written", "[fd00::1]:PORT", undefined, { hosts: ["fd00:0::1"] }, 101],
  ] as const)("%s: Host %s, Origin %s, %o: %s", async (_, host, origin, options, status) => {
    const rules = requestRules(options, undefined);
    const headers = { host: host.replace("PORT", "1"), origin };
    expect(rules({ headers } as IncomingMessage, false)).toBe(status === 101);
  });
});

test("a request with two Hosts is refused, whichever comes first (RFC 9112 §3.2)", async () => {
  const { port } = await listening({});
  for (const hosts of [
    ["localhost", "evil.example"],
    ["localhost", "localhost"],
  ]) {
    const socket = connectSocket(port, "127.0.0.1");
    const lines = ["GET / HTTP/1.1", ...hosts.map((host) => `Host: ${host}`), "Connection: Upgrade"];
    socket.write(
      [...lines, "Upgrade: websocket", "Sec-WebSocket-Version: 13", `Sec-WebSocket-Key: ${key}`, "", ""].join("\r\n"),
    );
    const [answer] = (await once(socket, "data")) as [Buffer];
    expect(String(answer)).toMatch(/^HTTP\/1.1 403 /);
    socket.destroy();
  }
});

test("allow may be async by mistake: no request is accepted, and a rejection does not end the process", async () => {
  const escaped = vi.fn();
  process.once("unhandledRejection", escaped);
  const allow = (() => Promise.reject(new Error("no database"))) as unknown as () => boolean;
  const { port } = await listening({ allow });
  expect(await ask(port, "localhost")).toBe(403);
  await new Promise((resolve) => setImmediate(resolve));
  process.removeListener("unhandledRejection", escaped);
  expect(escaped).not.toHaveBeenCalled();
});

test.each<[string, () => unknown, string]>([
  ["throws", () => fail(), "allow threw an error (see the cause of this error)"],
  ["is async", async () => true, "allow returned neither true nor false (return true or false, not a promise)"],
  ["answers 1", () => 1, "allow returned neither true nor false (return true or false, not a promise)"],
])("an allow that %s accepts no request, and onError hears of it, once", async (_, allow, message) => {
  const { port, told } = await listening({ allow: allow as () => boolean });
  for (let i = 0; i < 3; i++) expect(await ask(port, "localhost")).toBe(403);
  expect(told).toMatchObject([{ code: "hook_failed", fault: "application", message }]);
});

test("an onRefused that rejects ends no process, though any peer brings it about", async () => {
  const escaped = vi.fn();
  const printed = vi.spyOn(console, "error").mockReturnValue();
  process.once("unhandledRejection", escaped);
  const refused = (() => Promise.reject(new Error("no disk"))) as () => void;
  const listener = await listenWebSocket({ hosts: [] }, () => {}, refused);
  closing.push(() => listener.close(0));
  expect(await ask((listener.address() as AddressInfo).port, "evil.example")).toBe(403);
  await new Promise((resolve) => setImmediate(resolve));
  process.removeListener("unhandledRejection", escaped);
  expect([escaped.mock.calls.length, printed.mock.calls.length]).toEqual([0, 1]);
  printed.mockRestore();
});

function fail(): never {
  throw new Error("no database");
}

describe("attached to the user's server", () => {
  test("listening twice at one path is a configuration error, and listening again after its close is not", async () => {
    const server = createServer();
    const nobody = (): void => {};
    const first = await listenWebSocket({ server, path: "/tls" }, nobody);
    const again = (path: string) => listenWebSocket({ server, path }, nobody);
    await expect(again("/tls")).rejects.toMatchObject({
      code: "configuration",
      message: expect.stringContaining("/tls"),
    });
    closing.push((await again("/other")).close);
    await first.close(0);
    closing.push((await again("/tls")).close);
  });

  test.each([
    ["net", () => new NetServer()],
    ["ws", () => new WebSocketServer({ noServer: true })],
  ])("a server of %s is none of http", async (_, make) => {
    const server = make() as unknown as Server;
    await expect(listenWebSocket({ server }, () => {})).rejects.toMatchObject({
      code: "configuration",
      message: expect.stringMatching(/^server: .*node:http/),
    });
  });

  test("the address is that of the server", async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    closing.push(() => server.close());
    const { port } = await listening({ server });
    expect(await ask(port, "localhost")).toBe(101);
    expect(await ask(port, "evil.example")).toBe(403);
  });

  test("or that of the socket, where the server does not listen itself", async () => {
    const server = createServer();
    const listener = await listenWebSocket({ server }, (transport) => transport.abort("the test has seen it"));
    closing.push(() => listener.close(0));
    const front = createFront((socket) => server.emit("connection", socket));
    await new Promise<void>((resolve) => front.listen(0, "127.0.0.1", resolve));
    closing.push(() => front.close());
    const { port } = front.address() as AddressInfo;
    expect(await ask(port, "localhost")).toBe(101);
    expect(await ask(port, "evil.example")).toBe(403);
  });
});

test.each([
  ["origins", ["https://app.example/"], 'use "https://app.example"'],
  ["origins", ["https://APP.example"], 'use "https://app.example"'],
  ["origins", ["https://app.example:443"], 'use "https://app.example"'],
  ["origins", ["wss://app.example"], 'use "https://app.example"'],
  ["origins", ["app.example"], 'list each origin, such as "https://app.example", or "null"'],
  ["origins", ["*"], 'list each origin, such as "https://app.example", or "null"'],
  ["origins", [""], 'list each origin, such as "https://app.example", or "null"'],
  ["origins", "https://app.example", expect.stringContaining("a list of origins")],
  ["origins", [null], expect.stringContaining("a list of origins")],
  ["origins", null, expect.stringContaining("a list of origins")],
  ["hosts", ["app.example:443"], 'use a name or an address without port, such as "app.example"'],
  ["hosts", ["https://app.example"], 'use a name or an address without port, such as "app.example"'],
  ["hosts", ["*.example"], 'use a name or an address without port, such as "app.example"'],
  ["hosts", "app.example", expect.stringContaining("a list of names")],
])("%s: %j is a configuration error", async (option, value, advice) => {
  await expect(listening({ [option]: value })).rejects.toMatchObject({
    code: "configuration",
    message: expect.stringContaining(option),
    advice,
  });
});

describe("who is told", () => {
  const refused = (code: string, advice: string, ...parts: string[]) =>
    expect.objectContaining({
      name: "TlsError",
      code,
      by: "us",
      advice,
      message: expect.stringMatching(parts.join(".*")),
    });

  test("onError of the server, with both values and what would let it in; the server goes on", async () => {
    const ca = await testCa();
    const told: unknown[][] = [];
    const server = createTlsServer(
      {
        credentials: [nodeCredential(await ca.issue({ names: ["localhost"] }))],
        onError: (...args) => told.push(args),
      },
      (channel) => channel.close(),
    );
    closing.push(() => server.close());
    const { port } = (await server.listenWebSocket()).address() as AddressInfo;
    for (let i = 0; i < 3; i++) {
      expect(await ask(port, "127.0.0.1:9", "https://app.example")).toBe(403);
      expect(await ask(port, "evil.example", "http://evil.example")).toBe(403);
    }
    expect(await ask(port, "evil.example", "null")).toBe(403);
    expect(await ask(port, "b@d", undefined)).toBe(403);
    const yours = "if you trust it, pass ";
    expect(told).toEqual([
      [
        refused("origin_refused", `${yours}origins: ["https://app.example"]`, "https://app.example", "127.0.0.1:9"),
        undefined,
      ],
      [refused("host_refused", `${yours}hosts: ["evil.example"]`, "http://evil.example", '"evil.example"'), undefined],
      [refused("host_refused", `${yours}hosts: ["evil.example"], origins: ["null"]`, '"null"', "evil"), undefined],
      [
        refused("host_refused", "no option accepts it, because it is not a valid origin or host", "absent", "b@d"),
        undefined,
      ],
    ]);
    const channel = await connect(`ws://localhost:${port}/`, { ca: ca.pem });
    await channel.close();
  });

  test("what allow refuses is its own affair", async () => {
    const { port, told } = await listening({ allow: () => false });
    expect(await ask(port, "localhost")).toBe(403);
    expect(told).toEqual([]);
  });

  test("no line and no command gets into a log", () => {
    const told: string[] = [];
    const rules = requestRules({}, ({ message }) => told.push(message));
    const headers = { host: "x\u009b31m\u0085", origin: "http://\u009by" };
    expect(rules({ headers } as IncomingMessage, false)).toBe(false);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
    expect(told).toEqual([expect.not.stringMatching(/[\u0000-\u001f\u007f-\u009f]/)]);
  });

  test("once a minute for the same two values, and of a flood no more than 64 in a minute", () => {
    let now = 0;
    const told: string[] = [];
    const rules = requestRules(
      {},
      ({ message }) => told.push(message),
      () => now,
    );
    const from = (origin: string, host = "app.example") =>
      expect(rules({ headers: { host, origin } } as IncomingMessage, false)).toBe(false);
    from("https://a.example");
    from("https://a.example");
    from("https://a.example", "b.example");
    expect(told).toHaveLength(2);
    now = 59_999;
    from("https://a.example");
    expect(told).toHaveLength(2);
    now = 60_000;
    from("https://a.example");
    expect(told).toHaveLength(3);
    for (let i = 0; i < 1_000; i++) from(`https://${i}.example`);
    expect(told).toHaveLength(3 + 63);
    now = 120_000;
    from("https://b.example");
    expect(told.at(-1)).toContain("https://b.example");
    from("x".repeat(10_000));
    expect(told.at(-1)?.length).toBeLessThan(1_000);
  });

  test("a hook that throws does not end the process, and one that is no function is refused", async () => {
    const logged = vi.spyOn(console, "error").mockImplementation(() => {});
    const listener = await listenWebSocket(
      {},
      () => {},
      () => {
        throw new Error("of the hook");
      },
    );
    closing.push(() => listener.close(0));
    expect(await ask((listener.address() as AddressInfo).port, "evil.example")).toBe(403);
    expect(logged).toHaveBeenCalledTimes(1);
    logged.mockRestore();
    await expect(listenWebSocket({}, () => {}, "yes" as never)).rejects.toMatchObject({ code: "configuration" });
  });
});
