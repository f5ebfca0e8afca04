/** The requests that may become a WebSocket, by their Origin and Host, and the reports of refused requests. */

import { once } from "node:events";
import { createServer, type IncomingMessage, request, type Server } from "node:http";
import { type AddressInfo, connect as connectSocket, createServer as createFront, Server as NetServer } from "node:net";
import { runInNewContext } from "node:vm";
import { connect, createServer as createTlsServer, nodeCredential, type TlsError } from "@handclasp/node";
import { testCa } from "@handclasp/testing";
import { afterEach, describe, expect, test, vi } from "vitest";
import { WebSocketServer } from "ws";
import { type ListenWebSocketOptions, listenWebSocket } from "../../src/transport/listenWebSocket.ts";
import { requestRules } from "../../src/transport/requestRules.ts";

const key = "AAAAAAAAAAAAAAAAAAAAAA==";
const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) await cleanup();
});

/**
 * Requests a WebSocket with headers that no library would send. PORT in a header is replaced by the port. Returns the
 * status of the response.
 */
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
    const upgrade = request({ host: "127.0.0.1", port, headers, agent: false });
    upgrade.on("error", reject);
    upgrade.on("response", ({ statusCode }) => resolve(statusCode));
    upgrade.on("upgrade", ({ statusCode }, socket) => {
      socket.destroy();
      resolve(statusCode);
    });
    upgrade.end();
  });
}

async function listening(options: ListenWebSocketOptions): Promise<{ port: number; reports: TlsError[] }> {
  const reports: TlsError[] = [];
  const listener = await listenWebSocket(
    options,
    (transport) => transport.abort("the test has seen it"),
    (error) => reports.push(error),
  );
  cleanups.push(() => listener.close(0));
  const { port } = listener.address() as AddressInfo;
  return { port, reports };
}

describe("a listener on a loopback address", () => {
  test.each([
    ["no Origin", "127.0.0.1:PORT", undefined, {}, 101],
    ["no Origin, a name of this computer in upper case", "LOCALHOST", undefined, {}, 101],
    ["no Origin, a name below localhost", "a.b.localhost:PORT", undefined, {}, 101],
    ["no Origin, another loopback address", "127.9.9.9:PORT", undefined, {}, 101],
    ["no Origin, the loopback address of IPv6", "[::1]:PORT", undefined, {}, 101],
    ["the same host", "localhost:PORT", "http://localhost:PORT", {}, 101],
    ["the same host, another port and scheme", "localhost:PORT", "https://LocalHost", {}, 101],
    ["another name of this computer", "127.0.0.1:PORT", "http://localhost:PORT", {}, 403],
    ["another host", "127.0.0.1:PORT", "https://app.example", {}, 403],
    [
      "another host that is in origins",
      "127.0.0.1:PORT",
      "https://app.example",
      { origins: ["https://app.example"] },
      101,
    ],
    [
      "another port of a host in origins",
      "127.0.0.1:PORT",
      "https://app.example:444",
      { origins: ["https://app.example"] },
      403,
    ],
    [
      "another scheme of a host in origins",
      "127.0.0.1:PORT",
      "http://app.example",
      { origins: ["https://app.example"] },
      403,
    ],
    [
      "a name below a host in origins",
      "127.0.0.1:PORT",
      "https://x.app.example",
      { origins: ["https://app.example"] },
      403,
    ],
    ["a page with an opaque origin", "localhost:PORT", "null", {}, 403],
    ["a page with an opaque origin, which is in origins", "localhost:PORT", "null", { origins: ["null"] }, 101],
    ["an empty Origin", "localhost:PORT", "", {}, 403],
    ["two origins", "localhost:PORT", "http://localhost, http://localhost", {}, 403],
    ["a user before the host", "localhost:PORT", "https://localhost@app.example", {}, 403],
    ["a host after a path", "localhost:PORT", "https://app.example/@localhost", {}, 403],
    ["DNS rebinding", "evil.example:PORT", "http://evil.example:PORT", {}, 403],
    ["DNS rebinding, without Origin", "evil.example", undefined, {}, 403],
    ["a name that ends with localhost without a dot", "evillocalhost", undefined, {}, 403],
    ["a name that begins with a loopback address", "127.0.0.1.evil.example", undefined, {}, 403],
    ["a name in hosts", "app.example", "https://app.example", { hosts: ["App.example"] }, 101],
    [
      "a name in hosts does not allow other origins",
      "app.example",
      "https://b.example",
      { hosts: ["app.example"] },
      403,
    ],
    [
      "an origin in origins does not allow its host",
      "b.example",
      "https://a.example",
      { origins: ["https://a.example"] },
      403,
    ],
    ["allow refuses", "localhost:PORT", undefined, { allow: () => false }, 403],
    ["allow accepts, but the origin is refused", "localhost:PORT", "https://app.example", { allow: () => true }, 403],
    ["allow accepts, but the host is refused", "evil.example", undefined, { allow: () => true }, 403],
  ] as [string, string, string | undefined, ListenWebSocketOptions, number][])(
    "%s: for Host %s, Origin %s and the options %o, it answers %s",
    async (_, host, origin, options, status) => {
      const { port } = await listening(options);
      expect(await ask(port, host, origin)).toBe(status);
    },
  );
});

describe("a listener on any other address", () => {
  test.each([
    ["any Host", "evil.example", undefined, {}, 101],
    ["the same host", "app.example", "https://app.example", {}, 101],
    ["another host", "app.example", "https://b.example", {}, 403],
    ["a Host that is in hosts", "app.example", undefined, { hosts: ["app.example"] }, 101],
    ["a Host that is not in hosts", "b.example", undefined, { hosts: ["app.example"] }, 403],
    ["localhost, if it is not in hosts", "localhost", undefined, { hosts: ["app.example"] }, 403],
    ["an IPv6 address in another spelling", "[fd00::1]:PORT", undefined, { hosts: ["fd00:0::1"] }, 101],
  ] as const)(
    "%s: for Host %s, Origin %s and the options %o, it answers %s",
    async (_, host, origin, options, status) => {
      const rules = requestRules(options, undefined);
      const headers = { host: host.replace("PORT", "1"), origin };
      expect(rules({ headers } as IncomingMessage, false)).toBe(status === 101);
    },
  );
});

test("a request with two Host headers is refused, even if we accept the first or both (RFC 9112 §3.2)", async () => {
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

test("an allow that is async by mistake refuses the request, and its rejection does not end the process", async () => {
  const onUnhandled = vi.fn();
  process.once("unhandledRejection", onUnhandled);
  const allow = (() => Promise.reject(new Error("no database"))) as unknown as () => boolean;
  const { port } = await listening({ allow });
  expect(await ask(port, "localhost")).toBe(403);
  await new Promise((resolve) => setImmediate(resolve));
  process.removeListener("unhandledRejection", onUnhandled);
  expect(onUnhandled).not.toHaveBeenCalled();
});

test.each<[string, () => unknown, string]>([
  ["throws", () => fail(), "allow threw an error (fix it: `cause` has the error)"],
  ["is async", async () => true, "allow returned neither true nor false (return true or false, not a promise)"],
  ["returns 1", () => 1, "allow returned neither true nor false (return true or false, not a promise)"],
])("an allow that %s refuses every request, and is reported once", async (_, allow, message) => {
  const { port, reports } = await listening({ allow: allow as () => boolean });
  for (let i = 0; i < 3; i++) expect(await ask(port, "localhost")).toBe(403);
  expect(reports).toMatchObject([{ code: "hook_failed", fault: "application", message }]);
});

test("a rejected promise that is no Promise of ours, from allow or onRefused, does not end the process", async () => {
  const onUnhandled = vi.fn();
  const printed = vi.spyOn(console, "error").mockReturnValue();
  process.on("unhandledRejection", onUnhandled);
  const rejects = () => runInNewContext('Promise.reject(new Error("no database"))');
  expect(rejects().catch(() => {})).not.toBeInstanceOf(Promise);
  const listener = await listenWebSocket({ allow: rejects }, () => {}, rejects);
  cleanups.push(() => listener.close(0));
  expect(await ask((listener.address() as AddressInfo).port, "localhost")).toBe(403);
  await new Promise((resolve) => setImmediate(resolve));
  process.removeListener("unhandledRejection", onUnhandled);
  expect([onUnhandled.mock.calls.length, printed.mock.calls.length]).toEqual([0, 1]);
  printed.mockRestore();
});

test("an onRefused that rejects does not end the process", async () => {
  const onUnhandled = vi.fn();
  const printed = vi.spyOn(console, "error").mockReturnValue();
  process.once("unhandledRejection", onUnhandled);
  const refused = (() => Promise.reject(new Error("no disk"))) as () => void;
  const listener = await listenWebSocket({ hosts: [] }, () => {}, refused);
  cleanups.push(() => listener.close(0));
  expect(await ask((listener.address() as AddressInfo).port, "evil.example")).toBe(403);
  await new Promise((resolve) => setImmediate(resolve));
  process.removeListener("unhandledRejection", onUnhandled);
  expect([onUnhandled.mock.calls.length, printed.mock.calls.length]).toEqual([0, 1]);
  printed.mockRestore();
});

function fail(): never {
  throw new Error("no database");
}

describe("a listener on an existing server", () => {
  test("causes a configuration error if its path has another listener that is not closed", async () => {
    const server = createServer();
    const ignore = (): void => {};
    const first = await listenWebSocket({ server, path: "/tls" }, ignore);
    const listenAt = (path: string) => listenWebSocket({ server, path }, ignore);
    await expect(listenAt("/tls")).rejects.toMatchObject({
      code: "configuration",
      message: expect.stringContaining("/tls"),
    });
    cleanups.push((await listenAt("/other")).close);
    await first.close(0);
    cleanups.push((await listenAt("/tls")).close);
  });

  test.each([
    ["net", () => new NetServer()],
    ["ws", () => new WebSocketServer({ noServer: true })],
  ])("refuses a server of %s", async (_, make) => {
    const server = make() as unknown as Server;
    await expect(listenWebSocket({ server }, () => {})).rejects.toMatchObject({
      code: "configuration",
      message: expect.stringMatching(/^server: .*node:http/),
    });
  });

  test("takes the local address from the server", async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    cleanups.push(() => server.close());
    const { port } = await listening({ server });
    expect(await ask(port, "localhost")).toBe(101);
    expect(await ask(port, "evil.example")).toBe(403);
  });

  test("takes the local address from the socket if the server does not listen itself", async () => {
    const server = createServer();
    const listener = await listenWebSocket({ server }, (transport) => transport.abort("the test has seen it"));
    cleanups.push(() => listener.close(0));
    const front = createFront((socket) => server.emit("connection", socket));
    await new Promise<void>((resolve) => front.listen(0, "127.0.0.1", resolve));
    cleanups.push(() => front.close());
    const { port } = front.address() as AddressInfo;
    expect(await ask(port, "localhost")).toBe(101);
    expect(await ask(port, "evil.example")).toBe(403);
  });
});

test.each([
  ["origins", ["https://app.example/"], 'write "https://app.example"'],
  ["origins", ["https://APP.example"], 'write "https://app.example"'],
  ["origins", ["https://app.example:443"], 'write "https://app.example"'],
  ["origins", ["wss://app.example"], 'write "https://app.example"'],
  ["origins", ["app.example"], 'list each origin, such as "https://app.example", or "null"'],
  ["origins", ["*"], 'list each origin, such as "https://app.example", or "null"'],
  ["origins", [""], 'list each origin, such as "https://app.example", or "null"'],
  ["origins", "https://app.example", expect.stringContaining("a list of origins")],
  ["origins", [null], expect.stringContaining("a list of origins")],
  ["origins", null, expect.stringContaining("a list of origins")],
  ["hosts", ["app.example:443"], 'give a name or an address without port, such as "app.example"'],
  ["hosts", ["https://app.example"], 'give a name or an address without port, such as "app.example"'],
  ["hosts", ["*.example"], 'give a name or an address without port, such as "app.example"'],
  ["hosts", "app.example", expect.stringContaining("a list of names")],
])("%s: %j is a configuration error", async (option, value, advice) => {
  await expect(listening({ [option]: value })).rejects.toMatchObject({
    code: "configuration",
    message: expect.stringContaining(option),
    advice,
  });
});

describe("a report of a refused request", () => {
  const refused = (code: string, advice: string, ...parts: string[]) =>
    expect.objectContaining({
      name: "TlsError",
      code,
      by: "us",
      advice,
      message: expect.stringMatching(parts.join(".*")),
    });

  test("contains both values and the option that would allow them, and the server keeps listening", async () => {
    const ca = await testCa();
    const reports: unknown[][] = [];
    const server = createTlsServer(
      {
        credentials: [nodeCredential(await ca.issue({ names: ["localhost"] }))],
        onError: (...args) => reports.push(args),
      },
      (channel) => channel.close(),
    );
    cleanups.push(() => server.close());
    const { port } = (await server.listenWebSocket()).address() as AddressInfo;
    for (let i = 0; i < 3; i++) {
      expect(await ask(port, "127.0.0.1:9", "https://app.example")).toBe(403);
      expect(await ask(port, "evil.example", "http://evil.example")).toBe(403);
    }
    expect(await ask(port, "evil.example", "null")).toBe(403);
    expect(await ask(port, "b@d", undefined)).toBe(403);
    const advice = "if you trust it, allow it with ";
    expect(reports).toEqual([
      [
        refused("origin_refused", `${advice}origins: ["https://app.example"]`, "https://app.example", "127.0.0.1:9"),
        undefined,
      ],
      [refused("host_refused", `${advice}hosts: ["evil.example"]`, "http://evil.example", '"evil.example"'), undefined],
      [
        refused(
          "host_refused",
          'every site can make a page with the origin null, and hosts: ["evil.example"], origins: ["null"] would ' +
            "allow them all",
          '"null"',
          "evil",
        ),
        undefined,
      ],
      [refused("host_refused", "no option can allow it: it is not a valid origin or host", "absent", "b@d"), undefined],
    ]);
    const channel = await connect(`ws://localhost:${port}/`, { ca: ca.pem });
    await channel.close();
  });

  test("is not made if `allow` refuses the request", async () => {
    const { port, reports } = await listening({ allow: () => false });
    expect(await ask(port, "localhost")).toBe(403);
    expect(reports).toEqual([]);
  });

  test("contains no control characters", () => {
    const reports: string[] = [];
    const rules = requestRules({}, ({ message }) => reports.push(message));
    const headers = { host: "x\u009b31m\u0085", origin: "http://\u009by" };
    expect(rules({ headers } as IncomingMessage, false)).toBe(false);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: the test looks for them
    expect(reports).toEqual([expect.not.stringMatching(/[\u0000-\u001f\u007f-\u009f]/)]);
  });

  test("is made once a minute for the same pair of values, and for at most 64 pairs of values in a minute", () => {
    let now = 0;
    const reports: string[] = [];
    const rules = requestRules(
      {},
      ({ message }) => reports.push(message),
      () => now,
    );
    const refuseFrom = (origin: string, host = "app.example") =>
      expect(rules({ headers: { host, origin } } as IncomingMessage, false)).toBe(false);
    refuseFrom("https://a.example");
    refuseFrom("https://a.example");
    refuseFrom("https://a.example", "b.example");
    expect(reports).toHaveLength(2);
    now = 59_999;
    refuseFrom("https://a.example");
    expect(reports).toHaveLength(2);
    now = 60_000;
    refuseFrom("https://a.example");
    expect(reports).toHaveLength(3);
    for (let i = 0; i < 1_000; i++) refuseFrom(`https://${i}.example`);
    expect(reports).toHaveLength(3 + 63);
    now = 120_000;
    refuseFrom("https://b.example");
    expect(reports.at(-1)).toContain("https://b.example");
    refuseFrom("x".repeat(10_000));
    expect(reports.at(-1)?.length).toBeLessThan(1_000);
  });

  test("does not end the process if onRefused throws, and an onRefused must be a function", async () => {
    const logged = vi.spyOn(console, "error").mockImplementation(() => {});
    const listener = await listenWebSocket(
      {},
      () => {},
      () => {
        throw new Error("of the hook");
      },
    );
    cleanups.push(() => listener.close(0));
    expect(await ask((listener.address() as AddressInfo).port, "evil.example")).toBe(403);
    expect(logged).toHaveBeenCalledTimes(1);
    logged.mockRestore();
    await expect(listenWebSocket({}, () => {}, "yes" as never)).rejects.toMatchObject({ code: "configuration" });
  });
});

test("without onError, a server prints the first refusal of a minute", async () => {
  const printed = vi.spyOn(console, "error").mockImplementation(() => {});
  const ca = await testCa();
  const credentials = [nodeCredential(await ca.issue({ names: ["localhost"] }))];
  const server = createTlsServer({ credentials }, () => {});
  cleanups.push(() => server.close());
  const { port } = (await server.listenWebSocket()).address() as AddressInfo;
  expect(await ask(port, "127.0.0.1:9", "https://one.example")).toBe(403);
  expect(await ask(port, "127.0.0.1:9", "https://two.example")).toBe(403);
  expect(printed.mock.calls.map(([, text]) => text as string)).toEqual([
    expect.stringContaining('origins: ["https://one.example"]'),
  ]);
  printed.mockRestore();
});
