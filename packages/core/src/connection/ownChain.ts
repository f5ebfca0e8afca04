import { wrongOption } from "../validation/options.ts";
import type { Credential, OwnChain } from "../x509/credential.ts";

/**
 * Returns the parsed chain of a credential. Checks the credential first, because the application may have built it by
 * hand.
 * @throws TlsError `configuration`
 */
export function checkedChain(credential: Credential, role: "server" | "client"): OwnChain {
  const { sign, read } = (credential as Credential | null) ?? {};
  if (typeof sign !== "function" || typeof read !== "function")
    throw wrongOption("credentials", credential, "a credential");
  return read(credential, role);
}
