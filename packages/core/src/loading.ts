/**
 * The error if a page cannot load code that is loaded on first use. (Most pages never use that code.) In Node.js, most
 * of that code is in the main file: the build uses the modules `eager.ts` in place of `lazy.ts`.
 * @module
 */
import { TlsError } from "./errors.ts";

/**
 * Throws the error for an import that failed. Either the network failed, or the page's server has another build by now.
 */
export function throwNotLoaded(cause: unknown): never {
  const code = "not_loaded";
  throw new TlsError("internal_error", "a part of Handclasp did not load", { code, fault: "transport", cause });
}
