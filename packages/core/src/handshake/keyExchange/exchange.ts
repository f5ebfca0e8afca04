/**
 * A key exchange (RFC 5246 §7.4.3, §7.4.7): what one suite does between ServerHello and ChangeCipherSpec that another does not.
 * Each is a file with both halves, and a suite's row names it: a program holds the exchanges of the suites that it names.
 * @module
 */
import type { Credential } from "../../crypto/credential.ts";
import type { NamedGroup } from "../../crypto/groups.ts";
import type { CryptoProvider, Random } from "../../crypto/provider.ts";
import type { Flow } from "../../flow.ts";
import type { DigitallySigned } from "../../wire/messages.ts";
import type { Certificate } from "../../x509/certificate.ts";
import type { VerifiedPeer } from "../../x509/verify.ts";
import type { Peer } from "../peer.ts";

export interface KeyExchange {
  readonly name: "ecdhe" | "dhe" | "rsa";
  /** What it can run on, in order of preference; empty where it takes no group. */
  readonly groups: readonly NamedGroup[];
  /** What the server's key does in it, and so must be allowed to do (RFC 5280 §4.2.1.3). */
  readonly keyUsage: "digitalSignature" | "keyEncipherment";
  /** Takes ServerKeyExchange, where there is one. */
  client(peer: Peer, config: ExchangeConfig): Flow<ClientSide>;
  /** Sends ServerKeyExchange, where there is one. */
  server(peer: Peer, config: ExchangeConfig, choice: ServerChoice): Flow<ServerSide>;
}

/** What of a configuration an exchange needs. */
export interface ExchangeConfig {
  readonly provider: CryptoProvider;
  readonly random: Random;
  readonly groups: readonly NamedGroup[];
}

export interface ClientSide {
  /** Name of the group, where there is one. */
  readonly group?: string;
  /** What the server signed, together with both randoms, and its signature: to be verified before `send`. */
  readonly signed?: DigitallySigned & { readonly params: Uint8Array };
  /** Sends ClientKeyExchange and gives the premaster secret. */
  send(server: VerifiedPeer): Flow<Uint8Array>;
}

/** What a server has settled on before it sends ServerKeyExchange. */
export interface ServerChoice {
  readonly group: NamedGroup | undefined;
  readonly credential: { readonly credential: Credential; readonly certificate: Certificate };
  /** As the ClientHello had it. */
  readonly clientVersion: number;
  /** Signs parameters together with both randoms. */
  sign(params: Uint8Array): Flow<DigitallySigned>;
}

export interface ServerSide {
  /** Takes ClientKeyExchange and gives the premaster secret. */
  expect(): Flow<Uint8Array>;
  /** Forgets what was kept for it. */
  wipe?(): void;
}
