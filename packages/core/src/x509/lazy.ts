/**
 * Loads the rules of name constraints, which a page needs only if a CA constrains names. Few CAs do. The build for
 * Node.js takes `eager.ts` instead.
 * @module
 */
import type { Awaitable } from "../flow.ts";
import { throwNotLoaded } from "../loading.ts";
import type * as rules from "./constraints.ts";

type Constraints = typeof rules;
let loaded: Constraints | undefined;

/** A promise of the rules; once they are loaded, the rules themselves. */
export const loadConstraints = (): Awaitable<Constraints> =>
  loaded ??
  import("./constraints.ts").then((module) => {
    loaded = module;
    return module;
  }, throwNotLoaded);
