import { der } from "../bytes/der.ts";
import { TlsError } from "../errors.ts";
import type { Awaitable } from "../flow.ts";
import type { ClientConfig } from "../handshake/config.ts";
import type { ReceivedCertificateRequest } from "../handshake/session.ts";
import type { Credential } from "../x509/credential.ts";
import { readName } from "../x509/distinguishedName.ts";
import { checkedChain } from "./ownChain.ts";

/**
 * The client's credentials, for servers that ask for a certificate:
 * - A single credential is sent to every server that can verify its kind of key, whatever authorities the server names,
 *   for three reasons: to obey that list is only a SHOULD (RFC 5246 §7.4.6), servers often name the root while our
 *   chain ends below it, and "unknown_ca" says more than "no certificate".
 * - From a list, the client sends the first credential that the server can verify and whose chain leads to an authority
 *   that the server names, or to any authority if the server names none. If none fits, the client sends an empty
 *   certificate list. So a list, even of one credential, shows no certificate to a server that names only other
 *   authorities.
 * - A function returns the credential to send, or `undefined` to send none.
 */
export type ClientCredentials =
  | Credential
  | readonly Credential[]
  | ((request: ReceivedCertificateRequest) => Awaitable<Credential | undefined>);

/** Checks the option `credentials`, and makes the function that selects a credential. */
export function credentialSelector(
  credentials: ClientCredentials | undefined,
): Pick<ClientConfig, "selectCredential" | "ownCertificates" | "matchesIssuers"> {
  if (typeof credentials === "function")
    return { selectCredential: credentials, ownCertificates: undefined, matchesIssuers: false };
  if (credentials === undefined)
    return { selectCredential: () => undefined, ownCertificates: [], matchesIssuers: false };
  if (!isList(credentials)) {
    const [certificate] = checkedChain(credentials, "client");
    return { selectCredential: () => credentials, ownCertificates: [certificate], matchesIssuers: false };
  }
  const candidates = credentials.map((credential) => {
    const chain = checkedChain(credential, "client");
    return { credential, certificate: chain[0], issuers: chain.map(({ issuer }) => issuer.normalised) };
  });
  const selectCredential: ClientConfig["selectCredential"] = ({ schemes, certificateAuthorities }) => {
    const names = certificateAuthorities.flatMap(normalised);
    const fits = ({ credential, issuers }: (typeof candidates)[number]): boolean =>
      credential.schemes.some(({ id }) => schemes.some((scheme) => scheme.id === id)) &&
      (!certificateAuthorities.length || issuers.some((issuer) => names.includes(issuer)));
    return candidates.find(fits)?.credential;
  };
  return {
    selectCredential,
    ownCertificates: candidates.map(({ certificate }) => certificate),
    matchesIssuers: true,
  };
}

const isList = (credentials: Credential | readonly Credential[]): credentials is readonly Credential[] =>
  Array.isArray(credentials);

/** A list of the normalised name. The list is empty if the encoding is not a name, so that it matches no issuer. */
function normalised(name: Uint8Array): readonly string[] {
  try {
    return [der(name, readName).normalised];
  } catch (error) {
    if (TlsError.is(error)) return [];
    throw error;
  }
}
