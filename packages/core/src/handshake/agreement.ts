/**
 * The result of ClientHello and ServerHello, and its application to the connection.
 * @module
 */
import type { NamedGroup } from "../crypto/groups.ts";
import type { CryptoProvider } from "../crypto/provider.ts";
import type { HandshakeLink } from "./link.ts";
import type { Agreement } from "./session.ts";

/** The results of both hellos: the agreement and both randoms. */
export interface HelloResults {
  readonly agreement: Agreement;
  readonly clientRandom: Uint8Array;
  readonly serverRandom: Uint8Array;
}

/**
 * Applies the agreement to the connection after ServerHello: the version and the limits of records, and the hash of the
 * transcript.
 */
export function applyAgreement(
  link: HandshakeLink,
  provider: CryptoProvider,
  hellos: HelloResults,
  group?: NamedGroup,
): void {
  const { agreement, clientRandom, serverRandom } = hellos;
  const { suite, extendedMasterSecret, resumed } = agreement;
  link.applyLimits(agreement);
  link.useHash(provider.hashes[suite.prf]);
  link.trace?.({
    type: "agreed",
    suite: suite.name,
    ...(group && { group: group.name }),
    clientRandom: clientRandom.slice(),
    serverRandom: serverRandom.slice(),
    extendedMasterSecret: extendedMasterSecret ?? false,
  });
  if (resumed) link.trace?.({ type: "resumption", resumed });
}
