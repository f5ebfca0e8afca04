/**
 * What a handshake established.
 * @module
 */
import type { Bytes } from "../bytes/bytes.ts";
import { utf8 } from "../bytes/der.ts";
import type { NamedGroup } from "../crypto/groups.ts";
import type { SignatureScheme } from "../crypto/signatures.ts";
import type { VerifiedPeer } from "../x509/verify.ts";
import type { Exporter } from "./exporter.ts";
import type { SessionPsk } from "./keyExchange/exchange.ts";
import type { RecordLimits } from "./peer.ts";
import type { SuiteRow } from "./suites.ts";

/** What a client's hello says in an extension, and what both hellos settle by it; `never` where it settles nothing. */
interface Slot<Offered, Agreed = never> {
  readonly offered: Offered;
  readonly agreed: Agreed;
}

/** One line an extension: `extensions/<name>.ts` fills it, `extensions/all.ts` names who does. */
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
  /** Agreed: CertificateStatus may follow the server's Certificate. */
  readonly statusRequest: Slot<true, true>;
  /** Agreed: SignedCertificateTimestampList, as it came. */
  readonly signedCertificateTimestamps: Slot<true, Uint8Array>;
  /** Offered: empty, the client wants a ticket. Agreed: NewSessionTicket comes before the server's ChangeCipherSpec. */
  readonly ticket: Slot<Uint8Array, true>;
}

export interface OfferedGroups {
  /** Of ours. Without the extension the server may take any (RFC 8422 §4). */
  readonly known: readonly NamedGroup[];
  /** It names finite fields, known to us or not: DHE then runs on one of them or not at all (RFC 7919 §4). */
  readonly limitsFiniteFields: boolean;
}

/** What a ClientHello's extensions say to a server; absent where the client does not send one. */
export type Offer = { readonly [K in keyof Slots]?: Slots[K]["offered"] | undefined };

/** What ServerHello settles. */
export type Agreement = { readonly [K in keyof Slots]?: Slots[K]["agreed"] | undefined } & {
  readonly suite: SuiteRow;
  /** The handshake is an abbreviated one. */
  readonly resumed: boolean;
};

/** What a CertificateRequest asks for. */
export interface CertificateRequested {
  readonly schemes: readonly SignatureScheme[];
  /** DER names; empty: any. */
  readonly certificateAuthorities: readonly Bytes[];
}

/** Both sides agree on all of this once Finished is verified. */
export interface Session {
  readonly role: "client" | "server";
  readonly version: "TLSv1.2";
  /** IANA name of the suite. */
  readonly suite: string;
  /** Group of the key exchange; absent with RSA and PSK, and where the session was resumed. */
  readonly group?: string | undefined;
  /** What the server signed its key exchange with; absent with RSA and PSK, and where the session was resumed. */
  readonly signatureScheme?: string | undefined;
  readonly alpn: string | null;
  /** The name that the client asked for, in lower case. Clients say what they like: see `serverNameMatched`. */
  readonly serverName: string | null;
  /**
   * On a server: a certificate of ours is for `serverName`, whoever may have answered. False for a name that somebody
   * made up, and where the client named none; choose a virtual host by `serverName` only where it is true.
   */
  readonly serverNameMatched?: boolean | undefined;
  /** The keys come from an earlier handshake, and so does all that was verified. */
  readonly resumed: boolean;
  readonly extendedMasterSecret: boolean;
  readonly encryptThenMac: boolean;
  /** Bytes of a fragment, either way, where max_fragment_length was agreed on (RFC 6066 §4). */
  readonly maxFragmentLength?: number | undefined;
  readonly secureRenegotiation: boolean;
  /** Name of the pre-shared key that authenticates both sides, with a PSK suite. */
  readonly pskIdentity?: string | undefined;
  /** To a client: the OCSP response that the server sent with its certificate, DER. Whether anybody has checked it, `ocspStatus` says. */
  readonly ocspResponse?: Bytes | undefined;
  /** `"good"`: the response was verified, and says so. Absent where it was not checked, and where the session was resumed: it was checked then. */
  readonly ocspStatus?: "good" | undefined;
  /** To a client: the SignedCertificateTimestampList (RFC 6962 §3.3) that the server sent, unchecked. */
  readonly signedCertificateTimestamps?: Bytes | undefined;
  /** To a client: what the server asked for, where it asked for a certificate, whether one was shown or not. Absent where it did not ask, and where the session was resumed. */
  readonly certificateRequest?: CertificateRequested | undefined;
  /** The verified other side. A client has it unless there is a pre-shared key instead; a server where the client showed a certificate. */
  readonly peer?: VerifiedPeer | undefined;
}

/** The session that an agreement makes. */
export const sessionOf = (
  role: Session["role"],
  agreement: Agreement,
  serverName: string | undefined,
  {
    sessionPsk,
    ...rest
  }: Pick<
    Session,
    "group" | "signatureScheme" | "peer" | "ocspResponse" | "ocspStatus" | "serverNameMatched" | "certificateRequest"
  > & {
    readonly sessionPsk: SessionPsk | undefined;
  },
): Session => ({
  role,
  version: "TLSv1.2",
  suite: agreement.suite.name,
  alpn: agreement.alpn ?? null,
  serverName: serverName ?? null,
  resumed: agreement.resumed,
  extendedMasterSecret: agreement.extendedMasterSecret ?? false,
  encryptThenMac: agreement.encryptThenMac ?? false,
  maxFragmentLength: agreement.maxFragmentLength,
  secureRenegotiation: agreement.secureRenegotiation ?? false,
  signedCertificateTimestamps: agreement.signedCertificateTimestamps as Bytes | undefined,
  ...(sessionPsk && { pskIdentity: utf8(sessionPsk.identity) }),
  ...rest,
});

/** A session, and what of its handshake outlives it. */
export interface Established {
  readonly session: Session;
  readonly exporter: Exporter;
  /** The connection ended with a fatal alert: whatever was kept to resume it is dropped (RFC 5246 §7.2.2). */
  readonly forget?: (() => void) | undefined;
}
