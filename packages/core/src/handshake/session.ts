/**
 * What a handshake established.
 * @module
 */
import type { VerifiedPeer } from "../x509/verify.ts";

/** Both sides agree on all of this once Finished is verified. */
export interface Session {
  readonly role: "client" | "server";
  readonly version: "TLSv1.2";
  /** IANA name of the suite. */
  readonly suite: string;
  /** Named group of the key exchange; absent with RSA. */
  readonly group?: string;
  /** What the server signed its key exchange with; absent with RSA. */
  readonly signatureScheme?: string;
  readonly alpn: string | null;
  readonly serverName: string | null;
  readonly resumed: boolean;
  readonly extendedMasterSecret: boolean;
  readonly encryptThenMac: boolean;
  readonly secureRenegotiation: boolean;
  /** The verified other side. A client always has it; a server where the client showed a certificate. */
  readonly peer?: VerifiedPeer;
}
