/**
 * One side of one subject, in its own process. pair.ts calls its methods over IPC.
 * @module
 */
import type { Recording } from "./floor/recording.ts";
import { subjectNamed } from "./subjects/all.ts";
import type { Channel, Identity } from "./subjects/subject.ts";
import { subjectFrom } from "./subjects/worktree.ts";

const [subjectName, worktree] = process.argv.slice(2) as [string, string?];
const subject = worktree === undefined ? await subjectNamed(subjectName) : await subjectFrom(worktree, subjectName);
const channels: Channel[] = [];
let openChannel: (() => Promise<Channel>) | undefined;
let received = 0;
let expected = Number.POSITIVE_INFINITY;
let onExpectedBytes: (() => void) | undefined;
let isAnswering = false;
let stopRecording: (() => Recording) | undefined;
/** The recording that `loadRecording` received before the clock started: a large IPC message would take time. */
let loaded: Recording = { messages: [], records: [] };
let sealAndOpen: (() => void) | undefined;
let cpuClock = process.cpuUsage();

function addChannel(channel: Channel): void {
  channels.push(channel);
  channel.onData = (bytes) => {
    received += bytes;
    if (isAnswering) void channel.write(new Uint8Array(bytes));
    if (received >= expected) onExpectedBytes?.();
  };
}

/** CPU time of this process in ms. */
const cpuSince = (since: NodeJS.CpuUsage): number => {
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
  serve: (identity: Identity) => subject.server(identity, addChannel),
  async prepare({ identity, port }: { identity: Identity; port: number }) {
    openChannel = await subject.client(identity, port);
  },
  /** Opens `count` channels, `parallel` at a time. */
  async connect({ count, parallel = 1 }: { count: number; parallel?: number }) {
    if (!openChannel) throw new Error("connect() needs prepare() first");
    for (let left = count; left > 0; left -= parallel) {
      const opening = Array.from({ length: Math.min(parallel, left) }, openChannel);
      for (const channel of await Promise.all(opening)) addChannel(channel);
    }
  },
  /** Server only: waits until `count` channels are open. */
  async waitForChannels({ count }: { count: number }) {
    while (channels.length < count) await new Promise((resolve) => setTimeout(resolve, 1));
  },
  /** Starts to count received bytes. */
  async expectBytes({ bytes }: { bytes: number }) {
    received = 0;
    expected = bytes;
  },
  /** Waits until the expected number of bytes was received. */
  async waitForBytes() {
    if (received < expected) await new Promise<void>((resolve) => (onExpectedBytes = resolve));
    onExpectedBytes = undefined;
  },
  /** Writes `count` chunks of `size` bytes to each of the first `channelCount` channels, in parallel. */
  async pump({ size, count, channelCount = 1 }: { size: number; count: number; channelCount?: number }) {
    await Promise.all(channels.slice(0, channelCount).map((channel) => pump(channel, size, count)));
  },
  /** Server only: whether it answers what arrives with as many bytes. */
  async answer({ answered }: { answered: boolean }) {
    isAnswering = answered;
    return { channelCount: channels.length };
  },
  /** Sends `rate` messages in a second on each channel. The channels take turns, so that they send evenly in time. */
  async trickle({ size, rate, seconds }: { size: number; rate: number; seconds: number }) {
    const message = new Uint8Array(size);
    const count = channels.length * rate * seconds;
    const start = performance.now();
    for (let sent = 0; sent < count; await new Promise((resolve) => setTimeout(resolve, 1))) {
      const due = Math.min(count, ((performance.now() - start) / 1000) * rate * channels.length);
      for (; sent < due; sent++) await channels[sent % channels.length]?.write(message);
    }
  },
  /** Writes chunks of these sizes to the first channel. */
  async replay({ sizes }: { sizes: readonly number[] }) {
    const [channel] = channels;
    for (const size of sizes) await channel?.write(new Uint8Array(size));
  },
  /** Starts to record the messages that this process sends. */
  async startRecording() {
    stopRecording = await (await import("./floor/recording.ts")).startRecording();
  },
  async stopRecording() {
    if (!stopRecording) throw new Error("stopRecording() needs startRecording() first");
    return stopRecording();
  },
  /** Loads a recording for `resend` and `sealAndOpen`. */
  async loadRecording(recording: Recording) {
    loaded = recording;
    sealAndOpen = (await import("./floor/floor.ts")).sealAndOpen(recording.records);
  },
  async resend() {
    const [channel] = channels;
    if (!channel) throw new Error("resend() needs connect() first");
    await (await import("./floor/floor.ts")).resend(channel, loaded.messages);
  },
  async sealAndOpen() {
    sealAndOpen?.();
  },
  async startCpuClock() {
    cpuClock = process.cpuUsage();
  },
  /** The CPU time since `startCpuClock` in ms. */
  async readCpuClock() {
    return cpuSince(cpuClock);
  },
  /** The memory of this process in bytes, after garbage collection. */
  async readMemory() {
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
