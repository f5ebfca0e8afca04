/** Sockets that live on after their connection has ended. Timers stand still, so that they live as long as they can. */
import { once } from "node:events";
import { type AddressInfo, connect as connectSocket, type Socket } from "node:net";
import { connect, createServer, nodeCredential, type TlsConnection, tcpTransport } from "@handclasp/node";
import { testCa } from "@handclasp/testing";
import { beforeEach, expect, onTestFinished, test, vi } from "vitest";

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
