import type { Credential } from "../crypto/credential.ts";
import { schemesOf } from "../crypto/signatures.ts";
import { brief, wrong } from "../given/options.ts";
import type { ServerCredential } from "../handshake/config.ts";
import { readChain } from "../x509/chain.ts";
import { anyExtendedKeyUsage, clientAuth, serverAuth, usageName } from "../x509/path.ts";

/**
 * Parses a credential of ours. It refuses here, and not at the first handshake, what no peer would accept in this role.
 * It does not look at dates: a server may outlive its certificate.
 */
export function checkCredential(credential: Credential, role: "server" | "client"): ServerCredential {
  const { sign, schemes, chain } = (credential as Credential | null) ?? {};
  if (typeof sign !== "function" || !Array.isArray(schemes) || !Array.isArray(chain))
    throw wrong("credentials", credential, "what nodeCredential or browserCredential returns");
  const [certificate] = readChain(credential.chain);
  const unfit = (reason: string): never => {
    throw brief(`the certificate of ${certificate.subject.text || "no subject"} ${reason}`);
  };
  const { extendedKeyUsage, keyUsage, publicKey, pssHash } = certificate;
  const wanted = role === "server" ? serverAuth : clientAuth;
  if (extendedKeyUsage && !extendedKeyUsage.includes(wanted) && !extendedKeyUsage.includes(anyExtendedKeyUsage)) {
    const list = extendedKeyUsage.map(usageName).join(", ");
    unfit(`is for ${list}, not for a ${role}: extendedKeyUsage lacks ${usageName(wanted)}`);
  }
  if (role === "client" && keyUsage && !keyUsage.has("digitalSignature"))
    unfit("may not sign, and a client signs: keyUsage lacks digitalSignature");
  const fitting = schemesOf(publicKey, credential.schemes, pssHash);
  if (!fitting.length && !credential.rsaDecryptRaw)
    unfit(`has another kind of key than its signer, which signs with ${names(credential)}`);
  return { credential, certificate };
}

const names = ({ schemes }: Credential): string => schemes.map(({ name }) => name).join(", ") || "nothing";
