/** The order in which Vitest runs the files: the longest first, so that no long file runs alone at the end. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { BaseSequencer } from "vitest/node";
import { root } from "./process.mjs";

/** @import { TestSpecification } from "vitest/node" */

/**
 * The files that take longest, the longest first. Vitest would go by the size of a file, which says little about its
 * duration: it knows no durations in a fresh clone.
 */
const longest = [
  "packages/conformance/test/hostile/attacks.interop.test.ts",
  "packages/bench/test/harness.interop.test.ts",
  "packages/conformance/test/interop/matrix.interop.test.ts",
  "packages/conformance/test/soak/soak.interop.test.ts",
  "packages/cli/test/cli.interop.test.ts",
  "packages/node/test/interop/openssl.interop.test.ts",
  "packages/cli/test/session.interop.test.ts",
  "packages/node/test/memory/stalled.interop.test.ts",
  "packages/conformance/test/interop/privateCas.interop.test.ts",
  "packages/node/test/memory/idle.interop.test.ts",
  "packages/conformance/test/flood/flood.interop.test.ts",
  "packages/conformance/test/interop/tshark.interop.test.ts",
  "examples/fleet/test/fleet.interop.test.ts",
  "packages/conformance/test/runtimes/runtimes.interop.test.ts",
  "packages/conformance/test/faults/matrix.test.ts",
  "packages/core/test/crypto/wycheproof.test.ts",
  "packages/core/test/connection/coreSuite.noble.test.ts",
  "packages/core/test/connection/coreSuite.asyncProvider.test.ts",
  "packages/core/test/handshake/byteflip.test.ts",
  "packages/browser/test/crypto/wycheproof.test.ts",
];
const moved = longest.filter((file) => !existsSync(join(root, file)));
if (moved.length > 0)
  throw new Error(`scripts/lib/longestFirst.mjs names files that are not there: ${moved.join(", ")}`);

export class LongestFirst extends BaseSequencer {
  /**
   * @override
   * @param {TestSpecification[]} files
   */
  async sort(files) {
    return inOrder(await super.sort(files), ({ moduleId }) => moduleId);
  }
}

/**
 * Puts the longest files first, and leaves the others in their order.
 *
 * @template T
 * @param {readonly T[]} files
 * @param {(file: T) => string} pathOf returns the path from the file system's root, with slashes
 */
export function inOrder(files, pathOf) {
  const rank = (/** @type {T} */ file) => {
    const at = longest.findIndex((name) => pathOf(file).endsWith(`/${name}`));
    return at < 0 ? longest.length : at;
  };
  return [...files].sort((a, b) => rank(a) - rank(b));
}
