/**
 * reconnecting-websocket, unchanged, on a class of `secureWebSocket`. Each test also runs on the class of `ws`, for
 * which the library was made, so that what it expects is not our invention.
 */
import Reconnecting from "reconnecting-websocket";
import { afterAll, describe, expect, test } from "vitest";
import { type Peer, type Served, servers } from "./servers.ts";

// The library is CommonJS without a marker, so Node.js gives its `module.exports` as the default.
const ReconnectingWebSocket = Reconnecting as unknown as typeof Reconnecting.default;

describe.each(servers)("reconnecting-websocket on the class %s", (_, serve) => {
  const started: Served[] = [];
  afterAll(() => Promise.all(started.map((served) => served.close())));

  /** An echo server, its connections in order, and a client whose events are recorded. */
  async function start(protocols: string[]) {
    const peers: Peer[] = [];
    const served = await serve(["chat"], (peer) => {
      peers.push(peer);
      peer.onMessage((message) => peer.send(message));
    });
    started.push(served);
    const socket = new ReconnectingWebSocket(served.url, protocols, {
      WebSocket: served.WebSocket,
      minReconnectionDelay: 10,
      maxReconnectionDelay: 50,
      connectionTimeout: 150_000,
    });
    socket.binaryType = "arraybuffer";
    const events: unknown[] = [];
    socket.addEventListener("open", () => void events.push(`open ${socket.protocol}`));
    socket.addEventListener(
      "message",
      ({ data }) => void events.push(typeof data === "string" ? data : [...new Uint8Array(data)]),
    );
    socket.addEventListener("close", ({ code, reason, wasClean }) => void events.push([code, reason, wasClean]));
    return { served, peers, socket, events };
  }

  test("opens, echoes, and goes on after the server was killed and has come back on the same port", async () => {
    const { served, peers, socket, events } = await start(["chat"]);
    socket.send("sent before open");
    await expect.poll(() => events).toEqual(["open chat", "sent before open"]);
    socket.send(new Uint8Array([1, 2, 3]));
    await expect.poll(() => events).toEqual(["open chat", "sent before open", [1, 2, 3]]);

    served.kill();
    await expect.poll(() => events[3]).toEqual([1006, "", false]);
    socket.send("sent while the server was down");
    expect(peers.length).toBe(1);
    served.restart();
    await expect.poll(() => events.at(-1)).toBe("sent while the server was down");
    expect(events.at(-2)).toBe("open chat");
    expect(peers.length).toBe(2);
    expect(socket.url).toBe(served.url);
    socket.close();
  });

  test("sees the server's close code and reason, and connects again", async () => {
    const { peers, socket, events } = await start([]);
    await expect.poll(() => events).toEqual(["open "]);
    await expect.poll(() => peers.length).toBe(1); // our `open` does not wait for the server's answer
    peers[0]?.close(4001, "moved");
    await expect.poll(() => events).toEqual(["open ", [4001, "moved", true], "open "]);
    await expect.poll(() => peers.length).toBe(2);
    socket.close(3000, "done");
    expect(await peers[1]?.closed).toEqual({ code: 3000, reason: "done" });
    await expect.poll(() => events.at(-1)).toEqual([3000, expect.any(String), true]);
    expect(peers.length).toBe(2);
  });
});
