/** Sockets that live on after their connection has ended. Timers stand still, so that they live as long as they can. */
import { once } from "node:events";
import { type AddressInfo, connect as connectSocket, type Socket } from "node:net";
import { Duplex } from "node:stream";
import {
  type AdmissionOptions,
  connect,
  createServer,
  type ListenWebSocketOptions,
  nodeCredential,
  type TlsConnection,
  tcpTransport,
} from "@handclasp/node";
import { testCa } from "@handclasp/testing";
import { beforeEach, describe, expect, onTestFinished, test, vi } from "vitest";
import { maxRefused, maxRefusedOfClient, refusalTimeout } from "../../src/admission/limits.ts";
import { RefusedSockets } from "../../src/admission/refusedSockets.ts";

const ca = await testCa();
const credentials = nodeCredential(await ca.issue());

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  return () => void vi.useRealTimers();
});

/** A socket that does not end its side when the server does. */
async function socketTo(port: number, localAddress = "127.0.0.2"): Promise<Socket> {
  const socket = connectSocket({ port, host: "127.0.0.1", localAddress, allowHalfOpen: true });
  socket.on("error", () => {});
  onTestFinished(() => void socket.destroy());
  await once(socket, "connect");
  return socket;
}

const upgradeRequest =
  "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
  "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n";

/** Seven bytes that are no TLS record. */
const rubbish = Buffer.alloc(7, 0xff);

async function sendRubbish(socket: Socket, carrier: "tcp" | "ws"): Promise<void> {
  if (carrier === "tcp") return void socket.write(rubbish);
  socket.write(upgradeRequest);
  await once(socket, "data");
  // A binary message with a mask of zeros (RFC 6455 §5.2).
  socket.write(Buffer.concat([Buffer.of(0x82, 0x80 | rubbish.length, 0, 0, 0, 0), rubbish]));
}

async function open(port: number, carrier: "tcp" | "ws"): Promise<TlsConnection> {
  const address = carrier === "tcp" ? tcpTransport(await socketTo(port, "127.0.0.1")) : `ws://127.0.0.1:${port}/`;
  const channel = await connect(address, { ca: ca.pem, serverName: "localhost" });
  onTestFinished(() => channel.close().catch(() => {}));
  return channel;
}

test.each(["tcp", "ws"] as const)(
  "over %s, a connection that has ended counts until its socket closes",
  async (carrier) => {
    const perAddress = { maxConnections: 2, maxHandshakes: 1 };
    let onEnd = (): void => {};
    const ended = new Promise<void>((resolve) => (onEnd = resolve));
    const server = createServer({ credentials, admission: { perAddress }, onError: () => onEnd() }, async (channel) => {
      for await (const _ of channel);
    });
    const listener = await (carrier === "tcp" ? server.listenTcp() : server.listenWebSocket());
    onTestFinished(async () => {
      vi.useRealTimers();
      await server.close({ grace: 0 });
    });
    const { port } = listener.address() as AddressInfo;
    const lingering = await socketTo(port, "127.0.0.1");
    await sendRubbish(lingering, carrier);
    lingering.resume();
    await ended;
    // Its place as a handshake is free, and its place as a connection is not.
    await open(port, carrier);
    await expect(open(port, carrier)).rejects.toThrow();
    lingering.destroy();
    await vi.waitFor(() => open(port, carrier), 60_000);
  },
);

describe("refused sockets", () => {
  const requestFor = (path: string): string => upgradeRequest.replace(" / ", ` ${path} `);

  async function listening(options: ListenWebSocketOptions = {}, admission: AdmissionOptions = {}) {
    const server = createServer({ credentials, admission, onError: () => {} }, () => {});
    const listener = await server.listenWebSocket(options);
    onTestFinished(async () => {
      vi.useRealTimers();
      await server.close({ grace: 0 });
    });
    return { listener, port: (listener.address() as AddressInfo).port };
  }

  /** The status, or `undefined` without an answer. The client does not end its side. */
  async function statusOf(port: number, localAddress: string, request: string): Promise<string | undefined> {
    const socket = await socketTo(port, localAddress);
    let answer = "";
    socket.on("data", (bytes) => (answer += bytes));
    socket.write(request);
    await Promise.race([once(socket, "end"), once(socket, "close")]);
    return /^HTTP\/1\.1 (\d+) /.exec(answer)?.[1];
  }

  test("a client gets an answer for sixteen, and others go on to get theirs", async () => {
    const { port } = await listening();
    const ask = (address: string) => statusOf(port, address, requestFor("/else"));
    for (let i = 0; i < maxRefusedOfClient; i++) expect(await ask("127.0.0.2")).toBe("404");
    expect(await ask("127.0.0.2")).toBeUndefined();
    expect(await ask("127.0.0.3")).toBe("404");
    vi.advanceTimersByTime(refusalTimeout);
    await vi.waitFor(async () => expect(await ask("127.0.0.2")).toBe("404"), 60_000);
  });

  test("behind a proxy, more than sixteen of all its clients get an answer", async () => {
    const { port } = await listening({ trustProxy: 1 });
    for (let i = 0; i <= maxRefusedOfClient; i++)
      expect(await statusOf(port, "127.0.0.2", requestFor("/else"))).toBe("404");
  });

  test.each(["its client closes", "the grace period of the listener ends"])(
    "one beyond a limit gets its answer before it asks, and stays open until %s",
    async (end) => {
      const { port, listener } = await listening({}, { perAddress: { maxHandshakes: 1 } });
      const first = await socketTo(port, "127.0.0.2");
      const second = await socketTo(port, "127.0.0.2");
      let answer = "";
      second.on("data", (bytes) => (answer += bytes));
      await once(second, "end");
      expect(answer).toMatch(/^HTTP\/1\.1 429 .*\r\nRetry-After: 1\r\nConnection: close\r\n.*\r\n\r\n$/s);
      // The listener reads and drops what comes then. Otherwise it would not see the end.
      second.write(upgradeRequest);
      first.destroy();
      const closed = listener.close(0);
      if (end === "its client closes") second.end();
      else vi.advanceTimersByTime(0);
      await closed;
    },
  );

  test("the answers of a server are limited, for all clients together and for unknown ones", async () => {
    const refused = new RefusedSockets();
    const refuse = (address: string | undefined): Duplex => {
      const socket = new Duplex({ read() {}, write: (_chunk, _encoding, done) => done() });
      refused.refuse(socket, "no", address);
      return socket;
    };
    const sockets = Array.from({ length: maxRefused }, (_, i) => refuse(i % 2 ? `192.0.2.${i}` : undefined));
    expect(sockets.some(({ destroyed }) => destroyed)).toBe(false);
    expect([refuse("198.51.100.1").destroyed, refuse(undefined).destroyed]).toEqual([true, true]);
    const [first] = sockets;
    first?.destroy();
    await once(first as Duplex, "close");
    expect([refuse("198.51.100.1").destroyed, refuse(undefined).destroyed]).toEqual([false, true]);
    refused.destroyAll();
    expect(sockets.every(({ destroyed }) => destroyed)).toBe(true);
  });
});
