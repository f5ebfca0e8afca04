/**
 * A key exchange (RFC 5246 §7.4.3, §7.4.7): what one suite does between ServerHello and ChangeCipherSpec that another does not.
 * Each is a file with both halves, and a suite's row names it: a program holds the exchanges of the suites that it names.
 * @module
 */

import type { NamedCurve, NamedGroup } from "../../crypto/groups.ts";
import type { CryptoProvider, KeyShare, Random } from "../../crypto/provider.ts";
import type { Awaitable, Flow } from "../../flow.ts";
import type { DigitallySigned } from "../../wire/messages.ts";
import type { Certificate } from "../../x509/certificate.ts";
import type { Credential } from "../../x509/credential.ts";
import type { VerifiedPeer } from "../../x509/verify.ts";
import type { Peer } from "../peer.ts";

export interface KeyExchange {
  readonly name: "ecdhe" | "dhe" | "rsa" | "psk" | "ecdhe_psk";
  /** What it can run on, in order of preference; empty where it takes no group. */
  readonly groups: readonly NamedGroup[];
  /**
   * The server shows a certificate. Where not, there is none on either side, and a pre-shared key is what authenticates
   * both.
   */
  readonly certified: boolean;
  /** What the key of that certificate does in it, and so must be allowed to do (RFC 5280 §4.2.1.3). */
  readonly keyUsage: "digitalSignature" | "keyEncipherment" | undefined;
}

/** What is behind it. */
export interface KeyExchangeRow extends KeyExchange {
  /** Takes ServerKeyExchange, where there is one. */
  client(peer: Peer, config: ClientExchangeConfig, early?: EarlyShare): Flow<ClientSide>;
  /** Sends ServerKeyExchange, where there is one. */
  server(peer: Peer, config: ServerExchangeConfig, choice: ServerChoice): Flow<ServerSide>;
  /** Of those that take a pre-shared key: what the user gives, checked and made into what the exchange asks. */
  readonly psk?: {
    client(psk: ClientPsk): NonNullable<ClientExchangeConfig["psk"]>;
    server(psk: ServerPsk): NonNullable<ServerExchangeConfig["psk"]>;
  };
  /** Before a session is resumed: true where the pre-shared key that it rests on is still ours. */
  readonly stillHasKey?: {
    client(config: ClientExchangeConfig, sessionPsk: SessionPsk): Flow<boolean>;
    server(config: ServerExchangeConfig, sessionPsk: SessionPsk): Flow<boolean>;
  };
}

/** What a session remembers of the pre-shared key that it rests on. */
export interface SessionPsk {
  readonly identity: Uint8Array;
  /** The server's; empty for none. */
  readonly hint: Uint8Array;
  /** A hash of identity and key. */
  readonly digest: Uint8Array;
}

/** What of a configuration an exchange needs. */
export interface ExchangeConfig {
  readonly provider: CryptoProvider;
  readonly random: Random;
  readonly groups: readonly NamedGroup[];
}

/** A key that both sides have (RFC 4279). */
export interface PresharedKey {
  /** Its name, sent in the clear; at most 1,024 characters. The empty name is one too. */
  readonly identity: string;
  /** At least 16 random bytes: a password can be guessed from one recorded handshake. */
  readonly key: Uint8Array;
  /** Take a key of less than 16 bytes, for a server whose key cannot be changed: whoever records one handshake, or reads a kept session, can guess it. Default false. */
  readonly allowShortKey?: boolean;
}

/** A client's key, or a function that chooses one by the server's hint; `undefined`: none. */
export type ClientPsk = PresharedKey | ((hint: string | undefined) => Awaitable<PresharedKey | undefined>);

export interface ServerPsk {
  /**
   * The key of an identity, at least 16 bytes; `undefined` for an unknown one, whose handshake then fails as with a wrong key. An identity is whatever
   * a stranger sent, at most 1,024 bytes. Take as long for an unknown one as for others, or the time tells which there are.
   */
  lookup(identity: string): Awaitable<Uint8Array | undefined>;
  /** Tells clients with many keys which one to use. It is sent in the clear. Default: none. */
  readonly hint?: string;
  /** Take keys of less than 16 bytes, for clients whose keys cannot be changed: whoever records one handshake can guess them. Default false. */
  readonly allowShortKeys?: boolean;
}

export interface ClientExchangeConfig extends ExchangeConfig {
  /** The key for a server that gave this hint, if any. */
  readonly psk: ((hint: string | undefined) => Awaitable<PresharedKey | undefined>) | undefined;
}

export interface ServerExchangeConfig extends ExchangeConfig {
  readonly psk:
    | {
        readonly lookup: (identity: string) => Awaitable<Uint8Array | undefined>;
        /** Keys below 128 bits are taken. */
        readonly allowShortKeys: boolean;
        /** Empty: none is sent. */
        readonly hint: string;
      }
    | undefined;
}

/** What a client makes before it knows the group: for one exchange, and wiped when that is over. */
export interface EarlyShare {
  readonly group: NamedCurve;
  readonly share: PromiseLike<KeyShare>;
  wipe(): void;
}

export interface ClientSide {
  /** Name of the group, where there is one. */
  readonly group?: string;
  /** What the server signed, together with both randoms, and its signature: to be verified before `send`. */
  readonly signed?: DigitallySigned & { readonly params: Uint8Array };
  /** Sends ClientKeyExchange. `server`: where it is known by its certificate. */
  send(server: VerifiedPeer | undefined): Flow<AgreedSecret>;
}

export interface AgreedSecret {
  /** The premaster secret, to be wiped. */
  readonly premaster: Uint8Array;
  readonly sessionPsk?: SessionPsk;
}

/** What a server has settled on before it sends ServerKeyExchange. */
export interface ServerChoice {
  readonly group: NamedGroup | undefined;
  readonly credential: { readonly credential: Credential; readonly certificate: Certificate } | undefined;
  /** As the ClientHello had it. */
  readonly clientVersion: number;
  /** Signs parameters together with both randoms. */
  sign(params: Uint8Array): Flow<DigitallySigned>;
}

export interface ServerSide {
  /** Takes ClientKeyExchange. */
  expect(): Flow<AgreedSecret>;
  /** Forgets what was kept for it. */
  wipe?(): void;
}
