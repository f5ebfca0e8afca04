/**
 * The script of the page, with the same purpose as worker.ts in a Node process. chromium.ts bundles the script, and
 * Playwright calls its methods.
 * @module
 */
import { type Aead, noble, webCrypto } from "@handclasp/browser";
import type { Channel } from "../subjects/subject.ts";
import { type MessageSizes, openers, openSocket } from "./pageSubjects.ts";

const messageSizes: MessageSizes = { sent: [], received: [] };
const sockets: WebSocket[] = [];
const channels: Channel[] = [];
let url = "";
let openChannel: ((ws: WebSocket) => Promise<Channel>) | undefined;
let received = 0;
let expected = Number.POSITIVE_INFINITY;
let onExpectedBytes: (() => void) | undefined;

function firstChannel(): Channel {
  const [channel] = channels;
  if (!channel) throw new Error("no channel: call connect() first");
  return channel;
}

const methods = {
  async prepare({ opener, port, ca }: { opener: keyof typeof openers; port: number; ca: string }) {
    url = `ws://127.0.0.1:${port}/`;
    openChannel = await openers[opener]({ ca, messageSizes });
  },
  async openSockets({ count }: { count: number }) {
    for (let i = 0; i < count; i++) sockets.push(await openSocket(url));
  },
  /** Opens a channel over each of the open WebSockets, in sequence. */
  async connect() {
    if (!openChannel) throw new Error("connect() needs prepare() first");
    for (const ws of sockets.splice(0)) {
      const channel = await openChannel(ws);
      channels.push(channel);
      channel.onData = (bytes) => {
        received += bytes;
        if (received >= expected) onExpectedBytes?.();
      };
    }
  },
  /** Starts to count received bytes, and to record the lengths of the messages in both directions. */
  async expectBytes({ bytes }: { bytes: number }) {
    received = 0;
    expected = bytes;
    messageSizes.sent.length = 0;
    messageSizes.received.length = 0;
  },
  /** Waits until the expected number of bytes was received. */
  async waitForBytes() {
    if (received < expected) await new Promise<void>((resolve) => (onExpectedBytes = resolve));
    onExpectedBytes = undefined;
  },
  async pump({ size, count }: { size: number; count: number }) {
    const channel = firstChannel();
    const chunk = new Uint8Array(size);
    for (let i = 0; i < count; i++) {
      const room = channel.write(chunk);
      if (room) await room;
    }
  },
  /** Writes chunks of these sizes. */
  async replay({ sizes }: { sizes: readonly number[] }) {
    const channel = firstChannel();
    const largest = new Uint8Array(Math.max(...sizes));
    for (const size of sizes) {
      const room = channel.write(largest.subarray(0, size));
      if (room) await room;
    }
  },
  async messageSizes() {
    return messageSizes;
  },
  async closeAll() {
    for (const channel of channels.splice(0)) void channel.close();
  },
  /** Seals or opens `count` records of `size` bytes, `inFlight` at a time. Returns the time in ms. */
  async records({ provider, operation, size, count, inFlight }: RecordRun) {
    const aead = await (provider === "noble" ? noble : webCrypto).ciphers.AES_128_GCM?.(new Uint8Array(16));
    if (!aead) throw new Error(`${provider} has no AES-128-GCM`);
    const plaintext = new Uint8Array(size);
    const ciphertext = new Uint8Array(size + 16);
    await aead.seal(nonce, additionalData, plaintext, ciphertext);
    const runOnce = (): ReturnType<Aead["open"] | Aead["seal"]> =>
      operation === "seal"
        ? aead.seal(nonce, additionalData, plaintext, ciphertext)
        : aead.open(nonce, additionalData, ciphertext);
    const runSequence = async (records: number): Promise<void> => {
      for (let i = 0; i < records; i++) {
        const result = runOnce();
        if (result instanceof Promise) await result;
      }
    };
    const start = performance.now();
    await Promise.all(Array.from({ length: inFlight }, () => runSequence(Math.ceil(count / inFlight))));
    return performance.now() - start;
  },
};

/** Every record has the same nonce. This is safe, because no record is sent, and does not change the time. */
const nonce = new Uint8Array(12);
const additionalData = new Uint8Array(13);

export interface RecordRun {
  readonly provider: "noble" | "webCrypto";
  readonly operation: "seal" | "open";
  readonly size: number;
  readonly count: number;
  readonly inFlight: number;
}

export type PageMethods = typeof methods;

declare global {
  var bench: PageMethods;
}

globalThis.bench = methods;
