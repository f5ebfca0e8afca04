/** The options of SecureWebSocket, its promises and events, and the requests that its outer WebSocket sends. */
import type { IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { acceptMessages, type Messages, messageAlpn, messageProtocols, type Opening } from "@handclasp/core/messages";
import { createServer, nodeCredential, type TlsServer } from "@handclasp/node";
import {
  SecureWebSocket,
  type SecureWebSocketOptions,
  secureByteSocket,
  secureWebSocket,
} from "@handclasp/node/websocket";
import { testCa } from "@handclasp/testing";
import { afterAll, afterEach, beforeEach, describe, expect, test, vi } from "vitest";

const authority = await testCa();
const ca = authority.pem;
const credential = nodeCredential(await authority.issue({ names: ["localhost", "inner.test"] }));

/** A client as the server saw it. */
interface Client {
  readonly opening: Opening;
  readonly messages: Messages;
  readonly outer: IncomingMessage | undefined;
}

let clients: Client[] = [];
let received: unknown[] = [];
beforeEach(() => {
  clients = [];
  received = [];
});

const servers: TlsServer[] = [];
afterAll(() => Promise.all(servers.map((server) => server.close({ grace: 0 }))));

async function listen(path: string, alpn: readonly string[] = messageProtocols): Promise<string> {
  const server = createServer(
    { credentials: [credential], alpn, requireAlpn: true, onError: () => {} },
    async (channel, outer) => {
      const { opening, messages } = await acceptMessages(channel, {
        protocols: ["chat", "news"],
        ...(alpn !== messageProtocols && { allow: ({ path }) => path !== "/secret" }),
      });
      clients.push({ opening, messages, outer });
      for await (const message of messages) received.push(message);
    },
  );
  servers.push(server);
  const listener = await server.listenWebSocket({ path });
  return `ws://localhost:${(listener.address() as AddressInfo).port}`;
}

const base = await listen("/");

const sockets: SecureWebSocket[] = [];
// Once a socket is closed, the server has seen it, so that it is not taken for one of the next test.
afterEach(async () => {
  for (const socket of sockets) socket.close();
  await Promise.allSettled(sockets.splice(0).map(({ closed }) => closed));
});

const open = (options: SecureWebSocketOptions | string[] = {}, url = `${base}/`): SecureWebSocket => {
  const socket = new SecureWebSocket(url, Array.isArray(options) ? options : { ca, ...options });
  sockets.push(socket);
  return socket;
};

/** The names of a socket's events, with what they tell. */
function eventsOf(socket: SecureWebSocket): unknown[] {
  const events: unknown[] = [];
  socket.onopen = () => events.push("open");
  socket.onerror = ({ error }) => events.push(["error", (error as { code?: string }).code ?? error.name]);
  socket.onclose = ({ code, reason, wasClean }) => events.push(["close", code, reason, wasClean]);
  return events;
}

const failedWith = (code: string): unknown[] => [
  ["error", code],
  ["close", 1006, "", false],
];

describe("an option that is wrong throws at once", () => {
  const wrong: Record<string, Record<string, unknown>> = {
    "an unknown one": { cA: ca },
    alpn: { alpn: ["http/1.1"] },
    "protocols that are no texts": { protocols: [1] },
    "maxMessage of 0": { maxMessage: 0 },
    "a carrier that is a number": { carrier: 8443 },
    "a carrier that is no URL": { carrier: "ws://" },
    "a carrier with a fragment": { carrier: "/#here" },
    "an empty carrier": { carrier: "" },
  };
  for (const [name, options] of Object.entries(wrong))
    test(name, () => {
      const error = expect.objectContaining({ code: "configuration" });
      expect(() => new SecureWebSocket(base, { ca, ...options })).toThrow(error);
      // A class checks all but the carrier, which may be relative to each URL.
      if (!("carrier" in options)) {
        expect(() => secureWebSocket({ ca, ...options })).toThrow(error);
        expect(() => secureByteSocket({ ca, ...options })).toThrow(error);
      } else {
        const Class = secureByteSocket({ ca, ...(options as SecureWebSocketOptions) });
        expect(() => new Class(base)).toThrow(error);
      }
    });

  test("options that are missing reject before a byte is sent", async () => {
    const socket = open([]);
    const events = eventsOf(socket);
    await expect(socket.opened).rejects.toMatchObject({ code: "configuration" });
    expect(events).toEqual(failedWith("configuration"));
    expect(clients).toEqual([]);
  });
});

test("exceptions have the names that the standard gives them", async () => {
  const thrownBy = (action: () => unknown): unknown => {
    try {
      return action();
    } catch (error) {
      return error instanceof DOMException && error.name;
    }
  };
  const constructed = (url: string, protocols: string | string[] = []) =>
    thrownBy(() => new SecureWebSocket(url, protocols));
  expect(constructed("no url")).toBe("SyntaxError");
  expect(constructed("ftp://localhost/")).toBe("SyntaxError");
  expect(constructed(`${base}/#fragment`)).toBe("SyntaxError");
  expect(constructed(base.replace("//", "//user:password@"))).toBe("SyntaxError");
  expect(constructed(base, ["chat", "chat"])).toBe("SyntaxError");
  expect(constructed(base, "a b")).toBe("SyntaxError");
  const socket = open();
  expect(thrownBy(() => socket.send("too early"))).toBe("InvalidStateError");
  expect(thrownBy(() => socket.close(1001))).toBe("InvalidAccessError");
  expect(thrownBy(() => socket.close(1000, "ü".repeat(62)))).toBe("SyntaxError");
  await socket.opened;
  expect(socket.readyState).toBe(socket.OPEN);
});

describe("the class's options are defaults", () => {
  const Class = secureWebSocket({ ca, protocols: ["news"] });

  test("of which a socket may change some", async () => {
    const socket = new Class(`${base}/`, { protocols: "chat" });
    sockets.push(socket);
    await socket.opened;
    expect(socket.protocol).toBe("chat");
  });

  test("which remain for a socket with other options", async () => {
    const socket = new Class(`${base}/`, { closeTimeout: 1000 });
    sockets.push(socket);
    await socket.opened;
    expect(socket.protocol).toBe("news");
  });

  test("except that a list of protocols, even an empty one, is the whole list", async () => {
    const socket = new Class(`${base}/`, []);
    sockets.push(socket);
    await socket.opened;
    expect(socket.protocol).toBe("");
  });
});

describe("the outer WebSocket", () => {
  test("learns neither path, query nor protocols, which the server gets inside the channel", async () => {
    const socket = open({ protocols: ["other", "chat"] }, `${base}/private/room?token=geheim#`.slice(0, -1));
    await socket.opened;
    await expect.poll(() => clients.length).toBe(1);
    const [{ opening, outer }] = clients as [Client];
    expect(opening).toEqual({ path: "/private/room?token=geheim", protocols: ["other", "chat"] });
    expect(socket.protocol).toBe("chat");
    expect(outer?.url).toBe("/");
    expect(outer?.headers.host).toBe(new URL(base).host);
    expect(JSON.stringify([outer?.url, outer?.rawHeaders])).not.toMatch(/private|geheim|chat|other/);
  });

  test("goes to a carrier that is relative to the URL", async () => {
    const url = await listen("/tls/here");
    const socket = open({ carrier: "here?for=relay" }, `${url}/tls/room`);
    await socket.opened;
    await expect.poll(() => clients[0]?.outer?.url).toBe("/tls/here?for=relay");
    expect(clients[0]?.opening.path).toBe("/tls/room");
    expect(socket.url).toBe(`${url}/tls/room`);
  });

  for (const [name, carrier] of [
    ["a text", base],
    ["a URL", new URL(base)],
    ["a text with http:", base.replace("ws:", "http:")],
  ] as const)
    test(`goes to a carrier at another host, ${name}, and the server is still the URL's host`, async () => {
      const socket = open({ carrier }, "wss://inner.test/room");
      const session = await socket.opened;
      expect(session.serverName).toBe("inner.test");
      await expect.poll(() => clients[0]?.outer?.headers.host).toBe(new URL(base).host);
      expect(clients[0]?.opening.path).toBe("/room");
    });

  test("does not decide which name the certificate must have", async () => {
    const refused = open({ carrier: base }, "wss://elsewhere.test/");
    await expect(refused.opened).rejects.toMatchObject({ code: "name_mismatch" });
    const named = open({ carrier: base, serverName: "localhost" }, "wss://elsewhere.test/");
    expect((await named.opened).serverName).toBe("localhost");
  });
});

describe("signal", () => {
  test("aborted before, during and after the opening", async () => {
    const before = open({ signal: AbortSignal.abort(new Error("too late")) });
    expect(before.readyState).toBe(before.CONNECTING);
    await expect(before.opened).rejects.toMatchObject({ code: "aborted" });

    const during = new AbortController();
    const connecting = open({ signal: during.signal });
    const events = eventsOf(connecting);
    during.abort();
    await expect(connecting.opened).rejects.toMatchObject({ code: "aborted" });
    expect(events).toEqual(failedWith("aborted"));

    const after = new AbortController();
    const opened = open({ signal: after.signal });
    const later = eventsOf(opened);
    await opened.opened;
    after.abort();
    await expect(opened.closed).rejects.toMatchObject({ code: "aborted" });
    expect(later).toEqual(["open", ...failedWith("aborted")]);
    expect(opened.readyState).toBe(opened.CLOSED);
  });

  test("has no listener of ours once a socket is closed", async () => {
    const { signal } = new AbortController();
    const remove = vi.spyOn(signal, "removeEventListener");
    const add = vi.spyOn(signal, "addEventListener");
    const socket = open({ signal });
    await socket.opened;
    socket.close();
    await socket.closed;
    await expect.poll(() => remove.mock.calls.length).toBe(add.mock.calls.length);
    expect(add.mock.calls.length).toBeGreaterThan(0);
  });
});

test("a message longer than maxMessage fails the connection, and the server sees 1009", async () => {
  const socket = open({ maxMessage: 1000 });
  const events = eventsOf(socket);
  const lengths: number[] = [];
  socket.onmessage = ({ data }) => lengths.push(data.length);
  await socket.opened;
  await expect.poll(() => clients.length).toBe(1);
  const { messages } = clients[0] as Client;
  void messages.send("x".repeat(1000));
  void messages.send("x".repeat(1001));
  await expect.poll(() => events).toEqual(["open", ...failedWith("message_too_big")]);
  expect(lengths).toEqual([1000]);
  expect(await messages.closed).toMatchObject({ code: 1009 });
});

test("messages keep their order around Blobs, and data may change after send", async () => {
  const socket = open();
  await socket.opened;
  const bytes = new Uint8Array([1, 2, 3]);
  socket.send("first");
  socket.send(new Blob(["a blob, ", new Uint8Array(300_000)]));
  socket.send(bytes);
  bytes.fill(9);
  socket.send(new Blob([]));
  socket.send(bytes.subarray(1));
  bytes.fill(0);
  socket.send("last");
  socket.close(3000, "after all of it");
  await expect.poll(() => clients[0]?.messages.closed).toMatchObject({ code: 3000, reason: "after all of it" });
  const [first, blob, ...others] = received as [string, Uint8Array, ...unknown[]];
  expect(first).toBe("first");
  expect([Buffer.from(blob).toString("latin1", 0, 8), blob.length]).toEqual(["a blob, ", 300_008]);
  const plain = others.map((one) => (typeof one === "string" ? one : [...(one as Uint8Array)]));
  expect(plain).toEqual([[1, 2, 3], [], [9, 9], "last"]);
  expect(await socket.closed).toMatchObject({ code: 3000 });
});

test("bufferedAmount counts bytes of UTF-8 until the channel takes them, and grows on after close", async () => {
  const socket = open();
  await socket.opened;
  expect(socket.bufferedAmount).toBe(0);
  socket.send("grüße");
  socket.send(new Uint8Array(1000));
  socket.send(new Blob(["12345"]));
  socket.send("x");
  expect(socket.bufferedAmount).toBe(7 + 1000 + 5 + 1);
  await expect.poll(() => socket.bufferedAmount).toBe(0);
  socket.close();
  socket.send("dropped");
  expect(socket.bufferedAmount).toBe(7);
  await socket.closed;
  socket.send(new Uint8Array(3));
  expect(socket.bufferedAmount).toBe(10);
  await expect.poll(() => received.length).toBe(4);
});

test("close before open: the opening stops, and the socket was never open", async () => {
  const socket = open();
  const events = eventsOf(socket);
  socket.close(3000, "changed my mind");
  expect(socket.readyState).toBe(socket.CLOSING);
  await expect(socket.opened).rejects.toMatchObject({ code: "aborted" });
  await expect(socket.closed).rejects.toMatchObject({ code: "aborted" });
  expect(events).toEqual(failedWith("aborted"));
  expect(clients).toEqual([]);
});

test("session, opened and closed", async () => {
  const socket = open({ protocols: "news" });
  expect([socket.session, socket.protocol, socket.extensions]).toEqual([undefined, "", ""]);
  const session = await socket.opened;
  expect(socket.session).toBe(session);
  expect(session).toMatchObject({ version: "TLSv1.2", alpn: messageAlpn.open, serverName: "localhost" });
  expect([socket.protocol, socket.extensions]).toEqual(["news", ""]);
  await expect.poll(() => clients.length).toBe(1);
  void clients[0]?.messages.close(4000, "enough");
  expect(await socket.closed).toMatchObject({ code: 4000, reason: "enough" });
  expect(socket.session).toBe(session);
});

describe("a socket that cannot open has the error on its event and on both promises", () => {
  const failures: Record<string, readonly [string, () => SecureWebSocket]> = {
    "no common protocol": ["open_refused", () => open({ protocols: ["else"] })],
    "an unknown CA": ["unknown_issuer", () => open({ ca: otherCa })],
    "a server without the framing": ["no_application_protocol", () => open({}, `${other}/`)],
    "a path that the server refuses": ["open_refused", () => open({}, `${selective}/secret`)],
    "a port without a server": ["connection_refused", () => open({}, "ws://localhost:1/")],
  };
  let otherCa = "";
  let other = "";
  let selective = "";
  beforeEach(async () => {
    otherCa ||= (await testCa({ commonName: "Another CA" })).pem;
    other ||= await listen("/", ["http/1.1"]);
    selective ||= await listen("/", [messageAlpn.answered]);
  });

  for (const [name, [code, start]] of Object.entries(failures))
    test(name, async () => {
      const socket = start();
      const events = eventsOf(socket);
      await expect(socket.opened).rejects.toMatchObject({ code });
      await expect(socket.closed).rejects.toMatchObject({ code });
      expect(events).toEqual(failedWith(code));
      expect([socket.readyState, socket.session]).toEqual([socket.CLOSED, undefined]);
    });

  test("a server without ALPN, whose channel is not left open", async () => {
    const plain = createServer({ credentials: [credential], onError: () => {} }, ({ closed }) => closed);
    servers.push(plain);
    const listener = await plain.listenWebSocket();
    const socket = open({}, `ws://localhost:${(listener.address() as AddressInfo).port}/`);
    await expect(socket.opened).rejects.toMatchObject({ code: "no_application_protocol", by: "us" });
    await expect.poll(() => plain.connections.size).toBe(0);
  });

  test("but a path that the server accepts opens", async () => {
    expect(await open({}, `${selective}/public`).opened).toMatchObject({ alpn: messageAlpn.answered });
  });
});
