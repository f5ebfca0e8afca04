/**
 * @noble's SHA-2 hashes. They are in the first load of every page, because transcripts, the PRF and fingerprints are
 * always synchronous.
 * @module
 */
import { hmac as nobleHmac } from "@noble/hashes/hmac.js";
import type { sha1 } from "@noble/hashes/legacy.js";
import { sha256, sha384, sha512 } from "@noble/hashes/sha2.js";
import type { Hash, Hashes, Hmac, RunningHash } from "./provider.ts";

/** One of noble's hashes as a provider's `Hash`. */
export function hashOf(algorithm: typeof sha1 | typeof sha256): Hash {
  return {
    outputLength: algorithm.outputLen,
    blockLength: algorithm.blockLen,
    digest: (data) => algorithm(data),
    create(): RunningHash {
      const state = algorithm.create();
      return {
        update(data) {
          state.update(data);
          return this;
        },
        // `digest` destroys the state, so `snapshot` calls it on a copy.
        snapshot: () => state.clone().digest(),
      };
    },
    hmac(key): Hmac {
      // noble hashes the two padded keys here, once for each key. Each MAC starts from a copy of this state.
      const keyed = nobleHmac.create(algorithm, key);
      return {
        mac(...parts) {
          const state = keyed.clone();
          for (const part of parts) state.update(part);
          return state.digest();
        },
      };
    },
  };
}

export const hashes: Hashes = {
  sha256: /* @__PURE__ */ hashOf(sha256),
  sha384: /* @__PURE__ */ hashOf(sha384),
  sha512: /* @__PURE__ */ hashOf(sha512),
};
