import type { Transport } from "@handclasp/core";
import { transportContract } from "@handclasp/testing";
import { describe, expect, inject, test } from "vitest";
import { openWebSocket, webSocketTransport } from "../../src/transport/webSocket.ts";

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

interface OwnStream {
  readonly opened: Promise<unknown>;
}
const page = globalThis as { WebSocketStream?: new (url: string) => OwnStream };

/** Opens a transport with `openWebSocket`, and waits until its WebSocketStream is open. */
async function openStream(url: string): Promise<Transport> {
  const Own = page.WebSocketStream as NonNullable<typeof page.WebSocketStream>;
  const streams: OwnStream[] = [];
  page.WebSocketStream = class extends Own {
    constructor(url: string) {
      super(url);
      streams.push(this);
    }
  };
  const transport = openWebSocket(new URL(url));
  page.WebSocketStream = Own;
  await streams[0]?.opened;
  expect(streams.length).toBe(1);
  return transport;
}

describe.skipIf(!page.WebSocketStream)("a browser with WebSocketStream", () => {
  for (const peer of ["foreign", "own"]) {
    transportContract({ describe, test }, `WebSocketStream, ${peer} peer`, async () => {
      const id = `${peer}${++pairs}`;
      return {
        a: await openStream(`${relay}/a/${id}`),
        // This WebSocketStream is still opening when the first bytes are sent.
        b: openWebSocket(new URL(`${relay}/b/${id}`)),
        pausesAtOnce: peer === "foreign",
        reset: () => void new WebSocket(`${relay}/reset/${id}`),
        text: () => void new WebSocket(`${relay}/text/${id}`),
      };
    });
  }

  test("reports a refused connection with advice", async () => {
    const client = openWebSocket(new URL("ws://127.0.0.1:1/"));
    const error = await new Promise((resolve) => client.start({ data() {}, drain() {}, end() {}, error: resolve }));
    expect(error).toMatchObject({ code: "websocket_not_opened", advice: expect.stringContaining("console") });
  });
});

describe("webSocketTransport", () => {
  test("a refused connection causes an error event with advice", async () => {
    const client = webSocketTransport(new WebSocket("ws://127.0.0.1:1/"));
    const error = await new Promise((resolve) => client.start({ data() {}, drain() {}, end() {}, error: resolve }));
    expect(error).toMatchObject({ code: "websocket_not_opened", advice: expect.stringContaining("console") });
  });
});
