/**
 * What a page loads where a CA constrains names, which few do. The build for Node.js takes `now.ts` instead.
 * @module
 */
import type { Awaitable } from "../flow.ts";
import { notLoaded } from "../loading.ts";
import type * as rules from "./constraints.ts";

type Constraints = typeof rules;
let loaded: Constraints | undefined;

/** Once loaded, they are there at once. */
export const constraints = (): Awaitable<Constraints> =>
  loaded ??
  import("./constraints.ts").then((module) => {
    loaded = module;
    return module;
  }, notLoaded);
