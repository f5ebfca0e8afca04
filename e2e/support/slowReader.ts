/**
 * The code of a page that reads slowly. It counts the bytes that the page has received and not yet read. scriptPage.ts
 * bundles this file.
 */

import { connect } from "@handclasp/browser";
import { createFetch } from "@handclasp/browser/fetch";
import { SecureWebSocketStream, secureByteSocket } from "@handclasp/browser/websocket";
import { counted } from "./countedWebSocket.ts";

/** How the page reads: `read()` of a channel, a body of fetch, a stream of messages, or the events of a byte socket. */
export type Way = "read" | "fetch" | "stream" | "byteSocket";

export type SlowReader = {
  /** Opens a connection. Call this once in each page. */
  open(options: { readonly way: Way; readonly url: string; readonly ca: string }): Promise<void>;
  /** Reads at least this many bytes. With `bytesPerSecond`, reads no faster than that since the first call. */
  read(options: { readonly bytes: number; readonly bytesPerSecond?: number }): Promise<Counts>;
};

type Counts = {
  /** The number of bytes that the application has read. */
  readonly read: number;
  /**
   * The largest number of bytes that were received and not yet read. A received byte is a byte of a WebSocket message
   * that the browser gave to our code. TLS makes a message longer than its data, so this number is a little too large.
   */
  readonly mostHeld: number;
  /** The number of milliseconds since the first call of `read`. */
  readonly time: number;
};

declare global {
  var slowReader: SlowReader;
}

type Options = { readonly ca: string; readonly serverName: string };
/** Returns the number of bytes of the next piece, or `undefined` at the end. */
type Pull = () => Promise<number | undefined>;

let pull: Pull;
/** How fast a byte socket's handler takes events: it cannot wait, so it keeps the page busy. */
let eventRate = Number.POSITIVE_INFINITY;
let read = 0;
/** The number of bytes that the events of a byte socket have delivered. `read` follows in a later turn. */
let delivered = 0;
let mostHeld = 0;
let start = 0;

counted.onReceived = () => {
  mostHeld = Math.max(mostHeld, counted.received - Math.max(read, delivered));
};

const openers: Record<Way, (url: string, options: Options) => Promise<Pull>> = {
  async read(url, options) {
    const channel = await connect(url, options);
    return async () => (await channel.read())?.length;
  },
  async fetch(url, options) {
    const { body } = await createFetch(url, options)("/");
    const reader = body?.getReader();
    return async () => (await reader?.read())?.value?.length;
  },
  async stream(url, options) {
    const { readable } = await new SecureWebSocketStream(url, options).opened;
    const reader = readable.getReader();
    return async () => ((await reader.read()).value as Uint8Array | undefined)?.length;
  },
  async byteSocket(url, options) {
    const socket = new (secureByteSocket(options))(url);
    socket.binaryType = "arraybuffer";
    let wake: (() => void) | undefined;
    socket.onmessage = ({ data }) => {
      delivered += (data as ArrayBuffer).byteLength;
      while (performance.now() < start + (delivered / eventRate) * 1000);
      wake?.();
    };
    await socket.opened;
    return async () => {
      while (delivered === read) await new Promise<void>((resolve) => (wake = resolve));
      return delivered - read;
    };
  },
};

globalThis.slowReader = {
  async open({ way, url, ca }) {
    pull = await openers[way](url, { ca, serverName: "127.0.0.1" });
  },
  async read({ bytes, bytesPerSecond = Number.POSITIVE_INFINITY }) {
    start ||= performance.now();
    eventRate = bytesPerSecond;
    for (const end = read + bytes; read < end; ) {
      const wait = (read / bytesPerSecond) * 1000 - (performance.now() - start);
      if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
      const length = await pull();
      if (length === undefined) break;
      read += length;
    }
    return { read, mostHeld, time: performance.now() - start };
  },
};
