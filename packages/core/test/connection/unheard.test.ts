/** A write that nobody waits for must not end the process when the peer goes away: Node does so for a rejection that nobody hears. */
import { accept, connect, type Transport, type TransportEvents } from "@handclasp/core";
import { memoryPair, testCa } from "@handclasp/testing";
import { expect, test } from "vitest";
import { nodeCredential } from "../../../node/src/crypto/credential.ts";
import { nodeCrypto } from "../../../node/src/crypto/nodeCrypto.ts";

const ca = await testCa();
const credential = nodeCredential(await ca.issue({ names: ["localhost"] }));
const turn = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 10));

test.each([
  { what: "waits for room", writes: [65_536] },
  { what: "waits behind another", writes: [65_536, 1] },
])(
  "a write that $what, and that nobody waits for, ends with the connection and without an unhandled rejection",
  async ({ writes }) => {
    const unhandled: unknown[] = [];
    const listener = (error: unknown): void => void unhandled.push(error);
    const others = process.listeners("unhandledRejection");
    process.removeAllListeners("unhandledRejection").on("unhandledRejection", listener);
    try {
      const { a, b } = memoryPair();
      let stuck = false;
      let events: TransportEvents | undefined;
      const transport: Transport = {
        start(given) {
          events = given;
          b.start(given);
        },
        send: (bytes) => (stuck ? "full" : b.send(bytes)),
        pause: () => b.pause(),
        resume: () => b.resume(),
        end: () => b.end(),
        abort: (reason) => b.abort(reason),
      };
      const [client, server] = await Promise.all([
        connect(a, { provider: nodeCrypto, ca: ca.pem, serverName: "localhost" }),
        accept(transport, { provider: nodeCrypto, credentials: [credential] }),
      ]);
      stuck = true;
      for (const length of writes) void server.write(new Uint8Array(length));
      await turn();
      events?.error(new Error("reset"));
      await expect(server.closed).rejects.toMatchObject({ code: "transport_failed" });
      await turn();
      client.abort();
      expect(unhandled).toEqual([]);
    } finally {
      process.removeListener("unhandledRejection", listener);
      for (const other of others) process.on("unhandledRejection", other);
    }
  },
);
