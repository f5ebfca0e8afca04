/**
 * A transport that is closing discards its data without an error. Even in a loop that awaits nothing else, writes must
 * let the event loop run, so that the connection sees the transport's error.
 */
import { accept, connect, type SendResult, type Transport, type TransportEvents } from "@handclasp/core";
import { memoryPair, testCa } from "@handclasp/testing";
import { expect, test } from "vitest";
import { nodeCredential } from "../../../node/src/crypto/credential.ts";
import { nodeCrypto } from "../../../node/src/crypto/nodeCrypto.ts";

const ca = await testCa();
const credential = nodeCredential(await ca.issue({ names: ["localhost"] }));

/** Passes bytes and events on until it closes. After that, it discards data, and reports an error from a timer. */
class Closing implements Transport {
  readonly #inner: Transport;
  #events: TransportEvents | undefined;
  #closed = false;
  constructor(inner: Transport) {
    this.#inner = inner;
  }
  start(events: TransportEvents): void {
    this.#events = events;
    this.#inner.start(events);
  }
  send(bytes: Uint8Array): SendResult {
    return this.#closed ? "ok" : this.#inner.send(bytes);
  }
  pause(): boolean {
    return this.#inner.pause();
  }
  resume(): void {
    this.#inner.resume();
  }
  end(): void {}
  abort(): void {}
  close(): void {
    this.#closed = true;
    setTimeout(() => this.#events?.error(new Error("closed")), 5);
  }
}

test.each([
  { length: 262_144, maxWrites: 1024 },
  { length: 1, maxWrites: 500_000 },
])(
  "a long loop of writes of $length bytes ends with an error when the transport is gone",
  async ({ length, maxWrites }) => {
    const { a, b } = memoryPair();
    const transport = new Closing(b);
    const [client, server] = await Promise.all([
      connect(a, { provider: nodeCrypto, ca: ca.pem, serverName: "localhost" }),
      accept(transport, { provider: nodeCrypto, credentials: [credential] }),
    ]);
    transport.close();
    const bytes = new Uint8Array(length);
    let writes = 0;
    // If no write let the event loop run, this loop would make all its writes.
    const writing = (async () => {
      for (; writes < 4 * maxWrites; writes++) await server.write(bytes);
    })();
    await expect(writing).rejects.toMatchObject({ code: "transport_failed" });
    expect(writes).toBeLessThan(maxWrites);
    client.abort();
  },
);
