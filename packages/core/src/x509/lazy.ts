/**
 * What a page loads where a CA constrains names, which few do. The build for Node.js takes `eager.ts` instead.
 * @module
 */
import type { Awaitable } from "../flow.ts";
import { throwNotLoaded } from "../loading.ts";
import type * as rules from "./constraints.ts";

type Constraints = typeof rules;
let loaded: Constraints | undefined;

/** Once loaded, they are there at once. */
export const loadConstraints = (): Awaitable<Constraints> =>
  loaded ??
  import("./constraints.ts").then((module) => {
    loaded = module;
    return module;
  }, throwNotLoaded);
