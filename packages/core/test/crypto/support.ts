/**
 * What the tests of cryptography share.
 * @module
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { vectorsDirectory } from "@handclasp/testing/vectors";
import type { Random } from "../../src/crypto/provider.ts";

/** Gives the bytes it was made with, once, and refuses anything else. */
export function given(bytes: Uint8Array): Random {
  let used = false;
  return (length) => {
    if (used || length !== bytes.length) throw new Error(`asked for ${length} bytes`);
    used = true;
    return bytes;
  };
}

/** Where a file of vectors is, and what is in it once asked; `undefined` where it is not there. */
export function vectorFile(name: string): { path: string; read: (() => unknown) | undefined } {
  const path = join(vectorsDirectory(), name);
  return { path, read: existsSync(path) ? () => JSON.parse(readFileSync(path, "utf8")) : undefined };
}
