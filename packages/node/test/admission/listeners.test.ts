/** The limits of a server at its listeners: real sockets from several loopback addresses. */
import { once } from "node:events";
import { request } from "node:http";
import { type AddressInfo, connect as connectSocket, type Socket } from "node:net";
import {
  connect,
  createServer,
  type Listener,
  type ListenWebSocketOptions,
  nodeCredential,
  type ServerOptions,
  type TlsConnection,
  tcpTransport,
} from "@handclasp/node";
import { testCa } from "@handclasp/testing";
import { beforeEach, describe, expect, onTestFinished, test, vi } from "vitest";

const ca = await testCa();
const credential = nodeCredential(await ca.issue({ names: ["localhost"] }));
const echo = (channel: TlsConnection): Promise<void> => channel.readable.pipeTo(channel.writable);

function serverWith(options: Partial<ServerOptions>) {
  const onError = vi.fn<(error: unknown) => void>();
  const server = createServer({ credentials: [credential], onError, ...options }, echo);
  onTestFinished(async () => void (await server.close({ grace: 0 })));
  return { server, onError };
}

const portOf = (listener: Listener): number => (listener.address() as AddressInfo).port;

/** A socket from one of the loopback addresses, which the test destroys at its end. */
function socketFrom(localAddress: string, port: number): Socket {
  const socket = connectSocket({ port, host: "127.0.0.1", localAddress, allowHalfOpen: true });
  socket.on("error", () => {});
  onTestFinished(() => void socket.destroy());
  return socket;
}

const openOver = (socket: Socket): Promise<TlsConnection> =>
  connect(tcpTransport(socket), { ca: ca.pem, serverName: "localhost" });

/** The status of a request for a WebSocket. The socket stays open after 101. */
async function upgrade(
  port: number,
  localAddress: string,
  headers: Record<string, string> = {},
  path = "/",
): Promise<number> {
  const outgoing = request({
    port,
    path,
    host: "127.0.0.1",
    localAddress,
    agent: false,
    headers: {
      connection: "Upgrade",
      upgrade: "websocket",
      "sec-websocket-version": "13",
      "sec-websocket-key": Buffer.alloc(16, 7).toString("base64"),
      ...headers,
    },
  });
  outgoing.on("error", () => {});
  onTestFinished(() => void outgoing.destroy());
  return new Promise((resolve) => {
    outgoing.on("upgrade", (response, socket) => {
      onTestFinished(() => void socket.destroy());
      resolve(response.statusCode as number);
    });
    outgoing.on("response", (response) => resolve(response.statusCode as number));
    outgoing.on("close", () => resolve(0));
    outgoing.end();
  });
}

async function roundTrip(channel: TlsConnection): Promise<void> {
  await channel.write(new Uint8Array(5));
  expect((await channel.read())?.length).toBe(5);
}

describe("over TCP", () => {
  test("a client with too many handshakes is refused, and neither others nor its open connection", async () => {
    const { server, onError } = serverWith({ admission: { perAddress: { maxHandshakes: 3 } } });
    const port = portOf(await server.listenTcp());
    const open = await openOver(socketFrom("127.0.0.2", port));
    for (let i = 0; i < 3; i++) await once(socketFrom("127.0.0.2", port), "connect");
    await vi.waitFor(() => expect(server.connections.size).toBe(4), 60_000);
    const refused = socketFrom("127.0.0.2", port);
    await once(refused.resume(), "end");
    const other = await openOver(socketFrom("127.0.0.3", port));
    await roundTrip(other);
    await roundTrip(open);
    expect(onError).toHaveBeenCalledExactlyOnceWith(expect.objectContaining({ code: "overloaded" }), undefined);
  });

  test("the server's limit refuses everyone, until a connection ends", async () => {
    const { server } = serverWith({ admission: { maxConnections: 1 } });
    const port = portOf(await server.listenTcp());
    const open = await openOver(socketFrom("127.0.0.2", port));
    await expect(openOver(socketFrom("127.0.0.3", port))).rejects.toMatchObject({ fault: "transport" });
    await roundTrip(open);
    await open.close();
    await vi.waitFor(async () => roundTrip(await openOver(socketFrom("127.0.0.3", port))), 60_000);
  });

  test("handshakes beyond the rate of a client wait, and complete", async () => {
    const { server } = serverWith({ admission: { perAddress: { handshakeRate: 5 } } });
    const port = portOf(await server.listenTcp());
    const start = performance.now();
    const channels = await Promise.all(Array.from({ length: 8 }, () => openOver(socketFrom("127.0.0.2", port))));
    // Five may begin at once, and the others one after another. Only the lower bound holds on every machine.
    expect(performance.now() - start).toBeGreaterThan(500);
    for (const channel of channels) await roundTrip(channel);
  });

  test("no more calls of a signer are pending than `maxCalls`", async () => {
    let [pending, most] = [0, 0];
    const slow = {
      ...credential,
      sign: async (...args: Parameters<typeof credential.sign>) => {
        most = Math.max(most, ++pending);
        await new Promise((resolve) => setTimeout(resolve, 20));
        pending--;
        return credential.sign(...args);
      },
    };
    const { server } = serverWith({ credentials: slow, admission: { maxCalls: 2 } });
    const port = portOf(await server.listenTcp());
    await Promise.all(Array.from({ length: 8 }, () => openOver(socketFrom("127.0.0.2", port))));
    expect(most).toBe(2);
  });
});

describe("over WebSockets", () => {
  // A refused socket waits for its client, and a listener for the request, however slow this machine is.
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    return () => void vi.useRealTimers();
  });

  const listening = async (options: Partial<ServerOptions>, listen: ListenWebSocketOptions = {}) => {
    const served = serverWith(options);
    return { ...served, port: portOf(await served.server.listenWebSocket(listen)) };
  };

  test("a client beyond its limit gets 429, and one beyond the server's limit 503", async () => {
    const { port, server } = await listening({ admission: { maxConnections: 3, perAddress: { maxConnections: 2 } } });
    expect([await upgrade(port, "127.0.0.2"), await upgrade(port, "127.0.0.2")]).toEqual([101, 101]);
    expect(await upgrade(port, "127.0.0.2")).toBe(429);
    expect(await upgrade(port, "127.0.0.3")).toBe(101);
    expect(await upgrade(port, "127.0.0.4")).toBe(503);
    expect(server.connections.size).toBe(3);
  });

  test("behind a proxy, clients count by X-Forwarded-For if the user says so, and get 429", async () => {
    const { port, server } = await listening({ admission: { perAddress: { maxConnections: 1 } } }, { trustProxy: 1 });
    const from = (address: string): Promise<number> => upgrade(port, "127.0.0.1", { "x-forwarded-for": address });
    expect(await from("192.0.2.1")).toBe(101);
    expect(await from("192.0.2.1")).toBe(429);
    expect(await from("192.0.2.9, 192.0.2.1")).toBe(429);
    expect(await from("192.0.2.2")).toBe(101);
    expect([...server.connections].map(({ remoteAddress }) => remoteAddress)).toEqual(["192.0.2.1", "192.0.2.2"]);
  });

  test("without trustProxy, the header changes nothing", async () => {
    const { port, server } = await listening({ admission: { perAddress: { maxConnections: 1 } } });
    expect(await upgrade(port, "127.0.0.2", { "x-forwarded-for": "192.0.2.1" })).toBe(101);
    expect(await upgrade(port, "127.0.0.2", { "x-forwarded-for": "192.0.2.2" })).toBe(429);
    expect([...server.connections].map(({ remoteAddress }) => remoteAddress)).toEqual(["127.0.0.2"]);
  });

  test("behind a proxy, the server's limit answers 503", async () => {
    const { port } = await listening({ admission: { maxHandshakes: 1 } }, { trustProxy: () => "192.0.2.1" });
    expect(await upgrade(port, "127.0.0.1")).toBe(101);
    expect(await upgrade(port, "127.0.0.1")).toBe(503);
  });

  test.each<[string, () => unknown]>([
    [
      "throws",
      () => {
        throw new Error("no such header");
      },
    ],
    ["returns a promise", async () => "192.0.2.1"],
    ["returns a promise that rejects", () => Promise.reject(new Error("no such header"))],
    ["returns null", () => null],
    ["returns a list", () => ["192.0.2.1"]],
  ])("a function trustProxy that %s refuses the request", async (_, trustProxy) => {
    const { port, onError } = await listening({}, { trustProxy: trustProxy as () => string });
    expect(await upgrade(port, "127.0.0.1")).toBe(403);
    expect(onError).toHaveBeenCalledExactlyOnceWith(expect.objectContaining({ code: "hook_failed" }), undefined);
  });

  test("sockets that ask for nothing count as handshakes, and give back their place", async () => {
    const { port } = await listening({ admission: { perAddress: { maxHandshakes: 2 } } });
    const idle = [socketFrom("127.0.0.2", port), socketFrom("127.0.0.2", port)];
    for (const socket of idle) await once(socket, "connect");
    expect(await upgrade(port, "127.0.0.2")).toBe(429);
    expect(await upgrade(port, "127.0.0.3")).toBe(101);
    for (const socket of idle) socket.destroy();
    await vi.waitFor(async () => expect(await upgrade(port, "127.0.0.2")).toBe(101), 60_000);
  });

  test("a request that `allow` or ws refuses gives back its place", async () => {
    let isAllowed = false;
    const { port } = await listening({ admission: { perAddress: { maxConnections: 1 } } }, { allow: () => isAllowed });
    for (let i = 0; i < 3; i++) expect(await upgrade(port, "127.0.0.2")).toBe(403);
    isAllowed = true;
    for (let i = 0; i < 3; i++) expect(await upgrade(port, "127.0.0.2", { "sec-websocket-version": "7" })).toBe(400);
    await vi.waitFor(async () => expect(await upgrade(port, "127.0.0.2")).toBe(101), 60_000);
  });
});

test("a request for a WebSocket at another path is refused at once, so its socket cannot stay uncounted", async () => {
  const { server } = serverWith({});
  const port = portOf(await server.listenWebSocket({ port: 0, path: "/here" }));
  expect(await upgrade(port, "127.0.0.1", {}, "/else")).toBe(404);
  expect(await upgrade(port, "127.0.0.1", {}, "/here")).toBe(101);
});
