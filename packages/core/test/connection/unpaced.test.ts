/** A carrier that is closing throws away what it is given and says nothing: a writer that waits for nothing else must not keep the process from hearing of the end. */
import { accept, connect, type SendResult, type Transport, type TransportEvents } from "@handclasp/core";
import { memoryPair, testCa } from "@handclasp/testing";
import { expect, test } from "vitest";
import { nodeCredential } from "../../../node/src/crypto/credential.ts";
import { nodeCrypto } from "../../../node/src/crypto/nodeCrypto.ts";

const ca = await testCa();
const credential = nodeCredential(await ca.issue({ names: ["localhost"] }));

/** The same, until it closes: then it takes everything, and tells of its end by a timer. */
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
  { length: 262_144, most: 1024 },
  { length: 1, most: 500_000 },
])("a writer of $length bytes that never stops hears that the transport is gone", async ({ length, most }) => {
  const { a, b } = memoryPair();
  const transport = new Closing(b);
  const [client, server] = await Promise.all([
    connect(a, { provider: nodeCrypto, ca: ca.pem, serverName: "localhost" }),
    accept(transport, { provider: nodeCrypto, credentials: [credential] }),
  ]);
  transport.close();
  const bytes = new Uint8Array(length);
  let writes = 0;
  // Without a turn of the event loop, nothing would ever end this.
  const writing = (async () => {
    for (; writes < 4 * most; writes++) await server.write(bytes);
  })();
  await expect(writing).rejects.toMatchObject({ code: "transport_failed" });
  expect(writes).toBeLessThan(most);
  client.abort();
});
