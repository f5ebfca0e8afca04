/**
 * What the two hellos settle.
 * @module
 */
import type { NamedGroup } from "../crypto/groups.ts";
import type { CryptoProvider } from "../crypto/provider.ts";
import type { Peer } from "./peer.ts";
import type { Agreement } from "./session.ts";

/** What both hellos settled. */
export interface Hellos {
  readonly agreement: Agreement;
  readonly clientRandom: Uint8Array;
  readonly serverRandom: Uint8Array;
}

/** ServerHello is out: from now on the suite's hash runs, and each record says the version. */
export function applyAgreement(peer: Peer, provider: CryptoProvider, hellos: Hellos, group?: NamedGroup): void {
  const { agreement, clientRandom, serverRandom } = hellos;
  const { suite, extendedMasterSecret, resumed } = agreement;
  peer.agree(agreement);
  peer.transcript.useHash(provider.hashes[suite.prf]);
  peer.trace?.({
    type: "agreed",
    suite: suite.name,
    ...(group && { group: group.name }),
    clientRandom: clientRandom.slice(),
    serverRandom: serverRandom.slice(),
    extendedMasterSecret: extendedMasterSecret ?? false,
  });
  if (resumed) peer.trace?.({ type: "resumption", resumed });
}
