/**
 * Where the explanations come from: a chunk of its own, since a page whose options and certificates are right never needs it. The build for Node.js takes
 * `eager.ts` instead.
 * @module
 */
import type { Awaitable } from "../flow.ts";
import type * as explain from "./explain.ts";
import { loadWithTimeout } from "./loadWithTimeout.ts";

let loaded: typeof explain | undefined;

/** Once loaded, they are there at once; `undefined` where they do not come. */
export const loadExplanations = (): Awaitable<typeof explain | undefined> =>
  loaded ??
  loadWithTimeout(
    import("./explain.ts").then((module) => {
      loaded = module;
      return module;
    }),
  );
