/**
 * A write whose promise is ignored must not end the process when the peer goes away. Node.js ends a process for an
 * unhandled rejection.
 */
import { accept, connect, type Transport, type TransportEvents } from "@handclasp/core";
import { memoryPair, testCa } from "@handclasp/testing";
import { expect, test } from "vitest";
import { nodeCredential } from "../../../node/src/crypto/credential.ts";
import { nodeCrypto } from "../../../node/src/crypto/nodeCrypto.ts";

const ca = await testCa();
const credential = nodeCredential(await ca.issue({ names: ["localhost"] }));
const nextTurn = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 10));

test.each([
  { what: "waits for room", writes: [65_536] },
  { what: "waits for another write", writes: [65_536, 1] },
])("an ignored write that $what causes no unhandled rejection when the connection ends", async ({ writes }) => {
  const unhandled: unknown[] = [];
  const listener = (error: unknown): void => void unhandled.push(error);
  const previousListeners = process.listeners("unhandledRejection");
  process.removeAllListeners("unhandledRejection").on("unhandledRejection", listener);
  try {
    const { a, b } = memoryPair();
    let isStuck = false;
    let events: TransportEvents | undefined;
    const transport: Transport = {
      start(transportEvents) {
        events = transportEvents;
        b.start(transportEvents);
      },
      send: (bytes) => (isStuck ? "full" : b.send(bytes)),
      pause: () => b.pause(),
      resume: () => b.resume(),
      end: () => b.end(),
      abort: (reason) => b.abort(reason),
    };
    const [client, server] = await Promise.all([
      connect(a, { provider: nodeCrypto, ca: ca.pem, serverName: "localhost" }),
      accept(transport, { provider: nodeCrypto, credentials: [credential] }),
    ]);
    isStuck = true;
    for (const length of writes) void server.write(new Uint8Array(length));
    await nextTurn();
    events?.error(new Error("reset"));
    await expect(server.closed).rejects.toMatchObject({ code: "transport_failed" });
    await nextTurn();
    client.abort();
    expect(unhandled).toEqual([]);
  } finally {
    process.removeListener("unhandledRejection", listener);
    for (const previousListener of previousListeners) process.on("unhandledRejection", previousListener);
  }
});
