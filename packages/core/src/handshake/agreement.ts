/**
 * What the two hellos settle.
 * @module
 */
import type { NamedGroup } from "../crypto/groups.ts";
import type { CryptoProvider } from "../crypto/provider.ts";

import type { Peer, RecordLimits } from "./peer.ts";
import type { CipherSuite } from "./suites.ts";

/** What ServerHello settles; the flow of either side starts from its suite alone, `noAgreement(suite)`. */
export interface Agreement extends RecordLimits {
  readonly suite: CipherSuite;
  extendedMasterSecret: boolean;
  secureRenegotiation: boolean;
  alpn: string | undefined;
  encryptThenMac: boolean;
  maxFragmentLength: RecordLimits["maxFragmentLength"];
  recordSizeLimit: RecordLimits["recordSizeLimit"];
  /** CertificateStatus may follow the server's Certificate. */
  statusRequest: boolean;
  /** SignedCertificateTimestampList, as it came. */
  signedCertificateTimestamps: Uint8Array | undefined;
  /** The handshake is an abbreviated one. */
  readonly resumed: boolean;
  /** NewSessionTicket comes before the server's ChangeCipherSpec. */
  newTicket: boolean;
}
export const noAgreement = (suite: CipherSuite, resumed = false): Agreement => ({
  suite,
  extendedMasterSecret: false,
  secureRenegotiation: false,
  alpn: undefined,
  encryptThenMac: false,
  maxFragmentLength: undefined,
  recordSizeLimit: undefined,
  statusRequest: false,
  signedCertificateTimestamps: undefined,
  resumed,
  newTicket: false,
});

/** What both hellos settled. */
export interface Hellos {
  readonly agreement: Agreement;
  readonly clientRandom: Uint8Array;
  readonly serverRandom: Uint8Array;
}

/** ServerHello is out: from now on the suite's hash runs, and each record says the version. */
export function settleHellos(peer: Peer, provider: CryptoProvider, hellos: Hellos, group?: NamedGroup): void {
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
    extendedMasterSecret,
  });
  if (resumed) peer.trace?.({ type: "resumption", resumed });
}
