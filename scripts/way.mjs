/**
 * Prints the path of a byte: the functions that a record of 16 KiB enters in core and beyond, and their files.
 *
 *   node scripts/way.mjs [RECORDS] [nodeCrypto|noble]
 *
 * Receiving is measured from the transport's `data` to `read`, sending from `write` to the transport's `send`.
 * While V8 counts every call, it does not optimize code, so a run with noble is slow.
 */
import { register } from "node:module";

register("./lib/sources.mjs", import.meta.url);
const { measure } = await import("./lib/way.mjs");

/** A function is on the path if it has at least this many calls per record. */
const minCalls = 0.5;
const [records = "10000", provider = "nodeCrypto"] = process.argv.slice(2);
/** The results with nodeCrypto at commit b80e1d2, before the rewrite of the record layer, engine and connection. */
const before = {
  receiving: { alone: "9 files, 52 functions", stream: "9 files, 35 functions" },
  sending: { alone: "7 files, 35 functions", stream: "6 files, 26 functions" },
};

const ways = await measure(Number(records), provider);
console.log(
  `${records} records of 16 KiB, ${provider}. The lists have the functions with at least ${minCalls} calls per record.`,
);
for (const way of /** @type {const} */ (["receiving", "sending"])) {
  const [alone, stream] = [ways.alone[way], ways.stream[way]];
  const rows = [...new Map([...alone.functions, ...stream.functions])].filter(([key]) =>
    [alone, stream].some(({ functions }) => (functions.get(key)?.calls ?? 0) >= minCalls),
  );
  const files = [...new Set(rows.map(([, { file }]) => file))].sort((a, b) => Number(isCore(b)) - Number(isCore(a)));
  console.log(`
${way === "receiving" ? "receiving, from data to read" : "sending, from write to send"}
  alone, ${perMessage(alone)}: ${summary(alone)} of core (b80e1d2, nodeCrypto: ${before[way].alone})
  in a stream, ${perMessage(stream)}: ${summary(stream)} of core (b80e1d2, nodeCrypto: ${before[way].stream})
  ${"calls per record".padEnd(44)}   alone  stream`);
  for (const file of files) {
    console.log(`  ${file}${isCore(file) ? "" : " (beyond core)"}`);
    for (const [key, { name, file: fileOfRow }] of rows)
      if (fileOfRow === file) console.log(`    ${name.padEnd(42)}${calls(alone, key)}${calls(stream, key)}`);
  }
}

/** @typedef {import("./lib/way.mjs").Way} Way */

/** @param {Way} way */
function perMessage({ records, messages }) {
  return `${(records / messages).toFixed(0)} per message`;
}

/** @param {Way} way */
function summary({ functions }) {
  const core = [...functions.values()].filter(({ file, calls }) => isCore(file) && calls >= minCalls);
  return `${new Set(core.map(({ file }) => file)).size} files, ${core.length} functions`;
}

/**
 * Whether `file` belongs to core. The providers do not count, not even core's own (`noble.ts`).
 *
 * @param {string} file
 */
function isCore(file) {
  return file.startsWith("packages/core/src/") && !file.endsWith("/noble.ts");
}

/**
 * @param {Way} way
 * @param {string} key
 */
function calls({ functions }, key) {
  return (functions.get(key)?.calls ?? 0).toFixed(2).padStart(8);
}
