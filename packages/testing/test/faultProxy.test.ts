import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import { type RawData, WebSocket, WebSocketServer } from "ws";
import { type Fault, type FaultProxyOptions, faultProxy } from "../src/faults/faultProxy.ts";

type Kind<T = Fault> = T extends Fault ? Omit<T, "from" | "after"> : never;

/** A record of application data with this content. */
const record = (...content: number[]): Buffer => Buffer.from([23, 3, 3, 0, content.length, ...content]);
const first = record(1, 2, 3);
const second = record(4, 5);
const third = record(6);
/** The second byte of the content of the second record. */
const after = first.length + 6;

const stops: (() => unknown)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
});

/** The messages that a server receives through the proxy: their bytes or their text. */
interface Received {
  readonly pieces: (number[] | string)[];
  /** "end", "reset", or the code of a WebSocket. */
  end: string | number | undefined;
}

async function throughTcp(fault?: Fault) {
  const received: Received = { pieces: [], end: undefined };
  const sockets: Socket[] = [];
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.push(socket);
    socket.on("data", (bytes) => received.pieces.push([...bytes]));
    socket.on("end", () => {
      received.end ??= "end";
    });
    socket.on("error", () => {
      received.end = "reset";
    });
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  stops.push(() => server.close());
  const target = (server.address() as AddressInfo).port;
  const proxy = await faultProxy({ target, transport: "tcp", ...(fault && { fault }) });
  stops.push(() => proxy.close());
  const client = connect({ port: proxy.port, host: "127.0.0.1", allowHalfOpen: true });
  client.on("error", () => {});
  await once(client, "connect");
  return { received, proxy, client, sockets, bytes: () => received.pieces.flat() };
}

async function throughWebSocket(fault?: Fault) {
  const received: Received = { pieces: [], end: undefined };
  const server = new WebSocketServer({ port: 0, host: "127.0.0.1" });
  await once(server, "listening");
  stops.push(() => server.close());
  server.on("connection", (socket) => {
    socket.on("message", (data: RawData, isBinary) =>
      received.pieces.push(isBinary ? [...(data as Buffer)] : (data as Buffer).toString()),
    );
    socket.on("close", (code) => {
      received.end ??= code;
    });
  });
  const target = (server.address() as AddressInfo).port;
  const proxy = await faultProxy({ target, transport: "ws", ...(fault && { fault }) });
  stops.push(() => proxy.close());
  const client = new WebSocket(`ws://127.0.0.1:${proxy.port}/`);
  client.on("error", () => {});
  await once(client, "open");
  return { received, proxy, client };
}

const at = (kind: Kind): Fault => ({ ...kind, from: "client", after });
const [a, b, c] = [first, second, third].map((one) => [...one]) as [number[], number[], number[]];

describe("over TCP, a fault in the second of three records:", () => {
  test.each<[Kind, number[]]>([
    [{ kind: "delay", ms: 1 }, [...a, ...b, ...c]],
    [{ kind: "split" }, [...a, ...b, ...c]],
    [{ kind: "slow", ms: 1 }, [...a, ...b, ...c]],
    [{ kind: "duplicate" }, [...a, ...b, ...b, ...c]],
    [{ kind: "reorder" }, [...a, ...c, ...b]],
    [{ kind: "flip" }, [...a, ...b.slice(0, -1), 4, ...c]],
    [{ kind: "drop", length: 3 }, [...a, ...b.slice(0, -1), ...c.slice(2)]],
  ])("%o, and then the end", async (kind, expected) => {
    const { received, client, bytes } = await throughTcp(at(kind));
    for (const one of [first, second, third]) client.write(one);
    client.end();
    await expect.poll(() => received.end).toBe("end");
    expect(bytes()).toEqual(expected);
  });

  test("truncate ends both sides after the bytes before it", async () => {
    const { received, client, bytes } = await throughTcp(at({ kind: "truncate" }));
    const ended = once(client, "end");
    client.resume();
    for (const one of [first, second, third]) client.write(one);
    await ended;
    await expect.poll(() => received.end).toBe("end");
    expect(bytes()).toEqual([...a, ...b.slice(0, -1)]);
  });

  test("halfOpen ends one direction, and the other one stays open", async () => {
    const { received, client, bytes, sockets } = await throughTcp(at({ kind: "halfOpen" }));
    for (const one of [first, second, third]) client.write(one);
    await expect.poll(() => received.end).toBe("end");
    expect(bytes()).toEqual([...a, ...b.slice(0, -1)]);
    sockets[0]?.write(third);
    expect([...((await once(client, "data"))[0] as Buffer)]).toEqual(c);
  });

  test("reset breaks both connections", async () => {
    const { received, client, sockets } = await throughTcp(at({ kind: "reset" }));
    const closed = new Promise((resolve) => client.once("close", resolve));
    client.write(first);
    client.write(second);
    await closed;
    await expect.poll(() => received.end).toBeDefined();
    // Node.js may send FIN before RST. The server then learns of the reset when it writes.
    await expect
      .poll(() => {
        sockets[0]?.write(third);
        return received.end;
      })
      .toBe("reset");
  });

  test("stall passes nothing more, not even the end, until the proxy closes", async () => {
    const { received, proxy, client, bytes } = await throughTcp(at({ kind: "stall" }));
    for (const one of [first, second, third]) client.write(one);
    client.end();
    await expect.poll(() => bytes().length).toBe(after);
    await expect.poll(() => proxy.bytesFrom("client")).toBeGreaterThanOrEqual(first.length + second.length);
    expect(received.end).toBeUndefined();
    await proxy.close();
    await expect.poll(() => received.end).toBeDefined();
    expect(bytes()).toHaveLength(after);
  });

  test("without a fault, all bytes pass in both directions", async () => {
    const { received, proxy, client, bytes, sockets } = await throughTcp();
    for (const one of [first, second, third]) client.write(one);
    await expect.poll(() => bytes().length).toBe(first.length + second.length + third.length);
    sockets[0]?.end(second);
    expect([...((await once(client, "data"))[0] as Buffer)]).toEqual(b);
    client.end();
    await expect.poll(() => received.end).toBe("end");
    expect(proxy.bytesFrom("client")).toBe(first.length + second.length + third.length);
    expect(proxy.bytesFrom("server")).toBe(second.length);
  });
});

describe("over a WebSocket, a fault in the second of three records:", () => {
  test.each<[Kind, (number[] | string)[]]>([
    [{ kind: "delay", ms: 1 }, [a, b, c]],
    [{ kind: "split" }, [a, b.slice(0, -1), [5], ...c.map((byte) => [byte])]],
    [{ kind: "slow", ms: 1 }, [a, b.slice(0, -1), [5], ...c.map((byte) => [byte])]],
    [{ kind: "flip" }, [a, [...b.slice(0, -1), 4], c]],
    [{ kind: "drop", length: 3 }, [a, b.slice(0, -1), c.slice(2)]],
    [{ kind: "duplicate" }, [a, b, b, c]],
    [{ kind: "reorder" }, [a, c, b]],
    [{ kind: "text" }, [a, "text", b, c]],
    [{ kind: "giant", length: 4 }, [a, [23, 23, 23, 23], b, c]],
  ])("%o, and then a Close with the client's code", async (kind, expected) => {
    const { received, client } = await throughWebSocket(at(kind));
    // The boundaries of messages do not matter.
    client.send(Buffer.concat([first, second]));
    client.send(third);
    client.close(4001);
    await expect.poll(() => received.end).toBe(4001);
    expect(received.pieces).toEqual(expected);
  });

  test.each([1001, 1011, 4000])("close with %i reaches both sides", async (code) => {
    const { received, client } = await throughWebSocket(at({ kind: "close", code }));
    const closed = once(client, "close");
    client.send(Buffer.concat([first, second, third]));
    expect((await closed)[0]).toBe(code);
    await expect.poll(() => received.end).toBe(code);
    expect(received.pieces).toEqual([a, b.slice(0, -1)]);
  });

  test("truncate closes both sides with 1000 after the bytes before it", async () => {
    const { received, client } = await throughWebSocket(at({ kind: "truncate" }));
    const closed = once(client, "close");
    client.send(Buffer.concat([first, second, third]));
    expect((await closed)[0]).toBe(1000);
    await expect.poll(() => received.end).toBe(1000);
    expect(received.pieces).toEqual([a, b.slice(0, -1)]);
  });

  test("reset breaks both connections without a Close", async () => {
    const { received, client } = await throughWebSocket(at({ kind: "reset" }));
    const closed = once(client, "close");
    client.send(Buffer.concat([first, second, third]));
    expect((await closed)[0]).toBe(1006);
    await expect.poll(() => received.end).toBe(1006);
    expect(received.pieces).toEqual([a]);
  });

  test("stall passes nothing more, not even the Close, until the proxy closes", async () => {
    const { received, proxy, client } = await throughWebSocket(at({ kind: "stall" }));
    client.send(Buffer.concat([first, second, third]));
    client.close(4001);
    await expect.poll(() => received.pieces).toEqual([a, b.slice(0, -1)]);
    await expect.poll(() => proxy.bytesFrom("client")).toBeGreaterThanOrEqual(first.length + second.length);
    expect(received.end).toBeUndefined();
    await proxy.close();
    await expect.poll(() => received.end).toBe(1006);
    expect(received.pieces).toEqual([a, b.slice(0, -1)]);
  });

  test("texts and empty messages pass", async () => {
    const { received, client } = await throughWebSocket();
    client.send("credit");
    client.send(Buffer.alloc(0));
    client.send(first);
    await expect.poll(() => received.pieces).toEqual(["credit", [], a]);
  });
});

describe("inject", () => {
  test("makes a fault in an open connection, counted from the next record", async () => {
    const { received, proxy, client } = await throughWebSocket();
    client.send(first);
    await expect.poll(() => received.pieces).toEqual([a]);
    proxy.inject({ kind: "flip", from: "client", after: 6 });
    client.send(second);
    client.send(third);
    await expect.poll(() => received.pieces).toEqual([a, [...b.slice(0, -1), 4], c]);
  });

  test("fails without an open connection", async () => {
    await using proxy = await faultProxy({ target: 1, transport: "tcp" });
    expect(() => proxy.inject({ kind: "stall", from: "server" })).toThrow("no open connection");
  });
});

describe("a wrong option is an error:", () => {
  test.each<[string, unknown, RegExp]>([
    ["an unknown one", { target: 1, transport: "ws", faults: {} }, /unknown option faults \(did you mean fault/],
    ["a missing target", { transport: "ws" }, /target: missing/],
    ["another transport", { target: 1, transport: "udp" }, /transport: a wrong string \(give "tcp" or "ws"/],
    [
      "an unknown kind",
      { target: 1, transport: "ws", fault: { kind: "flop", from: "client" } },
      /fault\.kind: unknown \(give one of delay, .*flip/,
    ],
    [
      "a missing length",
      { target: 1, transport: "ws", fault: { kind: "drop", from: "client" } },
      /fault\.length: missing/,
    ],
    [
      "an option of another kind",
      { target: 1, transport: "ws", fault: { kind: "flip", from: "client", ms: 1 } },
      /unknown option fault\.ms/,
    ],
    ["no options", undefined, /options: missing/],
  ])("%s", async (_, options, message) => {
    await expect(faultProxy(options as FaultProxyOptions)).rejects.toThrow(message);
  });
});
