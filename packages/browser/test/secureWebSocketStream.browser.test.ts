/** SecureWebSocketStream over the WebSocket of a page. The server runs in the page too, behind the relay. */
import { TlsError } from "@handclasp/core/client";
import { acceptMessages, type Messages, messageAlpn } from "@handclasp/core/messages";
import { accept } from "@handclasp/core/server";
import { testCa } from "@handclasp/testing";
import { expect, inject, test } from "vitest";
import { browserCredential } from "../src/crypto/credential.ts";
import { webCrypto } from "../src/crypto/webCrypto.ts";
import { webSocketTransport } from "../src/transport/webSocket.ts";
import {
  SecureWebSocket,
  type SecureWebSocketStream,
  secureWebSocketStream,
  WebSocketError,
} from "../src/websocket.ts";

const relay = inject("relay");
const ca = await testCa();
const issued = await ca.issue();
let pairs = 0;

/** Opens a stream to a handler. */
async function openTo(
  handler: (messages: Messages) => Promise<unknown>,
  beforeOpening: () => void = () => {},
): Promise<SecureWebSocketStream> {
  const id = `stream${++pairs}`;
  const near = new WebSocket(`${relay}/a/${id}`);
  await new Promise((resolve) => near.addEventListener("open", resolve));
  const credential = await browserCredential(issued);
  const serving = accept(webSocketTransport(near), {
    provider: webCrypto,
    credentials: [credential],
    alpn: [messageAlpn.answered],
  }).then(async (channel) => handler((await acceptMessages(channel)).messages));
  serving.catch(() => {});
  beforeOpening();
  const Stream = secureWebSocketStream({ ca: ca.pem, carrier: `${relay}/b/${id}` });
  return new Stream("wss://localhost/");
}

const errorOf = (promise: Promise<unknown>): Promise<WebSocketError> =>
  promise.then(
    () => expect.fail(),
    (error) => error,
  );

test("a stream of a page echoes, and closes", async () => {
  const stream = await openTo(async (messages) => {
    for await (const message of messages) await messages.send(message);
  });
  const { readable, writable } = await stream.opened;
  const reader = readable.getReader();
  const writer = writable.getWriter();
  void writer.write("text");
  void writer.write(new Uint8Array([1, 2]));
  expect([(await reader.read()).value, (await reader.read()).value]).toEqual(["text", new Uint8Array([1, 2])]);
  void writer.abort(new WebSocketError("", { closeCode: 3456, reason: "set" }));
  expect(await stream.closed).toEqual({ closeCode: 3456, reason: "" });
});

test("a WebSocketError of the page's own class has the peer's code and a cause", async () => {
  const stream = await openTo((messages) => messages.close(1011, "broken"));
  const { writable } = await stream.opened;
  void writable
    .getWriter()
    .write(new Uint8Array(2 ** 24))
    .catch(() => {});
  const error = await errorOf(stream.closed);
  expect([error.constructor, error.closeCode, error.reason]).toEqual([WebSocketError, 1011, "broken"]);
  expect(TlsError.is(error.cause)).toBe(true);
  expect(WebSocketError).toBe((globalThis as { WebSocketError?: unknown }).WebSocketError);
});

test("a page may put SecureWebSocket in the place of WebSocket", async () => {
  const host = globalThis.WebSocket;
  const stream = await openTo(
    (messages) => messages.send("hello"),
    () => {
      globalThis.WebSocket = SecureWebSocket as unknown as typeof WebSocket;
    },
  );
  try {
    const { readable } = await stream.opened;
    expect((await readable.getReader().read()).value).toBe("hello");
  } finally {
    globalThis.WebSocket = host;
  }
});
