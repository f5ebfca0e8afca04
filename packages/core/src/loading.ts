/**
 * What a page loads when it is first needed: most pages never need it. Node.js has it all in one file (the modules `eager.ts` in place of `lazy.ts`).
 * @module
 */
import { TlsError } from "./errors.ts";

/** A part did not load: the network failed, or the page's server has another build by now. */
export function throwNotLoaded(cause: unknown): never {
  const code = "not_loaded";
  throw new TlsError("internal_error", "a part of Handclasp did not load", { code, fault: "transport", cause });
}
