/**
 * What comes in while nothing goes out: a trace is told without delay, and what stands behind close_notify leaves no
 * carrier paused.
 */
import { accept, connect, type TraceEvent, type Transport } from "@handclasp/core";
import { memoryPair } from "@handclasp/testing";
import { describe, expect, test } from "vitest";
import { nodeCrypto } from "../../../node/src/crypto/nodeCrypto.ts";
import { ca, credential, open, outcome, pass, roles, virtualTime } from "./endings.ts";

virtualTime();

describe.each(roles)("a trace listener of a %s's", (role) => {
  test("hears of records while only data comes in", async () => {
    const trace: TraceEvent[] = [];
    const { own, peer } = await open(role, { trace: (event) => void trace.push(event) });
    const received = (): number =>
      trace.filter(
        (event) =>
          event.type === "record" && event.direction === "received" && event.contentType === "application_data",
      ).length;
    for (let i = 1; i <= 3; i++) {
      await peer.write(new Uint8Array(1000));
      await pass(0);
      expect(await own.read()).toHaveLength(1000);
      await pass(0);
      expect(received()).toBe(i);
    }
  });
});

/** An open connection, from whose opening on each message of the client's has `length` bytes of junk behind it. */
async function withBehind(length: number) {
  let behind = false;
  const pair = memoryPair({
    alter(bytes, direction) {
      if (!behind || direction !== "a->b") return bytes;
      const joined = new Uint8Array(bytes.length + length).fill(23);
      joined.set(bytes);
      return joined;
    },
  });
  const { b } = pair;
  let paused = false;
  const own: Transport = {
    start: (events) => b.start(events),
    send: (bytes) => b.send(bytes),
    pause: () => {
      paused = true;
      return b.pause();
    },
    resume: () => {
      paused = false;
      b.resume();
    },
    end: () => b.end(),
    abort: (reason) => b.abort(reason),
  };
  const both = Promise.all([
    connect(pair.a, { provider: nodeCrypto, ca: ca.pem, serverName: "localhost" }),
    accept(own, { provider: nodeCrypto, credentials: [credential] }),
  ]);
  both.catch(() => {});
  await pass(20);
  const [client, server] = await both;
  behind = true;
  return { pair, client, server, isPaused: () => paused };
}

describe("300,000 bytes behind close_notify, in the same message", () => {
  test("leave the carrier running, and its error ends the connection", async () => {
    const { pair, client, server, isPaused } = await withBehind(300_000);
    server.holdOpen(new Promise(() => {}));
    void client.closeWrite();
    await pass(0);
    expect(isPaused()).toBe(false);
    expect(await server.read()).toBeUndefined();
    expect(await outcome(server.closed, 0)).toBe("pending");
    pair.fail(new Error("reset"));
    expect(await outcome(server.closed, 0)).toBe("`peer_gone`");
  });
});
