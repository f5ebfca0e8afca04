/**
 * The offer of a ClientHello, the agreement of both hellos, and its application to the connection.
 * @module
 */
import type { NamedGroup } from "../crypto/groups.ts";
import type { CryptoProvider } from "../crypto/provider.ts";
import type { SignatureScheme } from "../crypto/signatures.ts";
import type { HandshakeLink, RecordLimits } from "./link.ts";
import type { SuiteRow } from "./suites.ts";

/**
 * The value that a client offers in an extension, and the value that the answer agrees on. `never` if the extension has
 * no answer.
 */
interface Slot<Offered, Agreed = never> {
  readonly offered: Offered;
  readonly agreed: Agreed;
}

/** One slot for each extension but padding. `extensions/<name>.ts` fills it; `extensions/all.ts` lists the halves. */
export interface Slots {
  readonly versions: Slot<readonly number[]>;
  readonly serverName: Slot<string, true>;
  readonly extendedMasterSecret: Slot<true, true>;
  readonly encryptThenMac: Slot<true, true>;
  readonly secureRenegotiation: Slot<true, true>;
  readonly recordSizeLimit: Slot<number, NonNullable<RecordLimits["recordSizeLimit"]>>;
  readonly maxFragmentLength: Slot<number, number>;
  readonly groups: Slot<OfferedGroups>;
  readonly pointFormats: Slot<true, true>;
  readonly schemes: Slot<readonly SignatureScheme[]>;
  readonly alpn: Slot<readonly string[], string>;
  /** If agreed, CertificateStatus may follow the server's Certificate. */
  readonly statusRequest: Slot<true, true>;
  /** The agreed value is the SignedCertificateTimestampList as on the wire. */
  readonly signedCertificateTimestamps: Slot<true, Uint8Array>;
  /**
   * The offered value is empty if the client has no ticket and wants one. If agreed, the server sends NewSessionTicket
   * before its ChangeCipherSpec.
   */
  readonly ticket: Slot<Uint8Array, true>;
}

export interface OfferedGroups {
  /** The offered groups that are in our configuration. */
  readonly supported: readonly NamedGroup[];
  /** Whether the client names finite-field groups, known to us or not. DHE must then use one of them (RFC 7919 §4). */
  readonly limitsFiniteFields: boolean;
}

/**
 * The extensions of a ClientHello, decoded by the server. A property is absent or `undefined` if the client did not
 * send the extension or the server ignores it.
 */
export type Offer = { readonly [K in keyof Slots]?: Slots[K]["offered"] | undefined };

/** The parameters that the client and the server agree on in their hellos. */
export type Agreement = { readonly [K in keyof Slots]?: Slots[K]["agreed"] | undefined } & {
  readonly suite: SuiteRow;
  /** Whether the handshake is abbreviated. */
  readonly resumed: boolean;
};

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
