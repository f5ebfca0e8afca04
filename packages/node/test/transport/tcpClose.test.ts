/**
 * `close()` of a channel ends our side of the TCP connection after close_notify, and leaves the peer's side open. No
 * timer decides the result: without the expected event, a test hangs.
 */

import { once } from "node:events";
import { type AddressInfo, connect as connectSocket, createServer, type Socket } from "node:net";
import { type AcceptOptions, connect, type TlsConnection } from "@handclasp/core";
import { acceptWith, serverHandshakeConfig } from "@handclasp/core/unstable/engine";
import { nodeCredential, nodeCrypto, tcpTransport } from "@handclasp/node";
import { testCa } from "@handclasp/testing";
import { afterEach, describe, expect, test } from "vitest";

const ca = await testCa();
const credential = nodeCredential(await ca.issue());
/** A timeout in milliseconds that no test reaches. */
const farTimeout = 3_600_000;

const open: { destroy(): void }[] = [];
afterEach(() => {
  for (const socket of open.splice(0)) socket.destroy();
});

/** A client and a server over TCP whose close timeouts never pass, and the server's socket. */
async function channels(): Promise<{ client: TlsConnection; server: TlsConnection; socket: Socket }> {
  const listener = createServer({ allowHalfOpen: true }).listen(0, "127.0.0.1");
  await once(listener, "listening");
  const accepting = once(listener, "connection") as Promise<[Socket]>;
  const { port } = listener.address() as AddressInfo;
  const connected = connectSocket({ port, host: "127.0.0.1", allowHalfOpen: true });
  const [socket] = await accepting;
  listener.close();
  open.push(socket, connected);
  const options: AcceptOptions = {
    provider: nodeCrypto,
    credentials: [credential],
    closeTimeout: farTimeout,
    allowHalfOpen: true,
  };
  const server = acceptWith(serverHandshakeConfig(options), tcpTransport(socket), options);
  const client = await connect(tcpTransport(connected), {
    provider: nodeCrypto,
    ca: ca.pem,
    serverName: "localhost",
    closeTimeout: farTimeout,
  });
  await server.opened;
  return { client, server, socket };
}

describe("close()", () => {
  test("ends our side of TCP before the peer answers, and ignores bytes that the peer still sends", async () => {
    const { client, server, socket } = await channels();
    const ended = once(socket, "end");
    const closed = client.close();
    await ended;
    expect(await server.read()).toBeUndefined();
    await server.write(new Uint8Array(300_000));
    await server.close();
    await closed;
  });

  test("rejects with truncated if the peer answers with FIN only", async () => {
    const { client, socket } = await channels();
    const closed = client.close();
    await once(socket, "end");
    socket.end();
    await expect(closed).rejects.toMatchObject({ code: "truncated" });
  });
});

test("closeWrite() leaves TCP open, because a peer without allowHalfOpen would close on FIN", async () => {
  const { client, server, socket } = await channels();
  let ended = false;
  socket.on("end", () => (ended = true));
  await client.closeWrite();
  expect(await server.read()).toBeUndefined();
  await server.write(Uint8Array.of(7));
  expect(await client.read()).toEqual(Uint8Array.of(7));
  expect(ended).toBe(false);
  await server.close();
  await client.closed;
});
