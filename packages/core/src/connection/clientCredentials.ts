import { der } from "../bytes/der.ts";
import { TlsError } from "../errors.ts";
import type { Awaitable } from "../flow.ts";
import type { ClientConfig } from "../handshake/config.ts";
import type { CertificateRequested } from "../handshake/session.ts";
import type { Credential } from "../x509/credential.ts";
import { readName } from "../x509/distinguishedName.ts";
import { readOwn } from "./ownChain.ts";

/**
 * Our certificate for a server that asks for one:
 * - one credential is shown to every server that can verify its kind of key, whatever authorities the server names: who
 *   gives one means it. RFC 5246 §7.4.6 says only SHOULD, servers often name the root where our chain ends below it,
 *   and "unknown_ca" says more than "no certificate";
 * - of a list, the first that the server can verify and whose chain leads to an authority that it names, any where it
 *   names none; where none fits, the server is told that there is no certificate. A list, even of one, thus shows a
 *   certificate only to whom it is meant for;
 * - a function chooses by itself.
 */
export type ClientCredentials =
  | Credential
  | readonly Credential[]
  | ((request: CertificateRequested) => Awaitable<Credential | undefined>);

/** Checks what the user gives, and makes the choice of it. */
export function selector(
  given: ClientCredentials | undefined,
): Pick<ClientConfig, "selectCredential" | "identity" | "identityFits"> {
  if (typeof given === "function") return { selectCredential: given, identity: undefined, identityFits: false };
  if (given === undefined) return { selectCredential: () => undefined, identity: [], identityFits: false };
  if (!isList(given)) {
    const [certificate] = readOwn(given, "client");
    return { selectCredential: () => given, identity: [certificate], identityFits: false };
  }
  const candidates = given.map((credential) => {
    const chain = readOwn(credential, "client");
    return { credential, certificate: chain[0], issuers: chain.map(({ issuer }) => issuer.normalised) };
  });
  const selectCredential: ClientConfig["selectCredential"] = ({ schemes, certificateAuthorities }) => {
    const names = certificateAuthorities.flatMap(normalised);
    const fits = ({ credential, issuers }: (typeof candidates)[number]): boolean =>
      credential.schemes.some((own) => schemes.some(({ id }) => id === own.id)) &&
      (!certificateAuthorities.length || issuers.some((issuer) => names.includes(issuer)));
    return candidates.find(fits)?.credential;
  };
  return { selectCredential, identity: candidates.map(({ certificate }) => certificate), identityFits: true };
}

const isList = (given: Credential | readonly Credential[]): given is readonly Credential[] => Array.isArray(given);

/** A name that is none is the name of nobody. */
function normalised(name: Uint8Array): readonly string[] {
  try {
    return [der(name, readName).normalised];
  } catch (error) {
    if (TlsError.is(error)) return [];
    throw error;
  }
}
