/** Measures the way of a byte, with nothing but the public interface of core, and a transport of its own. */
import { Session } from "node:inspector/promises";
import { SourceMap } from "node:module";
import { relative } from "node:path";
import { setImmediate as turn } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { root } from "./process.mjs";
import { transpile } from "./sources.mjs";

/** @import { Profiler } from "node:inspector" */

/**
 * @typedef {object} Way
 * @property {number} records
 * @property {number} messages what the transport was given, or gave
 * @property {Map<string, {file: string, name: string, calls: number}>} functions by their place; calls are a record's
 */

const recordLength = 2 ** 14;

/**
 * Both ways: of records that go alone, each in a turn of the event loop and a message of its own, and of a stream.
 *
 * @param {number} records
 * @param {string} provider
 */
export async function measure(records, provider) {
  return { alone: await bothWays(records, provider, true), stream: await bothWays(records, provider, false) };
}

/**
 * @param {number} records
 * @param {string} providerName
 * @param {boolean} alone
 * @returns {Promise<{sending: Way, receiving: Way}>}
 */
async function bothWays(records, providerName, alone) {
  const { accept, connect } = await fromSource("packages/core/src/index.ts");
  const { nodeCredential, nodeCrypto } = await fromSource("packages/node/src/index.ts");
  const { noble } = await fromSource("packages/core/src/noble.ts");
  const { testCa } = await fromSource("packages/testing/src/index.ts");
  const provider = { nodeCrypto, noble }[providerName];
  if (!provider) throw new Error(`no provider ${providerName}: nodeCrypto or noble`);

  const [a, b] = [new End(), new End()];
  a.peer = b;
  b.peer = a;
  const ca = await testCa();
  const credentials = [nodeCredential(await ca.issue())];
  const [sender, receiver] = await Promise.all([
    connect(a, { ca: ca.pem, serverName: "localhost", provider }),
    accept(b, { credentials, provider }),
  ]);

  const session = new Session();
  session.connect();
  await session.post("Profiler.enable");
  await session.post("Profiler.startPreciseCoverage", { callCount: true, detailed: false });

  // What waits below would wait for ever on a connection that has ended: nothing catches this, so it ends the process.
  void Promise.race([sender.closed, receiver.closed]).then(() => {
    throw new Error("one side has closed the connection");
  });
  await turn();
  /** @type {Uint8Array[]} */
  const messages = [];
  a.keep(messages);
  const bytes = new Uint8Array(recordLength);
  // The first record is not counted: it tells how long a record is on the wire, and what happens once has happened.
  await sender.write(bytes);
  while (messages.length === 0) await turn();
  const [first] = messages.splice(0);
  const wireLength = a.keptLength;
  const sent = await counted(session, async () => {
    for (let i = 1; i <= records; i++) {
      await sender.write(bytes);
      while ((alone || i === records) && a.keptLength < (i + 1) * wireLength) await turn();
    }
  });

  const read = async (/** @type {number} */ length) => {
    for (let left = length; left > 0; ) left -= (await receiver.read()).length;
  };
  b.events.data(first);
  await read(recordLength);
  const received = await counted(session, async () => {
    const reading = read(records * recordLength);
    for (const message of messages) {
      b.events.data(message);
      do await turn();
      while (b.paused);
    }
    await reading;
  });
  session.disconnect();
  const way = (/** @type {Counts} */ counts) => ({
    records,
    messages: messages.length,
    functions: new Map(
      [...counts].map(([key, { file, name, count }]) => [key, { file, name, calls: count / records }]),
    ),
  });
  return { sending: way(sent), receiving: way(received) };
}

/** @param {string} path */
const fromSource = (path) => import(new URL(`../../${path}`, import.meta.url).href);

/** A transport in memory. After `keep` it keeps what core sends, and delivers nothing. */
class End {
  /** @type {End | undefined} */
  peer;
  /** @type {any} what core listens with */
  events;
  paused = false;
  keptLength = 0;
  /** @type {Uint8Array[] | undefined} */
  #kept;

  /** @param {Uint8Array[]} messages where to */
  keep(messages) {
    this.#kept = messages;
  }

  /** @param {unknown} events */
  start(events) {
    this.events = events;
  }

  /**
   * @param {Uint8Array} bytes
   * @param {() => void} [done] called once nobody reads `bytes` any more
   */
  send(bytes, done) {
    const copy = bytes.slice();
    this.keptLength += this.#kept ? copy.length : 0;
    if (this.#kept) this.#kept.push(copy);
    else setImmediate(() => this.peer?.events.data(copy));
    if (done) queueMicrotask(done);
    return "ok"; // for a contract whose answer is a boolean, this is true: there is always room
  }

  pause() {
    this.paused = true;
    return true;
  }
  resume() {
    this.paused = false;
  }
  end() {}
  abort() {}
}

/** @typedef {Map<string, {file: string, name: string, count: number}>} Counts */

/**
 * How often each function of ours was called meanwhile.
 *
 * @param {Session} session
 * @param {() => Promise<unknown>} task
 * @returns {Promise<Counts>}
 */
async function counted(session, task) {
  await session.post("Profiler.takePreciseCoverage"); // sets the counters back
  await task();
  const { result } = await session.post("Profiler.takePreciseCoverage");
  const ours = result.filter(({ url }) => /^file:.*\/packages\/\w+\/src\/.*\.ts$/.test(url));
  return new Map(ours.flatMap(countsOf));
}

/**
 * @param {Profiler.ScriptCoverage} script
 * @returns {[string, {file: string, name: string, count: number}][]}
 */
function countsOf({ url, functions }) {
  const { code, map } = transpile(url);
  const lines = new SourceMap(JSON.parse(map));
  const file = relative(root, fileURLToPath(url));
  return functions.flatMap(({ functionName, ranges: [range] }) => {
    if (!range?.count) return [];
    const before = code.slice(0, range.startOffset).split("\n");
    const place = lines.findEntry(before.length - 1, before.at(-1)?.length ?? 0);
    const line = "originalLine" in place ? place.originalLine + 1 : 0;
    return [[`${file}:${range.startOffset}`, { file, name: functionName || `line ${line}`, count: range.count }]];
  });
}
