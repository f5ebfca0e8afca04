/**
 * ws accepts any stream as its socket. Many streams call back from a write while they still use its bytes: a
 * multiplexer, a throttle, a PassThrough.
 */
import { createServer as createHttpServer } from "node:http";
import type { AddressInfo } from "node:net";
import { Duplex } from "node:stream";
import { connect, createServer, nodeCredential, webSocketTransport } from "@handclasp/node";
import { testCa } from "@handclasp/testing";
import { expect, test } from "vitest";
import { WebSocketServer } from "ws";

const ca = await testCa();
const credential = nodeCredential(await ca.issue({ names: ["localhost", "127.0.0.1"] }));

class DelayedStream extends Duplex {
  readonly #inner: Duplex;
  constructor(inner: Duplex) {
    super();
    this.#inner = inner;
    inner.on("data", (bytes) => void this.push(bytes)).on("end", () => void this.push(null));
    inner.on("error", (error) => void this.destroy(error));
  }
  override _read(): void {}
  override _write(bytes: Buffer, _: string, done: () => void): void {
    setTimeout(() => this.#inner.write(bytes), 5);
    done();
  }
  override _final(done: () => void): void {
    setTimeout(() => this.#inner.end(done), 10);
  }
}

test("the bytes of a write do not change while a stream still uses them", async () => {
  const server = createServer({ credentials: [credential] }, async (channel) => {
    for (let i = 0; i < 20; i++) await channel.write(new Uint8Array(100_000).fill(i));
    await channel.close();
  });
  const http = createHttpServer();
  const sockets = new WebSocketServer({ noServer: true, perMessageDeflate: false, maxPayload: 2 ** 20 });
  http.on("upgrade", (request, socket, head) =>
    sockets.handleUpgrade(request, new DelayedStream(socket), head, (ws) => void server.accept(webSocketTransport(ws))),
  );
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  const { port } = http.address() as AddressInfo;
  try {
    const channel = await connect(`ws://127.0.0.1:${port}/`, { ca: ca.pem });
    let received = 0;
    for await (const bytes of channel) received += bytes.length;
    expect(received).toBe(2_000_000);
  } finally {
    http.close();
    http.closeAllConnections();
  }
});
