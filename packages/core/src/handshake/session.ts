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
  /** Group of the key exchange; absent with RSA and PSK. */
  readonly group?: string;
  /** What the server signed its key exchange with; absent with RSA and PSK. */
  readonly signatureScheme?: string;
  readonly alpn: string | null;
  readonly serverName: string | null;
  readonly resumed: boolean;
  readonly extendedMasterSecret: boolean;
  readonly encryptThenMac: boolean;
  readonly secureRenegotiation: boolean;
  /** Name of the pre-shared key that authenticates both sides, with a PSK suite. */
  readonly pskIdentity?: string;
  /** The verified other side. A client has it unless there is a pre-shared key instead; a server where the client showed a certificate. */
  readonly peer?: VerifiedPeer;
}
