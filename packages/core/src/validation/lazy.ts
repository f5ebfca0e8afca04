/**
 * Loads the explanations, which are a chunk of their own: a page whose options and certificates are right never needs
 * them. The build for Node.js takes `eager.ts` instead.
 * @module
 */
import type { Awaitable } from "../flow.ts";
import type * as explain from "./explain.ts";
import { loadWithTimeout } from "./loadWithTimeout.ts";

let loaded: typeof explain | undefined;

/**
 * A promise of the explanations, or `undefined` if they do not load; once they are loaded, the explanations themselves.
 */
export const loadExplanations = (): Awaitable<typeof explain | undefined> =>
  loaded ??
  loadWithTimeout(
    import("./explain.ts").then((module) => {
      loaded = module;
      return module;
    }),
  );
