/**
 * Helpers of the tests in this folder.
 * @module
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { vectorsDirectory } from "@handclasp/testing/vectors";
import type { Random } from "../../src/crypto/provider.ts";

/** A random source that returns `bytes` once and throws for any other call. */
export function fixedRandom(bytes: Uint8Array): Random {
  let isUsed = false;
  return (length) => {
    if (isUsed || length !== bytes.length) throw new Error(`unexpected call for ${length} random bytes`);
    isUsed = true;
    return bytes;
  };
}

/** The path of a file of vectors, and a function that parses it (`undefined` if the file does not exist). */
export function vectorFile(name: string): { path: string; read: (() => unknown) | undefined } {
  const path = join(vectorsDirectory(), name);
  return { path, read: existsSync(path) ? () => JSON.parse(readFileSync(path, "utf8")) : undefined };
}
