/**
 * The minimum cost of a bulk transfer of Handclasp: the cost of `ws` alone with the same messages, plus the cost of
 * node:crypto alone with the same records. Figures from before and after a change of Handclasp are compared with this
 * floor, so the behaviour of this file must not change.
 * @module
 */
import { createCipheriv, createDecipheriv, createSecretKey } from "node:crypto";
import { once } from "node:events";
import type { WebSocket } from "ws";
import { type Channel, noop, type Subject } from "../subjects/subject.ts";
import { listenWebSockets, openWebSocket } from "../subjects/transports.ts";

/** Handclasp's WebSocket transport stops sending at `highWater` unsent bytes, and resumes at `lowWater`. */
const [highWater, lowWater] = [2 ** 20, 2 ** 18];

export const floorWebSocket: Subject = {
  server: (_, onChannel) => listenWebSockets((ws) => onChannel(channelOf(ws))),
  client: async (_, port) => async () => {
    const ws = openWebSocket(port);
    await once(ws, "open");
    return channelOf(ws);
  },
};

function channelOf(ws: WebSocket): Channel {
  let resume = noop;
  const onSent = (): void => {
    if (ws.bufferedAmount <= lowWater) resume();
  };
  const channel: Channel = {
    write(bytes) {
      ws.send(bytes, { binary: true, compress: false }, onSent);
      return ws.bufferedAmount < highWater ? undefined : new Promise((resolve) => (resume = resolve));
    },
    onData: noop,
    close: () => ws.terminate(),
  };
  ws.on("message", (data: Buffer) => channel.onData(data.length));
  ws.on("error", noop);
  return channel;
}

/** Sends messages of these sizes. All messages are views of the same buffer. */
export async function resend(channel: Channel, sizes: readonly number[]): Promise<void> {
  const bytes = new Uint8Array(Math.max(...sizes));
  for (const size of sizes) {
    const room = channel.write(bytes.subarray(0, size));
    if (room) await room;
  }
}

const mode = "aes-128-gcm";
const gcmOptions = { authTagLength: 16 } as const;
const key = createSecretKey(new Uint8Array(16).fill(7));
const [nonce, additionalData] = [new Uint8Array(12), new Uint8Array(13)];

function seal(plaintext: Uint8Array): { readonly ciphertext: Uint8Array; readonly tag: Uint8Array } {
  const context = createCipheriv(mode, key, nonce, gcmOptions);
  context.setAAD(additionalData);
  const ciphertext = context.update(plaintext);
  context.final();
  return { ciphertext, tag: context.getAuthTag() };
}

/**
 * Returns a function that seals and opens a record for each length. The function copies no data, because its inputs
 * are created before it runs.
 */
export function sealAndOpen(lengths: readonly number[]): () => void {
  const plaintexts = new Map([...new Set(lengths)].map((length) => [length, new Uint8Array(length)]));
  const inputs = new Map([...plaintexts].map(([length, plaintext]) => [length, { plaintext, ...seal(plaintext) }]));
  const records = lengths.flatMap((length) => inputs.get(length) ?? []);
  return () => {
    for (const { plaintext, ciphertext, tag } of records) {
      seal(plaintext);
      const context = createDecipheriv(mode, key, nonce, gcmOptions);
      context.setAAD(additionalData);
      context.setAuthTag(tag);
      context.update(ciphertext);
      context.final();
    }
  };
}
