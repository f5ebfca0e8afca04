/**
 * After both sides have closed, a peer that goes on sending does not keep the socket open. The clock is virtual, and
 * the sockets are real.
 */
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { listenTcp, tcpTransport } from "@handclasp/node";
import { afterEach, describe, expect, test, vi } from "vitest";

const open: { destroy(): void }[] = [];
afterEach(() => {
  vi.useRealTimers();
  for (const socket of open.splice(0)) socket.destroy();
});

/** The two sockets of a connection. */
async function sockets(): Promise<[accepted: Socket, connected: Socket]> {
  const server = createServer({ allowHalfOpen: true }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const accepting = once(server, "connection") as Promise<[Socket]>;
  const connected = connect({ port: (server.address() as AddressInfo).port, host: "127.0.0.1", allowHalfOpen: true });
  const [accepted] = await accepting;
  server.close();
  connected.on("error", () => {});
  open.push(accepted, connected);
  return [accepted, connected];
}

const pass = async (ms: number): Promise<void> => void (await vi.advanceTimersByTimeAsync(ms));

test("after `end`, a byte every 10 s from the peer does not keep the socket open", async () => {
  const [accepted, peer] = await sockets();
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  const transport = tcpTransport(accepted);
  transport.start({ data: () => {}, drain: () => {}, end: () => {}, error: () => {} });
  transport.end();
  let arrived = 0;
  for (let seconds = 0; seconds <= 60 && !accepted.destroyed; seconds += 10) {
    peer.write(Uint8Array.of(1));
    arrived++;
    // Waits until the byte was read, or the socket was destroyed.
    while (accepted.bytesRead < arrived && !accepted.destroyed) await new Promise((resolve) => setImmediate(resolve));
    await pass(10_000);
  }
  expect(accepted.destroyed).toBe(true);
});

test("after `closeWrite` and `end`, a peer that does not end has 5 s", async () => {
  const [accepted, peer] = await sockets();
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  const transport = tcpTransport(accepted);
  transport.start({ data: () => {}, drain: () => {}, end: () => {}, error: () => {} });
  transport.closeWrite?.();
  peer.resume();
  await once(peer, "end");
  while (!accepted.writableFinished) await new Promise((resolve) => setImmediate(resolve));
  await pass(60_000);
  expect(accepted.destroyed).toBe(false);
  transport.end();
  await pass(4_900);
  expect(accepted.destroyed).toBe(false);
  await pass(200);
  expect(accepted.destroyed).toBe(true);
});

test("after `end`, a peer has time to end its side", async () => {
  const [accepted, peer] = await sockets();
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  const transport = tcpTransport(accepted);
  let ended = false;
  transport.start({ data: () => {}, drain: () => {}, end: () => (ended = true), error: () => {} });
  transport.end();
  await pass(1_000);
  expect(accepted.destroyed).toBe(false);
  peer.resume().end();
  while (!ended) await new Promise((resolve) => setImmediate(resolve));
  expect(ended).toBe(true);
});

describe("after `end`, with bytes that the peer has not read", () => {
  const part = 2 ** 25;
  const waitUntil = async (condition: () => boolean): Promise<void> => {
    while (!condition()) await new Promise((resolve) => setImmediate(resolve));
  };

  /** Our side has ended, and two parts wait in the socket, which are more than the kernel accepts. */
  async function queued() {
    const [accepted, peer] = await sockets();
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    const transport = tcpTransport(accepted);
    transport.start({ data: () => {}, drain: () => {}, end: () => {}, error: () => {} });
    peer.pause();
    for (let i = 0; i < 2; i++) transport.send(new Uint8Array(part));
    transport.end();
    /** Lets the peer read until at most `left` bytes are unsent. */
    const readDownTo = async (left: number): Promise<void> => {
      peer.resume();
      await waitUntil(() => accepted.writableLength <= left);
      peer.pause();
    };
    return { accepted, peer, readDownTo };
  }

  test("the socket stays open while the peer reads, and for 5 s after the last byte", async () => {
    const { accepted, peer, readDownTo } = await queued();
    await pass(29_000);
    expect(accepted.destroyed).toBe(false);
    await readDownTo(part);
    await pass(29_000);
    expect(accepted.destroyed).toBe(false);
    peer.resume();
    await waitUntil(() => accepted.writableFinished);
    await pass(4_900);
    expect(accepted.destroyed).toBe(false);
    await pass(200);
    expect(accepted.destroyed).toBe(true);
  });

  test("the socket stays open while the peer reads a part of one batch of writes", async () => {
    const [accepted, peer] = await sockets();
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    const transport = tcpTransport(accepted);
    transport.start({ data: () => {}, drain: () => {}, end: () => {}, error: () => {} });
    peer.pause();
    for (let i = 0; i < 8; i++) transport.send(new Uint8Array(part));
    transport.end();
    const arrived = peer.bytesRead;
    // The first write is sent, and the other seven are the batch.
    peer.resume();
    await waitUntil(() => peer.bytesRead > arrived + part * 2);
    peer.pause();
    const batch = accepted.writableLength;
    await pass(29_900);
    peer.resume();
    await waitUntil(() => peer.bytesRead > arrived + part * 4);
    peer.pause();
    expect(accepted.writableLength).toBe(batch);
    await pass(29_900);
    expect(accepted.destroyed).toBe(false);
  });

  test("the socket is destroyed after 30 s in which the peer reads nothing", async () => {
    const { accepted } = await queued();
    await pass(29_900);
    expect(accepted.destroyed).toBe(false);
    await pass(200);
    expect(accepted.destroyed).toBe(true);
  });
});

describe.runIf(Symbol.asyncDispose)("Symbol.asyncDispose of a listener", () => {
  test("closes the listener, and does not reject", async () => {
    const listener = await listenTcp({}, () => {});
    const { port } = listener.address() as AddressInfo;
    await listener[Symbol.asyncDispose]();
    await listener[Symbol.asyncDispose]();
    const [error] = (await once(connect({ port, host: "127.0.0.1" }), "error")) as [NodeJS.ErrnoException];
    expect(error.code).toBe("ECONNREFUSED");
  });
});
