/**
 * The code of a page that reads slowly. It counts the bytes that the page has received and not yet read. service.ts
 * bundles this file with the harness.
 */
import { connect } from "@handclasp/browser";
import { createFetch } from "@handclasp/browser/fetch";

/** The API with which the page reads. */
export type Way = "channel" | "fetch";

export type SlowReader = {
  /** Opens a channel, or requests a response over one. Call this once in each page. */
  open(options: { readonly url: string; readonly ca: string; readonly way: Way }): Promise<void>;
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

/** Reads the next bytes. */
let readPiece: () => Promise<Uint8Array | undefined>;
let received = 0;
let read = 0;
let mostHeld = 0;
let start = 0;

function countReceived(bytes: number): void {
  received += bytes;
  mostHeld = Math.max(mostHeld, received - read);
}

globalThis.WebSocket = class extends WebSocket {
  constructor(url: string | URL) {
    super(url);
    // This listener is the first one, so it counts a message before the transport gets it.
    this.addEventListener("message", ({ data }) => countReceived(data.byteLength ?? 0));
  }
};

globalThis.slowReader = {
  async open({ url, ca, way }) {
    const options = { ca, serverName: "127.0.0.1" };
    if (way === "channel") {
      const channel = await connect(url, options);
      readPiece = () => channel.read();
    } else {
      const { body } = await createFetch(url, options)("/");
      const reader = body?.getReader();
      readPiece = async () => (await reader?.read())?.value;
    }
  },
  async read({ bytes, bytesPerSecond = Number.POSITIVE_INFINITY }) {
    start ||= performance.now();
    for (const end = read + bytes; read < end; ) {
      const wait = (read / bytesPerSecond) * 1000 - (performance.now() - start);
      if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
      const piece = await readPiece();
      if (!piece) break;
      read += piece.length;
    }
    return { read, mostHeld, time: performance.now() - start };
  },
};
