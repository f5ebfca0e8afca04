/**
 * Loads the rules of name constraints on first use, because few CAs constrain names. The build for Node.js uses
 * `eager.ts` instead.
 * @module
 */
import type { Awaitable } from "../flow.ts";
import { throwNotLoaded } from "../loading.ts";
import type * as rules from "./constraints.ts";

type Constraints = typeof rules;
let loaded: Constraints | undefined;

/** A promise of the rules. After they have loaded, the rules themselves. */
export const loadConstraints = (): Awaitable<Constraints> =>
  loaded ??
  import("./constraints.ts").then((module) => {
    loaded = module;
    return module;
  }, throwNotLoaded);
