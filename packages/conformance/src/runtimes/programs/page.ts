/** The program with @handclasp/browser: for pages, their workers, and runtimes that have the globals of a page. */
import { connect, defaultProvider } from "@handclasp/browser";
import { browserCredential } from "@handclasp/browser/credential";
import { runnersAuthority, runnersCredential } from "./authority.ts";
import { type Host, runProgram } from "./program.ts";

/** Each provider is that which the package chooses by itself. */
const pageHost = (): Host => ({
  provider: defaultProvider(),
  credential: browserCredential,
  hasRawRsa: false,
  connect,
  ...(globalThis.crypto.subtle ? {} : { authority: runnersAuthority, credential: runnersCredential }),
});

void runProgram(pageHost);
