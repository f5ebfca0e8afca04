/**
 * While a side only receives, its trace events are delivered without delay, and bytes after close_notify do not leave
 * the transport paused.
 */
import { accept, connect, type TraceEvent, type Transport } from "@handclasp/core";
import { memoryPair } from "@handclasp/testing";
import { describe, expect, test } from "vitest";
import { nodeCrypto } from "../../../node/src/crypto/nodeCrypto.ts";
import { ca, credential, open, outcome, passTime, roles, useVirtualClock } from "./endings.ts";

useVirtualClock();

describe.each(roles)("a %s's trace listener", (role) => {
  test("gets record events while its side only receives data", async () => {
    const trace: TraceEvent[] = [];
    const { local, peer } = await open(role, { trace: (event) => void trace.push(event) });
    const received = (): number =>
      trace.filter(
        (event) =>
          event.type === "record" && event.direction === "received" && event.contentType === "application_data",
      ).length;
    for (let i = 1; i <= 3; i++) {
      await peer.write(new Uint8Array(1000));
      await passTime(0);
      expect(await local.read()).toHaveLength(1000);
      await passTime(0);
      expect(received()).toBe(i);
    }
  });
});

/** An open connection. Each later message of the client is followed by `length` bytes of junk. */
async function openWithJunk(length: number) {
  let isAppending = false;
  const pair = memoryPair({
    alter(bytes, direction) {
      if (!isAppending || direction !== "a->b") return bytes;
      const message = new Uint8Array(bytes.length + length).fill(23);
      message.set(bytes);
      return message;
    },
  });
  const { b } = pair;
  let isPaused = false;
  const transport: Transport = {
    start: (events) => b.start(events),
    send: (bytes) => b.send(bytes),
    pause: () => {
      isPaused = true;
      return b.pause();
    },
    resume: () => {
      isPaused = false;
      b.resume();
    },
    end: () => b.end(),
    abort: (reason) => b.abort(reason),
  };
  const opening = Promise.all([
    connect(pair.a, { provider: nodeCrypto, ca: ca.pem, serverName: "localhost" }),
    accept(transport, { provider: nodeCrypto, credentials: [credential] }),
  ]);
  opening.catch(() => {});
  await passTime(20);
  const [client, server] = await opening;
  isAppending = true;
  return { pair, client, server, isPaused: () => isPaused };
}

describe("300,000 bytes after close_notify, in the same message", () => {
  test("do not pause the transport, and the transport's error ends the connection", async () => {
    const { pair, client, server, isPaused } = await openWithJunk(300_000);
    server.holdOpen(new Promise(() => {}));
    void client.closeWrite();
    await passTime(0);
    expect(isPaused()).toBe(false);
    expect(await server.read()).toBeUndefined();
    expect(await outcome(server.closed, 0)).toBe("pending");
    pair.fail(new Error("reset"));
    expect(await outcome(server.closed, 0)).toBe("`peer_gone`");
  });
});
