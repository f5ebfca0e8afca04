/**
 * SHA-1, for the CBC suites and OCSP. It is in a file of its own, so that a page that uses neither does not load it.
 * @module
 */
import { sha1 as nobleSha1 } from "@noble/hashes/legacy.js";
import { hashOf } from "./hashes.ts";
import type { CryptoProvider, Hash, HashName } from "./provider.ts";

export const sha1: Hash = /* @__PURE__ */ hashOf(nobleSha1);

/** The provider's hash of that name, or @noble's SHA-1 if the provider has no SHA-1. */
export const getHash = ({ hashes }: CryptoProvider, name: HashName): Hash => hashes[name] ?? sha1;
