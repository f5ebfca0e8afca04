import { transportContract } from "@handclasp/testing";
import { describe, expect, inject, test } from "vitest";
import { webSocketTransport } from "../../src/transport/webSocket.ts";

const relay = inject("relay");
const opened = (ws: WebSocket) => new Promise<void>((resolve) => ws.addEventListener("open", () => resolve()));
let pairs = 0;

transportContract({ describe, test }, "a page's own WebSocket", async () => {
  const id = `pair${++pairs}`;
  const near = new WebSocket(`${relay}/a/${id}`);
  await opened(near);
  // This WebSocket is still opening when the first bytes are sent.
  const far = new WebSocket(`${relay}/b/${id}`);
  return {
    a: webSocketTransport(near),
    b: webSocketTransport(far),
    pausesAtOnce: false,
    reset: () => void new WebSocket(`${relay}/reset/${id}`),
    text: () => void new WebSocket(`${relay}/text/${id}`),
  };
});

describe("webSocketTransport", () => {
  test("a refused connection causes an error event with advice", async () => {
    const client = webSocketTransport(new WebSocket("ws://127.0.0.1:1/"));
    const error = await new Promise((resolve) => client.start({ data() {}, drain() {}, end() {}, error: resolve }));
    expect(error).toMatchObject({ code: "websocket_not_opened", advice: expect.stringContaining("console") });
  });
});
