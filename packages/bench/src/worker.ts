/**
 * One side of one subject, in a process of its own. It receives its orders over IPC, and reports what they cost.
 * @module
 */
import type { Recording } from "./floor/recording.ts";
import { subjectNamed } from "./subjects/all.ts";
import type { Channel, Identity } from "./subjects/subject.ts";
import { subjectFrom } from "./subjects/worktree.ts";

const [name, from] = process.argv.slice(2) as [string, string?];
const subject = from === undefined ? await subjectNamed(name) : await subjectFrom(from, name);
const channels: Channel[] = [];
let open: (() => Promise<Channel>) | undefined;
let received = 0;
let wanted = Number.POSITIVE_INFINITY;
let done: (() => void) | undefined;
let recorded: (() => Recording) | undefined;
/** Set by `keep`, so that the orders that are measured are short. */
let recording: Recording = { messages: [], records: [] };
let sealAndOpen: (() => void) | undefined;
let mark = process.cpuUsage();

function adopt(channel: Channel): void {
  channels.push(channel);
  channel.onData = (bytes) => {
    received += bytes;
    if (received >= wanted) done?.();
  };
}

/** CPU time of this process in ms. */
const spent = (since: NodeJS.CpuUsage): number => {
  const { user, system } = process.cpuUsage(since);
  return (user + system) / 1000;
};

async function pump(channel: Channel, size: number, count: number): Promise<void> {
  const chunk = new Uint8Array(size);
  for (let i = 0; i < count; i++) {
    const room = channel.write(chunk);
    if (room) await room;
  }
}

const methods = {
  serve: (identity: Identity) => subject.server(identity, adopt),
  async prepare({ identity, port }: { identity: Identity; port: number }) {
    open = await subject.client(identity, port);
  },
  /** Opens `count` channels, `parallel` of them at a time. */
  async connect({ count, parallel = 1 }: { count: number; parallel?: number }) {
    if (!open) throw new Error("not prepared");
    for (let left = count; left > 0; left -= parallel) {
      const opening = Array.from({ length: Math.min(parallel, left) }, open);
      for (const channel of await Promise.all(opening)) adopt(channel);
    }
  },
  /** Waits until a server has `count` open channels. */
  async channels({ count }: { count: number }) {
    while (channels.length < count) await new Promise((resolve) => setTimeout(resolve, 1));
  },
  /** Starts to count received bytes, until there are `bytes`. */
  async expect({ bytes }: { bytes: number }) {
    received = 0;
    wanted = bytes;
  },
  async arrived() {
    if (received < wanted) await new Promise<void>((resolve) => (done = resolve));
    done = undefined;
  },
  /** Writes `count` chunks of `size` to each of the first `over` channels, all at once. */
  async pump({ size, count, over = 1 }: { size: number; count: number; over?: number }) {
    await Promise.all(channels.slice(0, over).map((channel) => pump(channel, size, count)));
  },
  /** Writes to the first channel, in pieces of these sizes. */
  async replay({ sizes }: { sizes: readonly number[] }) {
    const [channel] = channels;
    for (const size of sizes) await channel?.write(new Uint8Array(size));
  },
  /** Starts to record the messages that this process sends. */
  async record() {
    recorded = await (await import("./floor/recording.ts")).record();
  },
  async recorded() {
    if (!recorded) throw new Error("not recording");
    return recorded();
  },
  /** Takes a recording for `resend` and `sealAndOpen`. */
  async keep(newRecording: Recording) {
    recording = newRecording;
    sealAndOpen = (await import("./floor/floor.ts")).sealAndOpen(newRecording.records);
  },
  async resend() {
    const [channel] = channels;
    if (!channel) throw new Error("not connected");
    await (await import("./floor/floor.ts")).resend(channel, recording.messages);
  },
  async sealAndOpen() {
    sealAndOpen?.();
  },
  async mark() {
    mark = process.cpuUsage();
  },
  async cpu() {
    return spent(mark);
  },
  async memory() {
    for (let i = 0; i < 3; i++) {
      globalThis.gc?.();
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    const { heapUsed, external, rss } = process.memoryUsage();
    return { heap: heapUsed + external, rss };
  },
  async closeAll() {
    await Promise.all(channels.splice(0).map(async (channel) => channel.close()));
  },
};

export type Methods = typeof methods;

process.on("message", ({ id, method, params }: { id: number; method: keyof Methods; params: never }) => {
  Promise.resolve()
    .then((): Promise<unknown> => methods[method](params))
    .then(
      (result) => process.send?.({ id, result }),
      (error: unknown) => process.send?.({ id, error: error instanceof Error ? error.message : String(error) }),
    );
});
process.on("disconnect", () => process.exit());
