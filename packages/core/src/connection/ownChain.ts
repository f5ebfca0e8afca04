import { wrongOption } from "../validation/options.ts";
import type { Credential, OwnChain } from "../x509/credential.ts";

/** The chain of a credential that somebody gives us, who may have made it by hand. */
export function readOwn(credential: Credential, role: "server" | "client"): OwnChain {
  const { sign, read } = (credential as Credential | null) ?? {};
  if (typeof sign !== "function" || typeof read !== "function")
    throw wrongOption("credentials", credential, "a credential");
  return read(credential, role);
}
