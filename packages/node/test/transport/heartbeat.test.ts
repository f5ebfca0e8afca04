/** The pings of a server's WebSocket, which end it if the peer does not answer. */
import { EventEmitter, once } from "node:events";
import { type AddressInfo, Socket } from "node:net";
import {
  connect,
  createServer,
  listenWebSocket,
  nodeCredential,
  type Transport,
  webSocketTransport,
} from "@handclasp/node";
import { testCa } from "@handclasp/testing";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { WebSocket } from "ws";
import { Heartbeat, type HeartbeatOptions, heartbeatOf } from "../../src/transport/heartbeat.ts";

const eventually = (check: () => void): Promise<void> => vi.waitFor(check, { timeout: 60_000 });

/** A WebSocket over a socket whose numbers of bytes a test sets. */
class FakeWebSocket extends EventEmitter {
  readonly OPEN = 1;
  readyState = 1;
  isPaused = false;
  /** Called when a ping is sent. */
  onPing: () => void = () => {};
  pings = 0;
  readonly _socket: unknown;

  constructor(socket: unknown) {
    super();
    this._socket = socket;
  }
  ping(): void {
    this.pings++;
    this.onPing();
  }
}

interface Counts {
  bytesRead: number;
  /** The bytes that Node.js has given to the kernel, and those of them that wait for room. */
  dispatched: number;
  waiting: number;
}

function beating(options?: HeartbeatOptions, counts?: Counts) {
  const socket =
    counts &&
    Object.create(Socket.prototype, {
      bytesRead: { get: () => counts.bytesRead },
      _bytesDispatched: { get: () => counts.dispatched },
      _handle: { get: () => ({ writeQueueSize: counts.waiting }) },
    });
  const ws = new FakeWebSocket(socket ?? {});
  const errors: unknown[] = [];
  const heartbeat = new Heartbeat(ws as unknown as WebSocket, heartbeatOf(options) as Required<HeartbeatOptions>, {
    fail: (error) => void errors.push(error.code),
  });
  return { ws, heartbeat, errors };
}
const noBytes = (): Counts => ({ bytesRead: 0, dispatched: 0, waiting: 0 });

describe("a heartbeat", () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] }));
  afterEach(() => void vi.useRealTimers());
  /** Advances the clock, and lets the callbacks of setImmediate run, as Node.js does after it has read. */
  const pass = async (ms: number, onTimers: () => void = () => {}): Promise<void> => {
    vi.advanceTimersByTime(ms);
    onTimers();
    for (let i = 0; i < 3; i++) await new Promise((resolve) => setImmediate(resolve));
  };

  test("pings every 30 s by default, and ends a peer that gives no sign of life for 30 s after a ping", async () => {
    const { ws, errors } = beating(undefined, noBytes());
    await pass(29_900);
    expect(ws.pings).toBe(0);
    await pass(200);
    expect(ws.pings).toBe(1);
    await pass(29_800);
    expect(errors).toEqual([]);
    await pass(200);
    expect([errors, ws.pings]).toEqual([["peer_unresponsive"], 1]);
  });

  test("takes any byte for an answer", async () => {
    const counts = noBytes();
    const { ws, errors } = beating(undefined, counts);
    ws.onPing = () => {
      counts.bytesRead++;
    };
    for (let i = 1; i <= 10; i++) {
      await pass(30_000);
      // The answer comes after the ping was sent.
      expect([ws.pings, errors]).toEqual([i, []]);
      ws.onPing = () => void setTimeout(() => counts.bytesRead++, 20_000);
    }
    ws.onPing = () => {};
    await pass(60_000);
    expect(errors).toEqual(["peer_unresponsive"]);
  });

  test("counts messages and pongs if the stream does not count its bytes", async () => {
    const { ws, errors } = beating(undefined);
    for (const event of ["pong", "message", "ping"]) {
      ws.onPing = () => void setTimeout(() => ws.emit(event), 10);
      await pass(30_000);
    }
    await pass(29_900);
    expect([ws.pings, errors]).toEqual([3, []]);
    ws.onPing = () => {};
    await pass(30_100 + 30_000);
    expect(errors).toEqual(["peer_unresponsive"]);
  });

  test.each([
    [{ interval: 10, timeout: 100 }, [10, 20, 30, 40, 50, 60, 70, 80, 90, 100], 110],
    [{ interval: 100, timeout: 10 }, [100], 110],
    [{ interval: 40, timeout: 100 }, [40, 80, 120], 140],
  ])("with %j pings at %j ms, and ends at %i ms", async (options, expectedPings, expectedEnd) => {
    const { ws, errors } = beating(options, noBytes());
    let now = 0;
    const pings: number[] = [];
    ws.onPing = () => pings.push(now);
    while (!errors.length && now < 1_000) {
      now++;
      await pass(1);
    }
    expect([pings, now]).toEqual([expectedPings, expectedEnd]);
  });

  test("reads what the kernel holds before it ends the peer, for example after the process was stopped", async () => {
    const counts = noBytes();
    const { errors } = beating(undefined, counts);
    await pass(30_000);
    await pass(30_000, () => counts.bytesRead++);
    expect(errors).toEqual([]);
    await pass(60_000);
    expect(errors).toEqual(["peer_unresponsive"]);
  });

  test("lets the time not run while this side does not read", async () => {
    const counts = noBytes();
    const { ws, errors } = beating(undefined, counts);
    await pass(40_000);
    ws.isPaused = true;
    await pass(300_000);
    expect([errors, ws.pings > 5]).toEqual([[], true]);
    ws.isPaused = false;
    await pass(30_000);
    expect(errors).toEqual([]);
    await pass(60_000);
    expect(errors).toEqual(["peer_unresponsive"]);
  });

  test("spares a peer that takes our bytes slowly, and ends one that takes none", async () => {
    const counts = { bytesRead: 0, dispatched: 5_000_000, waiting: 1_000_000 };
    const { errors } = beating(undefined, counts);
    for (let i = 0; i < 10; i++) {
      await pass(30_000);
      counts.waiting -= 1_000;
    }
    expect(errors).toEqual([]);
    await pass(90_000);
    expect(errors).toEqual(["peer_unresponsive"]);
  });

  test("ends a peer that has gone although the kernel still takes what we send", async () => {
    const counts = noBytes();
    const { errors } = beating(undefined, counts);
    for (let i = 0; i < 61; i++) {
      counts.dispatched += 1_000;
      await pass(1_000);
    }
    expect(errors).toEqual(["peer_unresponsive"]);
  });

  test("does not keep the process alive", () => {
    vi.useRealTimers();
    const timers = vi.spyOn(globalThis, "setTimeout");
    beating(undefined, noBytes()).heartbeat.stop();
    expect(timers.mock.results.map(({ value }) => (value as NodeJS.Timeout).hasRef())).toEqual([false]);
    timers.mockRestore();
  });

  test("stops with the WebSocket", async () => {
    const { ws, heartbeat, errors } = beating(undefined, noBytes());
    heartbeat.stop();
    await pass(100_000);
    expect([ws.pings, vi.getTimerCount()]).toEqual([0, 0]);
    const other = beating({ interval: 30_000, timeout: 500_000 }, noBytes());
    await pass(30_000);
    other.ws.readyState = 2;
    await pass(100_000);
    expect([other.ws.pings, errors, other.errors, vi.getTimerCount()]).toEqual([1, [], [], 0]);
  });
});

test.each([true, 5, "yes", null, { interval: 0 }, { timeout: "1" }, { intervall: 5 }])(
  "listenWebSocket refuses heartbeat: %j",
  async (heartbeat) => {
    await expect(listenWebSocket({ heartbeat } as never, () => {})).rejects.toMatchObject({
      code: "configuration",
      message: expect.stringContaining("heartbeat"),
    });
  },
);

describe("a listener", () => {
  const cleanups: (() => unknown)[] = [];
  afterEach(async () => {
    for (const cleanup of cleanups.splice(0)) await cleanup();
  });

  async function listen(heartbeat: HeartbeatOptions | false | undefined, client: { autoPong: boolean }) {
    const errors: string[] = [];
    const events = {
      data() {},
      drain() {},
      end() {},
      error: (error: Error) => errors.push((error as { code: string } & Error).code),
    };
    const transports: Transport[] = [];
    const listener = await listenWebSocket({ ...(heartbeat !== undefined && { heartbeat }) }, (transport) => {
      transports.push(transport);
      transport.start(events);
    });
    cleanups.push(() => listener.close(0));
    const ws = new WebSocket(`ws://127.0.0.1:${(listener.address() as AddressInfo).port}/`, client);
    ws.on("error", () => {});
    cleanups.push(() => ws.terminate());
    await once(ws, "open");
    return { ws, errors };
  }

  test("ends a WebSocket whose peer does not answer", async () => {
    const { ws, errors } = await listen({ interval: 10, timeout: 50 }, { autoPong: false });
    await once(ws, "close");
    expect(errors).toEqual(["peer_unresponsive"]);
  });

  test("keeps one whose peer answers", async () => {
    const { ws, errors } = await listen({ interval: 5, timeout: 60_000 }, { autoPong: true });
    let pings = 0;
    ws.on("ping", () => pings++);
    await eventually(() => expect(pings).toBeGreaterThan(20));
    expect([errors, ws.readyState]).toEqual([[], WebSocket.OPEN]);
  });

  test("has a timer for a WebSocket unless heartbeat is false", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    try {
      await listen(false, { autoPong: true });
      const before = vi.getTimerCount();
      const { ws } = await listen(undefined, { autoPong: true });
      expect(vi.getTimerCount()).toBe(before + 1);
      ws.terminate();
      // Without the WebSocket, there is no timer either.
      while (vi.getTimerCount() > before) await new Promise((resolve) => setImmediate(resolve));
    } finally {
      vi.useRealTimers();
    }
  });

  test("of a server reports peer_unresponsive to onError", async () => {
    const ca = await testCa();
    const onError = vi.fn();
    const server = createServer({ credentials: nodeCredential(await ca.issue()), onError }, () => {});
    cleanups.push(() => server.close({ grace: 0 }));
    const listener = await server.listenWebSocket({ heartbeat: { interval: 50, timeout: 50 } });
    const { port } = listener.address() as AddressInfo;
    const ws = new WebSocket(`ws://127.0.0.1:${port}/`, { autoPong: false, perMessageDeflate: false });
    const channel = await connect(webSocketTransport(ws), { ca: ca.pem, serverName: "localhost" });
    await expect(channel.closed).rejects.toMatchObject({ code: "connection_lost" });
    await eventually(() => expect(onError.mock.calls.map(([{ code }]) => code)).toEqual(["peer_unresponsive"]));
  });
});
