/**
 * The results of a handshake.
 * @module
 */
import type { Bytes } from "../bytes/bytes.ts";
import { utf8 } from "../bytes/der.ts";
import type { SignatureScheme } from "../crypto/signatures.ts";
import type { VerifiedPeer } from "../x509/verify.ts";
import type { Agreement } from "./agreement.ts";
import type { Exporter } from "./exporter.ts";
import type { SessionPsk } from "./keyExchange/exchange.ts";

/** The contents of a CertificateRequest. */
export interface ReceivedCertificateRequest {
  /** The schemes that the server accepts and that we support. */
  readonly schemes: readonly SignatureScheme[];
  /** The DER names of acceptable authorities. An empty list accepts any authority. */
  readonly certificateAuthorities: readonly Bytes[];
}

/** The parameters of a connection. Both sides agree on them once Finished is verified. */
export interface Session {
  readonly role: "client" | "server";
  readonly version: "TLSv1.2";
  /** The IANA name of the suite. */
  readonly suite: string;
  /** The group of the key exchange. Absent with plain RSA or PSK, and if the session was resumed. */
  readonly group?: string | undefined;
  /** The scheme of the signature in ServerKeyExchange. Absent without a signature, and if the session was resumed. */
  readonly signatureScheme?: string | undefined;
  /** The application protocol. `null` if none was agreed on. */
  readonly alpn: string | null;
  /**
   * On a client, the option `serverName`. On a server, the name that the client asked for, in lower case. A client can
   * send any name: see `serverNameMatched`.
   */
  readonly serverName: string | null;
  /**
   * Server only: whether one of the server's certificates is valid for `serverName`. False for an unknown name, and if
   * the client sent none. Choose a virtual host by `serverName` only if this is true.
   */
  readonly serverNameMatched?: boolean | undefined;
  /** Whether the master secret and the verified identities come from an earlier handshake. */
  readonly resumed: boolean;
  readonly extendedMasterSecret: boolean;
  readonly encryptThenMac: boolean;
  /** The largest fragment in either direction, in bytes, if max_fragment_length was agreed on (RFC 6066 §4). */
  readonly maxFragmentLength?: number | undefined;
  readonly secureRenegotiation: boolean;
  /** The PSK identity, if a pre-shared key authenticates both sides. */
  readonly pskIdentity?: string | undefined;
  /**
   * Client only: the DER OCSP response that the server sent with its certificate. `ocspStatus` says whether it was
   * checked.
   */
  readonly ocspResponse?: Bytes | undefined;
  /**
   * `"good"` if the response was verified with that status. Absent if it was not checked, or if the session was
   * resumed.
   */
  readonly ocspStatus?: "good" | undefined;
  /** Client only: the SignedCertificateTimestampList (RFC 6962 §3.3) that the server sent. It is not checked. */
  readonly signedCertificateTimestamps?: Bytes | undefined;
  /**
   * Client only: the server's CertificateRequest, whether or not the client sent a certificate. Absent if the server
   * sent none, or if the session was resumed.
   */
  readonly certificateRequest?: ReceivedCertificateRequest | undefined;
  /** The verified peer. Absent with a PSK suite, and on a server if the client sent no certificate. */
  readonly peer?: VerifiedPeer | undefined;
}

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

/** A session, and the parts of its handshake that the connection keeps. */
export interface HandshakeResult {
  readonly session: Session;
  readonly exporter: Exporter;
  /** Removes the stored session, after the connection has ended with a fatal alert (RFC 5246 §7.2.2). */
  readonly forgetSession?: (() => void) | undefined;
}
