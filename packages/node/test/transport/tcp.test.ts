import { connect, type Socket } from "node:net";
import type { Transport } from "@handclasp/core";
import { transportContract } from "@handclasp/testing";
import { describe, expect, test } from "vitest";
import { listenTcp } from "../../src/transport/listenTcp.ts";
import { connectTcp, tcpTransport } from "../../src/transport/tcp.ts";

async function server() {
  let accept: (accepted: { transport: Transport; socket: Socket }) => void;
  const accepted = new Promise<{ transport: Transport; socket: Socket }>((resolve) => (accept = resolve));
  const listener = await listenTcp({}, (transport, socket) => accept({ transport, socket }));
  const { port } = listener.address() as { port: number };
  return { accepted, listener, port };
}

transportContract({ describe, test }, "TCP", async () => {
  const { accepted, listener, port } = await server();
  const client = connect({ port, host: "127.0.0.1" });
  const a = tcpTransport(client);
  const { transport: b, socket } = await accepted;
  const reset = () => void socket.resetAndDestroy();
  return { a, b, reset, endHalf: () => void client.end(), cleanup: () => listener.close(100) };
});

describe("tcpTransport", () => {
  test("keeps bytes that are sent while it connects, and ends after them", async () => {
    const { accepted, listener, port } = await server();
    const client = connectTcp({ port, host: "127.0.0.1" });
    client.start({ data() {}, drain() {}, end() {}, error() {} });
    client.send(new Uint8Array([1, 2, 3]));
    client.end();
    const { transport } = await accepted;
    const received: number[] = [];
    await new Promise<void>((resolve, reject) =>
      transport.start({ data: (bytes) => received.push(...bytes), drain() {}, end: resolve, error: reject }),
    );
    expect(received).toEqual([1, 2, 3]);
    transport.end();
    await listener.close();
  });

  test("a refused connection is an error event", async () => {
    const { listener, port } = await server();
    await listener.close();
    const error = await new Promise((resolve) =>
      connectTcp({ port, host: "127.0.0.1" }).start({ data() {}, drain() {}, end() {}, error: resolve }),
    );
    expect(error).toMatchObject({ code: "connection_refused", fault: "transport" });
  });

  test("the last bytes before abort arrive although the peer's bytes were never read", async () => {
    const { accepted, listener, port } = await server();
    const client = connect({ port, host: "127.0.0.1", allowHalfOpen: true });
    client.write(new Uint8Array(300_000));
    const { transport } = await accepted;
    await new Promise((resolve) => setTimeout(resolve, 50));
    transport.send(new Uint8Array([21, 3, 3, 0, 2, 2, 40]));
    transport.abort("handshake_failure");
    const alert = await new Promise((resolve, reject) => client.on("data", resolve).on("error", reject));
    expect([...(alert as Buffer)]).toEqual([21, 3, 3, 0, 2, 2, 40]);
    client.end();
    await listener.close();
  });

  test("after abort, a peer that never ends is disconnected after 2 s", async () => {
    const { accepted, listener, port } = await server();
    const client = connect({ port, host: "127.0.0.1", allowHalfOpen: true });
    client.on("error", () => {});
    const { transport, socket } = await accepted;
    const start = Date.now();
    transport.abort("no");
    await new Promise((resolve) => socket.on("close", resolve));
    expect(Date.now() - start).toBeGreaterThan(1000);
    client.destroy();
    await listener.close();
  });
});

describe("listenTcp", () => {
  test("listens on the loopback by default", async () => {
    const { listener } = await server();
    expect(listener.address()).toMatchObject({ address: "127.0.0.1" });
    await listener.close();
  });

  test("rejects if the port is in use", async () => {
    const { listener, port } = await server();
    await expect(listenTcp({ port }, () => {})).rejects.toMatchObject({ code: "address_in_use" });
    await listener.close();
  });

  test("close waits for connections for the grace period, then destroys them", async () => {
    const { accepted, listener, port } = await server();
    const client = connect({ port, host: "127.0.0.1" });
    await accepted;
    const closed = new Promise((resolve) => client.on("close", resolve).on("error", () => {}));
    const start = Date.now();
    await listener.close(100);
    expect(Date.now() - start).toBeGreaterThanOrEqual(95);
    await closed;
  });
});
