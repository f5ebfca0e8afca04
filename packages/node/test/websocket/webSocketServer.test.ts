/** createWebSocketServer and webSocketHandler with `SecureWebSocket` as client, over `ws` on loopback. */
import type { IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { openMessages } from "@handclasp/core/messages";
import { connect, createServer, nodeCredential, type TlsServer } from "@handclasp/node";
import {
  createWebSocketServer,
  messageAlpn,
  messageProtocols,
  reconnect,
  SecureWebSocket,
  type ServerSocket,
  type SocketHandler,
  type SocketRequest,
  type WebSocketServerOptions,
  webSocketHandler,
} from "@handclasp/node/websocket";
import { testCa } from "@handclasp/testing";
import { afterEach, describe, expect, test, vi } from "vitest";

const ca = await testCa();
const credentials = nodeCredential(await ca.issue());
const eventually = (check: () => void): Promise<void> => vi.waitFor(check, { timeout: 60_000 });
const servers: TlsServer[] = [];
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close({ grace: 0 })));
});

async function listen(server: TlsServer): Promise<number> {
  servers.push(server);
  return ((await server.listenWebSocket()).address() as AddressInfo).port;
}
const serve = (options: Partial<WebSocketServerOptions>, handler: SocketHandler): Promise<number> =>
  listen(createWebSocketServer({ credentials, ...options }, handler));

/** Opens a socket, and collects its events until it has closed. `act` runs when it is open. */
async function events(
  port: number,
  { path = "/", protocols = [] }: { path?: string; protocols?: string[] } = {},
  act: (socket: InstanceType<typeof SecureWebSocket>) => void = (socket) => socket.close(),
): Promise<string[]> {
  const socket = new SecureWebSocket(`ws://localhost:${port}${path}`, { ca: ca.pem, protocols });
  const list: string[] = [];
  socket.onopen = () => {
    list.push(`open ${socket.protocol} ${socket.session?.alpn}`);
    act(socket);
  };
  socket.onmessage = ({ data }) => list.push(`message ${data}`);
  socket.onerror = ({ error }) => list.push(`error ${(error as { code?: string }).code}`);
  await new Promise<void>((resolve) => {
    socket.onclose = ({ code, reason }) => {
      list.push(`close ${code} ${reason}`.trim());
      resolve();
    };
  });
  return list;
}
const [open, answered] = [messageAlpn.open, messageAlpn.answered];

describe("a server of sockets", () => {
  test("gives the handler the request", async () => {
    let request: SocketRequest | undefined;
    const port = await serve({ protocols: ["chat"] }, (_, given) => {
      request = given;
    });
    await events(port, { path: "/room?id=1", protocols: ["other", "chat"] });
    const { url, protocols, session, remoteAddress, upgrade } = request as SocketRequest;
    expect({ url, protocols, remoteAddress }).toEqual({
      url: "/room?id=1",
      protocols: ["other", "chat"],
      remoteAddress: "127.0.0.1",
    });
    expect([session.role, session.alpn]).toEqual(["server", open]);
    expect((upgrade as IncomingMessage).url).toBe("/");
  });

  test("selects the first of its protocols that the client offers", async () => {
    let selected = "";
    const port = await serve({ protocols: ["b", "a"] }, (socket) => {
      selected = socket.protocol;
    });
    expect(await events(port, { protocols: ["a", "b"] })).toEqual([`open b ${open}`, "close 1005"]);
    expect(selected).toBe("b");
  });

  test("refuses a client that offers only other protocols, before it is open", async () => {
    const handler = vi.fn();
    const onError = vi.fn();
    const port = await serve({ protocols: ["a"], onError }, handler);
    expect(await events(port, { protocols: ["b"] })).toEqual(["error open_refused", "close 1006"]);
    await eventually(() => expect(onError.mock.calls.map(([{ code }]) => code)).toContain("open_refused"));
    expect(handler).not.toHaveBeenCalled();
  });

  test("prints nothing about a client that it refused, and tells it with a Close", async () => {
    const printed = vi.spyOn(console, "error").mockImplementation(() => {});
    const port = await serve({ allow: () => false }, () => {});
    const channel = await connect(`ws://localhost:${port}/`, { ca: ca.pem, alpn: messageProtocols });
    const opening = openMessages(channel);
    await expect(opening).rejects.toMatchObject({ message: expect.stringContaining("1008") });
    // Nothing but the two Closes and close_notify ended the channel.
    await channel.closed;
    expect(printed).not.toHaveBeenCalled();
    printed.mockRestore();
  });

  test("answers without a round trip if it has no `allow`, whatever its protocols", async () => {
    for (const protocols of [[], ["a"]])
      expect(await events(await serve({ protocols }, () => {}))).toEqual([`open  ${open}`, "close 1005"]);
  });

  test("with `allow` opens only what it returns true for, and the handler gets the same request", async () => {
    const requests: unknown[] = [];
    const onError = vi.fn();
    const handler = vi.fn<SocketHandler>((_, request) => requests.push(request));
    const allow = (request: SocketRequest): boolean | Promise<boolean> => {
      requests.push(request);
      const value: unknown = { "/yes": true, "/no": false, "/one": 1, "/undefined": undefined }[request.url];
      if (request.url === "/throws") throw new Error("broken");
      return request.url === "/later" ? Promise.resolve(true) : (value as boolean);
    };
    const port = await serve({ allow, onError }, handler);
    for (const path of ["/yes", "/later"])
      expect(await events(port, { path })).toEqual([`open  ${answered}`, "close 1005"]);
    expect(requests.length).toBe(4);
    expect(requests[0]).toBe(requests[1]);
    expect(handler).toHaveBeenCalledTimes(2);
    const codes = (): unknown[] => onError.mock.calls.map(([{ code }]) => code);
    for (const path of ["/no", "/one", "/undefined", "/throws"]) {
      onError.mockClear();
      expect(await events(port, { path })).toEqual(["error open_refused", "close 1006"]);
      await eventually(() => expect(codes()).toContain(path === "/throws" ? "hook_failed" : "open_refused"));
    }
    expect(handler).toHaveBeenCalledTimes(2);
  });

  test("refuses a client that does not speak the framing", async () => {
    const onError = vi.fn();
    const port = await serve({ onError }, () => {});
    const connecting = connect(`ws://localhost:${port}/`, { ca: ca.pem });
    await expect(connecting).rejects.toMatchObject({ code: "no_application_protocol" });
  });

  test("ends a client that does not say what it asks for", async () => {
    const onError = vi.fn();
    const port = await serve({ onError, openingTimeout: 20 }, () => {});
    const channel = await connect(`ws://localhost:${port}/`, { ca: ca.pem, alpn: messageProtocols });
    await expect(channel.closed).rejects.toMatchObject({ by: "peer" });
    await eventually(() => expect(onError.mock.calls.map(([{ message }]) => message).join()).toContain("within 20 ms"));
  });

  test("serves TCP too, where a request has no upgrade", async () => {
    const requests: SocketRequest[] = [];
    const server = createWebSocketServer({ credentials }, (socket, request) => {
      requests.push(request);
      socket.close(4000);
    });
    servers.push(server);
    const { port } = (await server.listenTcp()).address() as AddressInfo;
    const socket = new SecureWebSocket("ws://localhost/", { ca: ca.pem, carrier: `tcp://localhost:${port}` });
    expect(await socket.closed).toMatchObject({ code: 4000 });
    expect(requests[0]?.upgrade).toBeUndefined();
  });
});

describe("with a client that reconnects", () => {
  test("a socket stays open while its client reconnects, and ends with `terminate` or the server", async () => {
    const open: ServerSocket[] = [];
    const others: ServerSocket[] = [];
    const closes: string[] = [];
    const server = createWebSocketServer({ credentials }, (socket, { url }) => {
      (url === "/other" ? others : open).push(socket);
      socket.on("message", (data) => socket.send(String(data)));
      socket.on("close", (code) => closes.push(`${url} ${code}`));
    });
    const port = await listen(server);
    const client = new SecureWebSocket(`ws://localhost:${port}/`, {
      ca: ca.pem,
      reconnect: reconnect({ minDelay: 5, maxDelay: 50 }),
    });
    const received: unknown[] = [];
    client.onmessage = ({ data }) => received.push(data);
    await client.opened;
    for (let i = 0; i < 3; i++) {
      client.send(String(i));
      await eventually(() => expect(received.length).toBe(i + 1));
      const before = open[0]?.channel;
      before?.abort();
      await eventually(() => expect(open[0]?.channel).not.toBe(before));
    }
    expect([received, open.length, closes, open[0]?.readyState]).toEqual([["0", "1", "2"], 1, [], 1]);
    // The client would come back, to a new session.
    client.onclose = () => received.push("closed");
    open[0]?.terminate();
    client.close();
    await eventually(() => expect(closes).toEqual(["/ 1006"]));
    await eventually(() => expect(received.at(-1)).toBe("closed"));

    const other = new SecureWebSocket(`ws://localhost:${port}/other`, { ca: ca.pem, reconnect: reconnect() });
    await other.opened;
    await eventually(() => expect(others.length).toBe(1));
    await server.close();
    expect([others.length, others[0]?.readyState, closes]).toEqual([1, 3, ["/ 1006", "/other 1001"]]);
    other.close();
  });
});

describe("webSocketHandler", () => {
  test("serves the connections of one ALPN protocol among others", async () => {
    const chat = webSocketHandler({ protocols: ["chat"] }, (socket) => socket.close(4001, socket.protocol));
    const options = { credentials, alpn: [...messageProtocols, "raw"], requireAlpn: true };
    const port = await listen(
      createServer(options, (channel, request) =>
        channel.session.alpn === "raw" ? channel.write(Uint8Array.of(1)) : chat(channel, request),
      ),
    );
    expect(await events(port, { protocols: ["chat"] }, () => {})).toEqual([`open chat ${open}`, "close 4001 chat"]);
    const channel = await connect(`ws://localhost:${port}/`, { ca: ca.pem, alpn: ["raw"] });
    expect(await channel.read()).toEqual(Uint8Array.of(1));
    channel.abort();
  });

  test("says what to change if the server lacks the ALPN protocol", async () => {
    const onError = vi.fn();
    const handler = webSocketHandler({}, () => {});
    const port = await listen(createServer({ credentials, onError }, handler));
    const channel = await connect(`ws://localhost:${port}/`, { ca: ca.pem });
    await expect(channel.closed).rejects.toMatchObject({ by: "peer" });
    expect(onError.mock.calls.map(([{ code, advice }]) => [code, advice])).toEqual([
      ["configuration", expect.stringContaining("alpn: messageProtocols")],
    ]);
  });
});

test("a server in the style of graphql-ws, which takes protocol, send, close and onMessage, can be made", async () => {
  interface Adapter {
    readonly protocol: string;
    send(text: string): Promise<void>;
    close(code: number, reason: string): void;
    onMessage(listener: (text: string) => Promise<void>): void;
  }
  /** As the `makeServer().opened` of graphql-ws: returns a function to call when the socket has closed. */
  const opened = (socket: Adapter): ((code: number, reason: string) => void) => {
    socket.onMessage(async (text) => {
      await socket.send(`${socket.protocol}: ${text}`);
      if (text === "stop") socket.close(4400, "Invalid message");
    });
    return (code, reason) => closes.push(`${code} ${reason}`);
  };
  const closes: string[] = [];
  const port = await serve({ protocols: ["graphql-transport-ws"] }, (socket) => {
    const closed = opened({
      protocol: socket.protocol,
      send: (text) =>
        new Promise((resolve, reject) => socket.send(text, (error) => (error ? reject(error) : resolve()))),
      close: (code, reason) => socket.close(code, reason),
      onMessage: (listener) => socket.on("message", (data) => void listener(String(data))),
    });
    socket.once("close", (code, reason) => closed(code, String(reason)));
  });
  const received = await events(port, { protocols: ["graphql-transport-ws"] }, (socket) => {
    socket.send("one");
    socket.send("stop");
  });
  expect(received.slice(1)).toEqual([
    "message graphql-transport-ws: one",
    "message graphql-transport-ws: stop",
    "close 4400 Invalid message",
  ]);
  await eventually(() => expect(closes).toEqual(["4400 "]));
});

describe("the options", () => {
  // biome-ignore lint/suspicious/noExplicitAny: the tests pass values of wrong types.
  type Wrong = any;
  test.each<[string, object, string]>([
    ["alpn", { alpn: ["a"] }, "alpn: createWebSocketServer sets it"],
    ["requireAlpn", { requireAlpn: false }, "requireAlpn: createWebSocketServer sets it"],
    ["a misspelt name", { protocol: ["a"] }, "did you mean protocols"],
    ["protocols as text", { protocols: "a" }, "protocols"],
    ["a protocol that is no token", { protocols: ["a b"] }, "protocols"],
    ["a protocol that is there twice", { protocols: ["a", "A"] }, "protocols"],
    ["allow", { allow: true }, "allow"],
    ["maxMessage", { maxMessage: 0 }, "maxMessage"],
    ["openingTimeout", { openingTimeout: -1 }, "openingTimeout"],
    ["an option of createServer", { clientAuth: "maybe" }, "clientAuth"],
  ])("createWebSocketServer throws for %s", (_, options, text) => {
    expect(() => createWebSocketServer({ credentials, ...options } as Wrong, () => {})).toThrow(
      expect.objectContaining({ code: "configuration", message: expect.stringContaining(text) }),
    );
  });

  test("a handler is needed, and webSocketHandler takes no option of a server", () => {
    const configuration = expect.objectContaining({ code: "configuration" });
    expect(() => createWebSocketServer({ credentials }, undefined as Wrong)).toThrow(configuration);
    expect(() => createWebSocketServer(undefined as Wrong, () => {})).toThrow(configuration);
    expect(() => webSocketHandler({ credentials } as Wrong, () => {})).toThrow(configuration);
  });
});
