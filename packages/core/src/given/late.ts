/**
 * Where the explanations come from: a chunk of its own, since a page whose options and certificates are right never needs it. The build for Node.js takes
 * `now.ts` instead.
 * @module
 */
import type { Awaitable } from "../flow.ts";
import type * as explain from "./explain.ts";
import { inTime } from "./inTime.ts";

let loaded: typeof explain | undefined;

/** Once loaded, they are there at once; `undefined` where they do not come. */
export const explanations = (): Awaitable<typeof explain | undefined> =>
  loaded ??
  inTime(
    import("./explain.ts").then((module) => {
      loaded = module;
      return module;
    }),
  );
