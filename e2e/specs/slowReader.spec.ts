/**
 * A fast server and a page that reads slowly. The tests count the bytes that wait in the page and in the server.
 * `pnpm slow-page` runs the long form: 200 MB, read at 1 MB/s, which takes more than three minutes for each test. It
 * prints the figures.
 */
import { createServer as createHttpServer } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { acceptMessages, messageProtocols } from "@handclasp/core/messages";
import { createServer, nodeCredential, type TlsConnection, type TlsServer } from "@handclasp/node";
import type { EnginePage } from "../support/engine.ts";
import { startScriptPage } from "../support/scriptPage.ts";
import type { Way } from "../support/slowReader.ts";
import { test as base, expect } from "../support/test.ts";

const mebibyte = 2 ** 20;
const megabyte = 10 ** 6;
const isLong = process.env.HANDCLASP_SLOW_PAGE === "1";
const total = isLong ? 200 * megabyte : 24 * mebibyte;
const piece = new Uint8Array(65_536);
/** The length on the wire of a record of 16,384 bytes, with the longest header of a WebSocket frame. */
const sealedRecord = 16_384 + 29 + 10;

/** A server that writes `total` bytes as fast as it can, and counts. */
class FastServer {
  readonly #http = createHttpServer();
  readonly #server: TlsServer;
  /** The CA certificate, in PEM. */
  readonly ca: string;
  url = "";
  #socket: Socket | undefined;
  /** The bytes of the handshake. */
  #sentBefore = 0;
  accepted = 0;
  isDone = false;
  mostUnsent = 0;
  error: unknown;

  constructor(ca: string, credential: { cert: string; key: string }) {
    this.ca = ca;
    const options = { credentials: [nodeCredential(credential)], alpn: [...messageProtocols, "http/1.1"] };
    this.#server = createServer(options, (channel) => this.#write(channel));
  }

  async listen(): Promise<void> {
    this.#http.on("upgrade", (_, socket: Socket) => {
      this.#socket = socket;
    });
    await this.#server.listenWebSocket({ server: this.#http });
    await new Promise<void>((listening) => this.#http.listen(0, "127.0.0.1", listening));
    this.url = `ws://localhost:${(this.#http.address() as AddressInfo).port}/`;
  }

  /** The number of bytes that were handed to the kernel. */
  get #sent(): number {
    return (this.#socket?.bytesWritten ?? 0) - (this.#socket?.writableLength ?? 0);
  }

  /** The number of bytes of data that `write` has taken, and the kernel has not. It is at most a little too large. */
  get unsent(): number {
    return this.accepted - ((this.#sent - this.#sentBefore) * 16_384) / sealedRecord;
  }

  async #write(channel: TlsConnection): Promise<void> {
    try {
      const { alpn } = channel.session;
      const isMessages = alpn !== null && messageProtocols.includes(alpn);
      const send = isMessages ? await messageSender(channel) : (bytes: Uint8Array) => channel.write(bytes);
      if (alpn === "http/1.1") {
        await channel.read();
        const length = Math.ceil(total / piece.length) * piece.length;
        await channel.write(new TextEncoder().encode(`HTTP/1.1 200 OK\r\nContent-Length: ${length}\r\n\r\n`));
      }
      this.#sentBefore = this.#sent;
      while (this.accepted < total) {
        this.accepted += piece.length;
        this.mostUnsent = Math.max(this.mostUnsent, this.unsent);
        await send(piece);
      }
      this.isDone = true;
      await channel.closed;
    } catch (error) {
      this.error = error;
    }
  }

  /** Waits until a write waits and no byte is sent. A slow machine may look like that too, which changes no result. */
  async stalled(): Promise<void> {
    for (let before = -1; !this.isDone && this.#sent + this.accepted !== before; await sleep(250))
      before = this.#sent + this.accepted;
    expect(this.error).toBeUndefined();
  }

  async close(): Promise<void> {
    for (const channel of this.#server.connections) channel.abort();
    await this.#server.close();
    await new Promise((closed) => this.#http.close(closed));
  }
}

async function messageSender(channel: TlsConnection): Promise<(bytes: Uint8Array) => Promise<void>> {
  const { messages } = await acceptMessages(channel);
  return (bytes) => messages.send(bytes);
}

const test = base.extend<{ fast: FastServer; open: (way: Way) => Promise<EnginePage> }>({
  fast: async ({ ca }, use) => {
    const server = new FastServer(ca.pem, await ca.issue());
    await server.listen();
    await use(server);
    await server.close();
  },
  open: async ({ engine, fast, shared }, use) => {
    const service = await shared(startScriptPage);
    const pages: EnginePage[] = [];
    await use(async (way) => {
      const page = await engine.open(service.url);
      pages.push(page);
      const { url, ca } = fast;
      await page.evaluate((arg) => globalThis.slowReader.open(arg), { way, url, ca });
      return page;
    });
    await Promise.all(pages.map((page) => page.close()));
  },
});

const ways: readonly (readonly [Way, string])[] = [
  ["read", "`read()`"],
  ["fetch", "a body of `fetch`"],
  ["stream", "a SecureWebSocketStream"],
  ["byteSocket", "the events of a byte socket"],
];
for (const [way, name] of ways)
  test(`a page that reads slowly by ${name} holds at most 4 MiB, and its server too`, async ({
    fast,
    open,
    engine,
  }) => {
    if (isLong) test.setTimeout(900_000);
    const page = await open(way);
    let counts = { read: 0, mostHeld: 0, time: 0 };
    const read = async (bytes: number, bytesPerSecond?: number): Promise<void> => {
      const arg = { bytes, ...(bytesPerSecond && { bytesPerSecond }) };
      counts = await page.evaluate((arg) => globalThis.slowReader.read(arg), arg);
    };
    if (isLong) while (counts.read < total) await read(Math.min(5 * megabyte, total - counts.read), megabyte);
    // A socket's events cannot be held back. A page that is busy with one holds back the next.
    else if (way === "byteSocket") await read(total, 12 * megabyte);
    else {
      for (let step = 0; step < 4; step++) {
        await fast.stalled();
        await read(mebibyte);
      }
      // The server could not write everything while the page read 4 MiB.
      expect(fast.accepted).toBeLessThan(total);
      await read(total - counts.read);
    }
    const { mostHeld, time } = counts;
    if (isLong) console.log(figures(`${engine.name}, ${way}`, { ...counts, mostUnsent: fast.mostUnsent }));
    expect(counts.read).toBeGreaterThanOrEqual(total);
    expect(fast.error).toBeUndefined();
    expect(mostHeld).toBeLessThanOrEqual(4 * mebibyte);
    expect(fast.mostUnsent).toBeLessThanOrEqual(4 * mebibyte);
    expect(time).toBeGreaterThan(isLong ? (total / megabyte - 1) * 1000 : 0);
  });

const figures = (engine: string, counts: Record<"read" | "time" | "mostHeld" | "mostUnsent", number>) =>
  `${engine}: ${counts.read} bytes in ${(counts.time / 1000).toFixed(1)} s, at most ` +
  `${(counts.mostHeld / mebibyte).toFixed(2)} MiB received and not read, at most ` +
  `${(counts.mostUnsent / mebibyte).toFixed(2)} MiB accepted and not sent`;
