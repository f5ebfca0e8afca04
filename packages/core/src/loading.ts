/**
 * The error of code that a page loads on first use, since most pages never use it. In Node.js that code is in the main
 * file: the build takes the modules `eager.ts` in place of `lazy.ts`.
 * @module
 */
import { TlsError } from "./errors.ts";

/** Throws the error of an import that failed: the network failed, or the page's server has another build by now. */
export function throwNotLoaded(cause: unknown): never {
  const code = "not_loaded";
  throw new TlsError("internal_error", "a part of Handclasp did not load", { code, fault: "transport", cause });
}
