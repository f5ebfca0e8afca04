/**
 * MQTT.js, unchanged, on a class of `secureByteSocket`: to a broker that speaks MQTT over TLS, behind a relay from
 * WebSocket to TCP. The broker of this file knows as much of MQTT 3.1.1 as the test needs.
 */
import type { TLSSocket } from "node:tls";
import { secureByteSocket } from "@handclasp/node/websocket";
import mqtt from "mqtt";
import { afterEach, expect, test } from "vitest";
import { ca, type Relayed, relayTo } from "./relay.ts";

let relayed: Relayed | undefined;
afterEach(() => relayed?.close());

const types = { connect: 1, publish: 3, subscribe: 8, ping: 12, disconnect: 14 };

/** Answers each packet of a client, and gives what a client publishes to that client. */
function broker(socket: TLSSocket, log: number[]): void {
  let waiting = Buffer.alloc(0);
  socket.on("data", (data) => {
    waiting = Buffer.concat([waiting, data]);
    for (;;) {
      const packet = packetOf(waiting);
      if (!packet) return;
      waiting = waiting.subarray(packet.whole.length);
      const type = packet.whole.readUInt8() >> 4;
      log.push(type);
      const id = [...packet.body.subarray(0, 2)];
      if (type === types.connect) socket.write(Buffer.from([0x20, 2, 0, 0]));
      if (type === types.subscribe) socket.write(Buffer.from([0x90, 3, ...id, 0]));
      if (type === types.ping) socket.write(Buffer.from([0xd0, 0]));
      if (type === types.publish) socket.write(packet.whole);
      if (type === types.disconnect) socket.end();
    }
  });
}

/** The first packet, if it is there as a whole: a type, a length in groups of seven bits, a body. */
function packetOf(bytes: Buffer): { whole: Buffer; body: Buffer } | undefined {
  let length = 0;
  for (let at = 1; at < bytes.length; at++) {
    const byte = bytes.readUInt8(at);
    length += (byte & 127) * 128 ** (at - 1);
    if (byte > 127) continue;
    const end = at + 1 + length;
    return end <= bytes.length ? { whole: bytes.subarray(0, end), body: bytes.subarray(at + 1, end) } : undefined;
  }
  return undefined;
}

test("connects, subscribes, publishes 1 MiB, pings, and connects again after a cut", async () => {
  const log: number[] = [];
  relayed = await relayTo({ ALPNProtocols: ["mqtt"] }, (socket) => broker(socket, log));
  const ByteSocket = secureByteSocket({ ca: ca.pem });
  const offered: unknown[] = [];
  const client = await mqtt.connectAsync(relayed.url, {
    protocolVersion: 4,
    reconnectPeriod: 10,
    connectTimeout: 150_000,
    // The test pings by itself: a broker that is slow to answer would be left.
    keepalive: 0,
    // In Node.js, MQTT.js would expect the class of ws, with its streams.
    forceNativeWebSocket: true,
    createWebsocket: (url, protocols) => {
      offered.push(protocols);
      return new ByteSocket(url, protocols);
    },
  });
  const received: [string, Buffer][] = [];
  client.on("message", (topic, payload) => received.push([topic, payload]));
  await client.subscribeAsync("news/#");
  const payload = Buffer.alloc(2 ** 20, "MQTT in TLS in a WebSocket. ");
  await client.publishAsync("news/long", payload);
  await client.publishAsync("news/short", "short");
  await expect.poll(() => received.map(([topic]) => topic)).toEqual(["news/long", "news/short"]);
  expect(received[0]?.[1].equals(payload)).toBe(true);
  expect(received[1]?.[1].toString()).toBe("short");
  client.sendPing();
  await expect.poll(() => log).toContain(types.ping);

  relayed.pairs[0]?.webSocket.terminate();
  await expect.poll(() => relayed?.pairs.length).toBe(2);
  await expect.poll(() => client.connected).toBe(true);
  await client.publishAsync("news/again", "after the cut");
  await expect.poll(() => received.at(-1)?.[0]).toBe("news/again");
  await client.endAsync();
  await expect.poll(() => log.at(-1)).toBe(types.disconnect);
  expect(offered).toEqual([["mqtt"], ["mqtt"]]);
  expect(relayed.upgrades).toEqual([
    ["/relay?to=server", undefined],
    ["/relay?to=server", undefined],
  ]);
});
