import type { AddressInfo } from "node:net";
import { connect, createServer, nodeCredential, type TlsConnection } from "@handclasp/node";
import { testCa } from "@handclasp/testing";
import { expect, test } from "vitest";

const ca = await testCa();
const credentials = nodeCredential(await ca.issue());

test.each(["ws", "tcp"])("over %s, each side has the remote address of the other", async (scheme) => {
  let accepted = (_: TlsConnection): void => {};
  const arrived = new Promise<TlsConnection>((resolve) => (accepted = resolve));
  const server = createServer({ credentials }, (connection) => accepted(connection));
  const listener = await (scheme === "ws" ? server.listenWebSocket() : server.listenTcp());
  const { port } = listener.address() as AddressInfo;
  const channel = await connect(`${scheme}://127.0.0.1:${port}`, { ca: ca.pem });
  expect(channel.remoteAddress).toBe("127.0.0.1");
  expect((await arrived).remoteAddress).toBe("127.0.0.1");
  await channel.close();
  await server.close();
});
