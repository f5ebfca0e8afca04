/**
 * Loads the explanations from a chunk of their own, because a page whose options and certificates are right never needs
 * them. The build for Node.js uses `eager.ts` instead.
 * @module
 */
import type { Awaitable } from "../flow.ts";
import type * as explain from "./explain.ts";
import { loadWithTimeout } from "./loadWithTimeout.ts";

let loaded: typeof explain | undefined;

/**
 * A promise of the explanations, which resolves to `undefined` if they do not load. After they have loaded, the
 * explanations themselves.
 */
export const loadExplanations = (): Awaitable<typeof explain | undefined> =>
  loaded ??
  loadWithTimeout(
    import("./explain.ts").then((module) => {
      loaded = module;
      return module;
    }),
  );
