/**
 * What a handshake is told: complete, checked, and free of defaults. connection/ makes it from what the user says.
 * @module
 */
import type { Bytes } from "../bytes/bytes.ts";
import type { NamedGroup } from "../crypto/groups.ts";
import type { CryptoProvider, Random } from "../crypto/provider.ts";
import type { SignatureScheme } from "../crypto/signatures.ts";
import type { Awaitable, Flow } from "../flow.ts";
import type { NotResumed } from "../trace.ts";
import type { ClientHello } from "../wire/messages.ts";
import type { CertificateCache } from "../x509/cache.ts";
import type { Certificate } from "../x509/certificate.ts";
import type { Credential } from "../x509/credential.ts";
import type { OcspRow } from "../x509/ocsp.ts";
import type { TrustPolicy } from "../x509/verify.ts";
import type { Hellos } from "./agreement.ts";
import type { ClientExchangeConfig, ServerExchangeConfig } from "./keyExchange/exchange.ts";
import type { Peer } from "./peer.ts";
import type { NewSession, SessionState } from "./resumption/state.ts";
import type { SessionStore } from "./resumption/store.ts";
import type { Tickets } from "./resumption/tickets.ts";
import type { CertificateRequested, Established } from "./session.ts";
import type { SuiteRow } from "./suites.ts";

export interface CommonConfig {
  readonly provider: CryptoProvider;
  readonly random: Random;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** In order of preference, as are the next three. */
  readonly suites: readonly SuiteRow[];
  readonly groups: readonly NamedGroup[];
  readonly schemes: readonly SignatureScheme[];
  readonly alpn: readonly string[];
  /** Bytes of a fragment that we send. */
  readonly maxFragment: number;
  /** Bytes of a fragment under keys that we take (RFC 8449); a client offers it where it is there. */
  readonly recordSizeLimit: number | undefined;
  /** Tries of the peer to renegotiate that are declined, before one ends the connection. */
  readonly maxRenegotiations: number;
  /** Refuse a peer without extended_master_secret (RFC 7627 §5.2, §5.3). */
  readonly requireExtendedMasterSecret: boolean;
  /** What is remembered of certificates; `undefined`: nothing. */
  readonly certificateCache: CertificateCache | undefined;
  /** One line of the NSS key log for each connection. */
  readonly keyLog: ((line: string) => void) | undefined;
  readonly traceSecrets: boolean;
}

export interface ClientConfig extends CommonConfig {
  /** The reference identifier: a DNS name or an IP address; `undefined` where only a pin or nothing is checked. */
  readonly serverName: string | undefined;
  /** `undefined` where no suite has a certificate. */
  readonly trust: TrustPolicy | undefined;
  readonly psk: ClientExchangeConfig["psk"];
  /** Offered where it is there (RFC 6066 §4). */
  readonly maxFragmentLength: number | undefined;
  /** Refuse a server without renegotiation_info (RFC 5746 §4.1). */
  readonly requireSecureRenegotiation: boolean;
  /** Say that this is a second try (RFC 7507). */
  readonly fallbackScsv: boolean;
  /** Offer what nobody knows (RFC 8701). */
  readonly grease: ((hello: ClientHello, random: Random) => ClientHello) | undefined;
  /** What we make of the server's certificate status; `undefined`: we do not ask for it. */
  readonly ocsp: OcspRow | undefined;
  /** Ask for what logs say of the server's certificate. */
  readonly signedCertificateTimestamps: boolean;
  /** Our certificate, for a server that asks. `undefined`: none. */
  readonly selectCredential: (request: CertificateRequested) => Awaitable<Credential | undefined>;
  /** The certificates that it chooses from; `undefined` where a function of the user's chooses from what it likes. */
  readonly identity: readonly Certificate[] | undefined;
  /** It is shown only where the server names an authority that it leads to, or none at all. */
  readonly identityFits: boolean;
  /** `undefined`: sessions are neither kept nor resumed. A value with its code, so that a page that does neither does not load it. */
  readonly sessions: SessionKeeper | undefined;
  /** Tells servers of one name apart. */
  readonly sessionScope: string;
}

/** How a client keeps sessions and resumes them: what `keepSessions` gives. */
export interface ClientSessions {
  /** session_ticket is offered; else there are session IDs only. */
  readonly tickets: boolean;
}

/** What is behind it. */
export interface SessionKeeper extends ClientSessions {
  /** Throws a configuration error where the scope cannot be. */
  configure(scope: string): void;
  /** What may be offered under this configuration; or why what was kept may not. */
  find(config: ClientConfig): Flow<ResumableSession | NotResumed | undefined>;
  /** Keeps a new session, where it may be resumed; what forgets it. */
  keep(config: ClientConfig, made: NewClientSession): Flow<Established["forget"]>;
}

/** A session that a client may offer: all that the user wants of its peer holds. */
export interface ResumableSession {
  readonly state: SessionState;
  /** The abbreviated handshake, from ServerHello on. */
  resume(peer: Peer, hellos: Hellos): Flow<Established>;
  /** The handshake that it was offered in failed: it is not offered again (RFC 5246 §7.2). */
  forget(): Flow<void>;
}

/** What a full handshake made for a client to keep. */
export interface NewClientSession extends NewSession {
  /** The server's, empty for none. */
  readonly sessionId: Uint8Array;
  readonly ticket: { readonly lifetimeHint: number; readonly ticket: Uint8Array } | undefined;
  /** A function of the user's was asked for a certificate. */
  readonly chose: boolean;
}

/** A credential whose end-entity certificate is parsed. */
export interface ServerCredential {
  readonly credential: Credential;
  readonly certificate: Certificate;
  /** The OCSP response that goes with it, in time and without ever failing; `undefined`: there is none. */
  readonly ocspResponse?: (() => Awaitable<Uint8Array | undefined>) | undefined;
}

/** What a ClientHello says, for a server that chooses its certificates by it. */
export interface ClientHelloInfo {
  /** server_name, in lower case; `null` where the client names none. */
  readonly serverName: string | null;
  /** The protocols that it offers, in its order; empty for none. */
  readonly alpn: readonly string[];
  /** Numbers of the suites, in its order, those included that we do not know. */
  readonly cipherSuites: readonly number[];
  /** The message as it came, with its header of four bytes: what fingerprints such as JA4 are made from. */
  readonly raw: Bytes;
}

export interface ServerConfig extends CommonConfig {
  readonly credentials: readonly ServerCredential[];
  /** In place of them, for a server that chooses by the ClientHello. */
  readonly chooseCredentials:
    | ((hello: ClientHelloInfo) => Awaitable<Pick<ServerConfig, "credentials" | "namesDiffer">>)
    | undefined;
  readonly psk: ServerExchangeConfig["psk"];
  readonly clientAuth: "none" | "request" | "require";
  /** Whom client certificates must come from; there unless `clientAuth` is `"none"`. */
  readonly clientTrust: TrustPolicy | undefined;
  /** DER names that CertificateRequest lists; empty: any. */
  readonly certificateAuthorities: readonly Uint8Array[];
  /**
   * A name that none of our certificates has is refused (unrecognized_name), not answered with the first; `undefined`:
   * where `namesDiffer`.
   */
  readonly strictSni: boolean | undefined;
  /** Our certificates are not all for the same names. */
  readonly namesDiffer: boolean;
  /** A client that offers none of `alpn` is refused, also where it offers none at all. */
  readonly requireAlpn: boolean;
  /** In each, all are of the preference of the first of them in `suites`. */
  readonly equalSuites: readonly (readonly SuiteRow[])[];
  /** `undefined`: none are issued or taken. */
  readonly tickets: Tickets | undefined;
  /** The cache of session IDs; it answers in time and does not throw. `undefined`: there is none. */
  readonly sessions: SessionStore | undefined;
  /** Seconds that a session can be resumed. */
  readonly sessionLifetime: number;
}
