/**
 * The page, which does the work of worker.ts in a browser. Playwright calls its methods, and chromium.ts bundles it.
 * @module
 */
import { type Aead, noble, webCrypto } from "@handclasp/browser";
import type { Channel } from "../subjects/subject.ts";
import { type Messages, opened, openers } from "./pageSubjects.ts";

const messages: Messages = { sent: [], received: [] };
const sockets: WebSocket[] = [];
const channels: Channel[] = [];
let url = "";
let open: ((ws: WebSocket) => Promise<Channel>) | undefined;
let received = 0;
let wanted = Number.POSITIVE_INFINITY;
let done: (() => void) | undefined;

function first(): Channel {
  const [channel] = channels;
  if (!channel) throw new Error("not connected");
  return channel;
}

const methods = {
  async prepare({ opener, port, ca }: { opener: keyof typeof openers; port: number; ca: string }) {
    url = `ws://127.0.0.1:${port}/`;
    open = await openers[opener]({ ca, messages });
  },
  async openSockets({ count }: { count: number }) {
    for (let i = 0; i < count; i++) sockets.push(await opened(url));
  },
  /** Opens a channel over each socket, one after the other. */
  async connect() {
    if (!open) throw new Error("not prepared");
    for (const ws of sockets.splice(0)) {
      const channel = await open(ws);
      channels.push(channel);
      channel.onData = (bytes) => {
        received += bytes;
        if (received >= wanted) done?.();
      };
    }
  },
  /** Starts to count received bytes, until there are `bytes`, and to log messages both ways. */
  async expect({ bytes }: { bytes: number }) {
    received = 0;
    wanted = bytes;
    messages.sent.length = 0;
    messages.received.length = 0;
  },
  async arrived() {
    if (received < wanted) await new Promise<void>((resolve) => (done = resolve));
    done = undefined;
  },
  async pump({ size, count }: { size: number; count: number }) {
    const channel = first();
    const chunk = new Uint8Array(size);
    for (let i = 0; i < count; i++) {
      const room = channel.write(chunk);
      if (room) await room;
    }
  },
  /** Writes chunks of these sizes. */
  async replay({ sizes }: { sizes: readonly number[] }) {
    const channel = first();
    const largest = new Uint8Array(Math.max(...sizes));
    for (const size of sizes) {
      const room = channel.write(largest.subarray(0, size));
      if (room) await room;
    }
  },
  async messages() {
    return messages;
  },
  async closeAll() {
    for (const channel of channels.splice(0)) void channel.close();
  },
  /** Seals or opens `count` records of `size` bytes, `together` of them at a time. */
  async records({ provider, operation, size, count, together }: RecordOrder) {
    const aead = await (provider === "noble" ? noble : webCrypto).ciphers.AES_128_GCM?.(new Uint8Array(16));
    if (!aead) throw new Error("no AES-128-GCM");
    const plaintext = new Uint8Array(size);
    const ciphertext = new Uint8Array(size + 16);
    await aead.seal(nonce, additionalData, plaintext, ciphertext);
    const once = (): ReturnType<Aead["open"] | Aead["seal"]> =>
      operation === "seal"
        ? aead.seal(nonce, additionalData, plaintext, ciphertext)
        : aead.open(nonce, additionalData, ciphertext);
    const flow = async (records: number): Promise<void> => {
      for (let i = 0; i < records; i++) {
        const result = once();
        if (result instanceof Promise) await result;
      }
    };
    const start = performance.now();
    await Promise.all(Array.from({ length: together }, () => flow(Math.ceil(count / together))));
    return performance.now() - start;
  },
};

/** The same for each record: no record is sent, and the time does not depend on the nonce. */
const nonce = new Uint8Array(12);
const additionalData = new Uint8Array(13);

export interface RecordOrder {
  readonly provider: "noble" | "webCrypto";
  readonly operation: "seal" | "open";
  readonly size: number;
  readonly count: number;
  readonly together: number;
}

export type PageMethods = typeof methods;

declare global {
  var bench: PageMethods;
}

globalThis.bench = methods;
