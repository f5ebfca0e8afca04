import type { Credential } from "../crypto/credential.ts";
import { schemesOf } from "../crypto/signatures.ts";
import { configurationError } from "../errors.ts";
import type { ServerCredential } from "../handshake/config.ts";
import { readChain } from "../x509/chain.ts";
import { anyExtendedKeyUsage, clientAuth, serverAuth, usageName } from "../x509/path.ts";

/**
 * Parses a credential of ours. It refuses here, and not at the first handshake, what no peer would accept in this role.
 * It does not look at dates: a server may outlive its certificate.
 */
export function checkCredential(credential: Credential, role: "server" | "client"): ServerCredential {
  if (typeof credential?.sign !== "function" || !Array.isArray(credential.schemes))
    throw configurationError("credential without sign or schemes");
  const [certificate] = readChain(credential.chain);
  const wrong = (reason: string, advice: string): never => {
    throw configurationError(`the certificate of ${certificate.subject.text || "no subject"} ${reason}`, advice);
  };
  const { extendedKeyUsage, keyUsage, publicKey, pssHash } = certificate;
  const wanted = role === "server" ? serverAuth : clientAuth;
  if (extendedKeyUsage && !extendedKeyUsage.includes(wanted) && !extendedKeyUsage.includes(anyExtendedKeyUsage)) {
    const list = extendedKeyUsage.map(usageName).join(", ");
    wrong(`is for ${list}, not for a ${role}`, `have one issued with ${usageName(wanted)} in extendedKeyUsage`);
  }
  if (role === "client" && keyUsage && !keyUsage.has("digitalSignature"))
    wrong("may not sign, and a client signs", "have one issued with digitalSignature in keyUsage");
  const fitting = schemesOf(publicKey, credential.schemes, pssHash);
  if (!fitting.length && !credential.rsaDecryptRaw)
    wrong(
      `has another kind of key than its signer, which signs with ${names(credential)}`,
      "give the key of this certificate",
    );
  return { credential, certificate };
}

const names = ({ schemes }: Credential): string => schemes.map(({ name }) => name).join(", ") || "nothing";
