/** Measures the path of a byte through core, with the public interface of core and an in-memory transport. */
import { Session } from "node:inspector/promises";
import { SourceMap } from "node:module";
import { relative } from "node:path";
import { setImmediate as nextTurn } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { root } from "./process.mjs";
import { transpile } from "./sources.mjs";

/** @import { Profiler } from "node:inspector" */

/**
 * @typedef {object} Way
 * @property {number} records
 * @property {number} messages the number of arrays that the transport received or delivered
 * @property {Map<string, {file: string, name: string, calls: number}>} functions the functions that were called, by
 *   file and offset; `calls` is the mean number of calls per record
 */

const recordLength = 2 ** 14;

/**
 * Measures both directions twice: with records that are sent alone, each in its own turn of the event loop, and with
 * records in a stream.
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
  if (!provider) throw new Error(`unknown provider ${providerName}: expected nodeCrypto or noble`);

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

  // If the connection ended, the promises below would never settle. No code catches this error, so it ends the process.
  void Promise.race([sender.closed, receiver.closed]).then(() => {
    throw new Error("one side has closed the connection");
  });
  await nextTurn();
  /** @type {Uint8Array[]} */
  const messages = [];
  a.record(messages);
  const bytes = new Uint8Array(recordLength);
  // The first record does not count. It shows the length of a record on the wire, and it causes all work that happens
  // only once.
  await sender.write(bytes);
  while (messages.length === 0) await nextTurn();
  const [first] = messages.splice(0);
  const wireLength = a.recordedLength;
  const sent = await countCalls(session, async () => {
    for (let i = 1; i <= records; i++) {
      await sender.write(bytes);
      while ((alone || i === records) && a.recordedLength < (i + 1) * wireLength) await nextTurn();
    }
  });

  const read = async (/** @type {number} */ length) => {
    for (let remaining = length; remaining > 0; ) remaining -= (await receiver.read()).length;
  };
  b.events.data(first);
  await read(recordLength);
  const received = await countCalls(session, async () => {
    const reading = read(records * recordLength);
    for (const message of messages) {
      b.events.data(message);
      do await nextTurn();
      while (b.isPaused);
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

/** An in-memory transport. After `record`, it stores the arrays that core sends and does not deliver them. */
class End {
  /** @type {End | undefined} */
  peer;
  /** @type {any} the event handlers of core */
  events;
  isPaused = false;
  recordedLength = 0;
  /** @type {Uint8Array[] | undefined} */
  #messages;

  /** @param {Uint8Array[]} messages the array in which to store what core sends */
  record(messages) {
    this.#messages = messages;
  }

  /** @param {unknown} events */
  start(events) {
    this.events = events;
  }

  /**
   * @param {Uint8Array} bytes
   * @param {() => void} [done] the function to call when the transport no longer reads `bytes`
   */
  send(bytes, done) {
    const copy = bytes.slice();
    this.recordedLength += this.#messages ? copy.length : 0;
    if (this.#messages) this.#messages.push(copy);
    else setImmediate(() => this.peer?.events.data(copy));
    if (done) queueMicrotask(done);
    return "ok"; // truthy, for the older contract, in which `send` returned a boolean
  }

  pause() {
    this.isPaused = true;
    return true;
  }
  resume() {
    this.isPaused = false;
  }
  end() {}
  abort() {}
}

/** @typedef {Map<string, {file: string, name: string, count: number}>} Counts */

/**
 * Counts the calls of each function of the packages while `task` runs.
 *
 * @param {Session} session
 * @param {() => Promise<unknown>} task
 * @returns {Promise<Counts>}
 */
async function countCalls(session, task) {
  await session.post("Profiler.takePreciseCoverage"); // resets the counters
  await task();
  const { result } = await session.post("Profiler.takePreciseCoverage");
  const sources = result.filter(({ url }) => /^file:.*\/packages\/\w+\/src\/.*\.ts$/.test(url));
  return new Map(sources.flatMap(countsOf));
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
    const position = lines.findEntry(before.length - 1, before.at(-1)?.length ?? 0);
    const line = "originalLine" in position ? position.originalLine + 1 : 0;
    return [[`${file}:${range.startOffset}`, { file, name: functionName || `line ${line}`, count: range.count }]];
  });
}
