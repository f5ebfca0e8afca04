/**
 * What a handshake is told: complete, checked, and free of defaults. stream/ makes it from what the user says.
 * @module
 */
import type { Credential } from "../crypto/credential.ts";
import type { NamedGroup } from "../crypto/groups.ts";
import type { CryptoProvider, Random } from "../crypto/provider.ts";
import type { SignatureScheme } from "../crypto/signatures.ts";
import type { Awaitable } from "../flow.ts";
import type { Certificate } from "../x509/certificate.ts";
import type { TrustPolicy } from "../x509/verify.ts";
import type { ClientExchangeConfig, ServerExchangeConfig } from "./keyExchange/exchange.ts";
import type { CipherSuite } from "./suites.ts";

export interface CommonConfig {
  readonly provider: CryptoProvider;
  readonly random: Random;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** In order of preference, as are the next three. */
  readonly suites: readonly CipherSuite[];
  readonly groups: readonly NamedGroup[];
  readonly schemes: readonly SignatureScheme[];
  readonly alpn: readonly string[];
  /** Bytes of a fragment that we send. */
  readonly maxFragment: number;
  /** One line of the NSS key log for each connection. */
  readonly keyLog: ((line: string) => void) | undefined;
  readonly traceSecrets: boolean;
}

/** What a CertificateRequest asks for. */
export interface CertificateRequested {
  readonly schemes: readonly SignatureScheme[];
  /** DER names; empty: any. */
  readonly certificateAuthorities: readonly Uint8Array[];
}

export interface ClientConfig extends CommonConfig {
  /** The reference identifier: a DNS name or an IP address; `undefined` where only a pin or nothing is checked. */
  readonly serverName: string | undefined;
  /** `undefined` where no suite has a certificate. */
  readonly trust: TrustPolicy | undefined;
  readonly psk: ClientExchangeConfig["psk"];
  /** Our certificate, for a server that asks. `undefined`: none. */
  readonly selectCredential: (request: CertificateRequested) => Awaitable<Credential | undefined>;
}

/** A credential whose end-entity certificate is parsed. */
export interface ServerCredential {
  readonly credential: Credential;
  readonly certificate: Certificate;
}

export interface ServerConfig extends CommonConfig {
  readonly credentials: readonly ServerCredential[];
  readonly psk: ServerExchangeConfig["psk"];
  readonly clientAuth: "none" | "request" | "require";
  /** Whom client certificates must come from; there unless `clientAuth` is `"none"`. */
  readonly clientTrust: TrustPolicy | undefined;
  /** A name that none of our certificates has is refused (unrecognized_name), not answered with the first. */
  readonly strictSni: boolean;
}
