/**
 * The configuration of a handshake: complete, checked, and with all defaults filled in. `connection/` makes it from the
 * user's options.
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
import type { OcspPolicyRow } from "../x509/ocsp.ts";
import type { TrustPolicy } from "../x509/verify.ts";
import type { HelloResults } from "./agreement.ts";
import type { ClientExchangeConfig, ServerExchangeConfig } from "./keyExchange/exchange.ts";
import type { HandshakeLink } from "./link.ts";
import type { NewSession, SessionState } from "./resumption/state.ts";
import type { SessionStore } from "./resumption/store.ts";
import type { Tickets } from "./resumption/tickets.ts";
import type { HandshakeResult, ReceivedCertificateRequest } from "./session.ts";
import type { SuiteRow } from "./suites.ts";

export interface CommonConfig {
  readonly provider: CryptoProvider;
  readonly random: Random;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  // These four lists are in order of preference.
  readonly suites: readonly SuiteRow[];
  readonly groups: readonly NamedGroup[];
  readonly schemes: readonly SignatureScheme[];
  readonly alpn: readonly string[];
  /** The largest fragment that we send, in bytes. */
  readonly maxFragment: number;
  /**
   * The largest protected fragment that we accept, in bytes (RFC 8449). With `undefined` a client does not offer the
   * extension.
   */
  readonly recordSizeLimit: number | undefined;
  /** The number of the peer's renegotiation attempts that we decline. The next one ends the connection. */
  readonly maxRefusals: number;
  /** Whether we refuse a peer without extended_master_secret (RFC 7627 §5.2, §5.3). */
  readonly requireExtendedMasterSecret: boolean;
  /** Parsed certificates and verified signatures. With `undefined` each handshake parses and verifies anew. */
  readonly certificateCache: CertificateCache | undefined;
  /** Receives one line of the NSS key log for each connection. */
  readonly keyLog: ((line: string) => void) | undefined;
  readonly traceSecrets: boolean;
}

export interface ClientConfig extends CommonConfig {
  /**
   * The reference identifier: a DNS name or an IP address. With `undefined` the client sends no server_name and checks
   * no name.
   */
  readonly serverName: string | undefined;
  /** `undefined` if no suite uses a certificate. */
  readonly trust: TrustPolicy | undefined;
  readonly psk: ClientExchangeConfig["psk"];
  /** The fragment length that the client offers, in bytes (RFC 6066 §4). With `undefined` it offers none. */
  readonly maxFragmentLength: number | undefined;
  /** Whether the client refuses a server without renegotiation_info (RFC 5746 §4.1). */
  readonly requireSecureRenegotiation: boolean;
  /** Whether a ClientHello without a session has TLS_FALLBACK_SCSV, as a retry with a lower version (RFC 7507). */
  readonly fallbackScsv: boolean;
  /** Adds reserved values to the ClientHello (RFC 8701). */
  readonly grease: ((hello: ClientHello, random: Random) => ClientHello) | undefined;
  /** The policy for the server's OCSP response. With `undefined` the client does not ask for one. */
  readonly ocsp: OcspPolicyRow | undefined;
  /** Whether the client asks for signed certificate timestamps (RFC 6962 §3.3.1). */
  readonly signedCertificateTimestamps: boolean;
  /** Selects the credential for a server that asks for a certificate. `undefined` means that the client sends none. */
  readonly selectCredential: (request: ReceivedCertificateRequest) => Awaitable<Credential | undefined>;
  /**
   * The certificates that `selectCredential` selects from. `undefined` if `selectCredential` is the user's function.
   */
  readonly ownCertificates: readonly Certificate[] | undefined;
  /** Whether a certificate is sent only to servers that list one of the certificate's issuers, or no authority. */
  readonly matchesIssuers: boolean;
  /**
   * With `undefined` the client neither stores nor resumes sessions. The object contains the code of resumption, so a
   * page without sessions does not load that code.
   */
  readonly sessions: SessionKeeper | undefined;
  /** Distinguishes servers with the same name. */
  readonly sessionScope: string;
}

/** A client's stored sessions and the code that resumes them, from `keepSessions`. */
export interface ClientSessions {
  /** Whether the client offers session_ticket. If false, the client resumes by session ID only. */
  readonly tickets: boolean;
}

/** The internal interface of `ClientSessions`. */
export interface SessionKeeper extends ClientSessions {
  /** Checks the option `sessionScope`. Throws a configuration error if it is not valid. */
  checkScope(scope: string): void;
  /** Returns the session to offer, the reason why the stored one is not offered, or `undefined` if there is none. */
  find(config: ClientConfig): Flow<ResumableSession | NotResumed | undefined>;
  /** Stores a new session if it may be resumed. Returns the function that removes it. */
  keep(config: ClientConfig, session: NewClientSession): Flow<HandshakeResult["forgetSession"]>;
}

/** A session that a client may offer: its peer meets every requirement of the configuration. */
export interface ResumableSession {
  readonly state: SessionState;
  /** The abbreviated handshake, from ServerHello on. */
  resume(link: HandshakeLink, hellos: HelloResults): Flow<HandshakeResult>;
  /** Removes the session from the store, after a handshake that offered the session has failed (RFC 5246 §7.2). */
  forget(): Flow<void>;
}

/** The result of a full handshake that a client may store. */
export interface NewClientSession extends NewSession {
  /** The session ID of ServerHello. It may be empty. */
  readonly sessionId: Uint8Array;
  readonly ticket: { readonly lifetimeHint: number; readonly ticket: Uint8Array } | undefined;
  /** Whether the user's function selected the client's credential. */
  readonly calledSelector: boolean;
}

/** A credential whose end-entity certificate is parsed. */
export interface ServerCredential {
  readonly credential: Credential;
  readonly certificate: Certificate;
  /**
   * Returns the OCSP response to staple. It never throws and has a time limit. Absent if the credential has no
   * response.
   */
  readonly ocspResponse?: (() => Awaitable<Uint8Array | undefined>) | undefined;
}

/** The parts of a ClientHello by which a server can choose its certificates. */
export interface ClientHelloInfo {
  /** The host name of server_name, in lower case. `null` if the client sent none. */
  readonly serverName: string | null;
  /** The ALPN protocols that the client offers, in its order. Empty if it offers none. */
  readonly alpn: readonly string[];
  /** The numbers of all offered suites, known or not, in the client's order. */
  readonly cipherSuites: readonly number[];
  /** The message as received, with its header of four bytes. Fingerprints such as JA4 are computed from it. */
  readonly raw: Bytes;
}

/** The parts of a configuration that a server chooses by the ClientHello. */
export type ChosenCredentials = Pick<ServerConfig, "credentials" | "hasSeveralNames"> &
  Partial<Pick<ServerConfig, "alpn">>;

/** The rules for client certificates. */
export interface ClientRules {
  readonly clientAuth: "none" | "request" | "require";
  /** The trust policy for client certificates. `undefined` only if `clientAuth` is `"none"`. */
  readonly clientTrust: TrustPolicy | undefined;
  /** The DER names that CertificateRequest lists. An empty list accepts any authority. */
  readonly certificateAuthorities: readonly Uint8Array[];
}

export interface ServerConfig extends CommonConfig, ClientRules {
  readonly credentials: readonly ServerCredential[];
  /** Replaces `credentials`, and also `alpn` if the result has it, if the server chooses them by the ClientHello. */
  readonly chooseCredentials: ((hello: ClientHelloInfo) => Awaitable<ChosenCredentials>) | undefined;
  readonly psk: ServerExchangeConfig["psk"];
  /** Other rules for client certificates, by the name that the client asks for, or by `*.` and its parent. */
  readonly virtualHosts: ReadonlyMap<string, ClientRules>;
  /**
   * Whether the server refuses a name that none of its certificates has (unrecognized_name). Otherwise any of its
   * certificates may answer. With `undefined` the value of `hasSeveralNames` applies.
   */
  readonly strictSni: boolean | undefined;
  /** Whether the certificates are for different names. */
  readonly hasSeveralNames: boolean;
  /**
   * Whether the server refuses a client without ALPN. (With `alpn`, it always refuses one that offers only others.)
   */
  readonly requireAlpn: boolean;
  /** Whether the server ignores extended_master_secret and encrypt_then_mac, as a server of RFC 5246 alone does. */
  readonly textbook: boolean;
  /** Groups of equally preferred suites. A group has the rank of its first member in `suites`. */
  readonly equalSuites: readonly (readonly SuiteRow[])[];
  /** With `undefined` the server neither issues nor accepts tickets. */
  readonly tickets: Tickets | undefined;
  /** The cache of sessions by ID. It has a time limit and does not throw. With `undefined` there is no cache. */
  readonly sessions: SessionStore | undefined;
  /** The time for which a session can be resumed, in seconds. */
  readonly sessionLifetime: number;
}
