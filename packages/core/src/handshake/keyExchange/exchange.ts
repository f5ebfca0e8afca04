/**
 * The interface of a key exchange (RFC 5246 §7.4.3, §7.4.7): the part of a handshake that depends on the suite. Each
 * exchange is one file with a client half and a server half. The row of a suite refers to its exchange, so a bundle
 * contains only the exchanges of the suites that it uses.
 * @module
 */

import type { NamedCurve, NamedGroup } from "../../crypto/groups.ts";
import type { CryptoProvider, KeyShare, Random } from "../../crypto/provider.ts";
import type { Awaitable, Flow } from "../../flow.ts";
import type { DigitallySigned } from "../../wire/messages.ts";
import type { Certificate } from "../../x509/certificate.ts";
import type { Credential } from "../../x509/credential.ts";
import type { VerifiedPeer } from "../../x509/verify.ts";
import type { HandshakeLink } from "../link.ts";

export interface KeyExchange {
  readonly name: "ecdhe" | "dhe" | "rsa" | "psk" | "ecdhe_psk";
  /** The groups that the exchange can use, in order of preference. Empty if it uses none. */
  readonly groups: readonly NamedGroup[];
  /**
   * Whether the server sends a certificate. Otherwise neither side sends one, and a pre-shared key authenticates both.
   */
  readonly usesCertificate: boolean;
  /** The key usage that the server's certificate must permit (RFC 5280 §4.2.1.3). */
  readonly keyUsage: "digitalSignature" | "keyEncipherment" | undefined;
}

/** The internal interface of `KeyExchange`. */
export interface KeyExchangeRow extends KeyExchange {
  /** Receives ServerKeyExchange, if the exchange has one. */
  client(link: HandshakeLink, config: ClientExchangeConfig, precomputed?: PrecomputedShare): Flow<ClientExchange>;
  /** Sends ServerKeyExchange, if the exchange has one. */
  server(link: HandshakeLink, config: ServerExchangeConfig, choice: ServerChoice): Flow<ServerExchange>;
  /**
   * For exchanges with a pre-shared key: checks the user's options and returns the functions that the exchange calls.
   */
  readonly psk?: {
    client(psk: ClientPsk): NonNullable<ClientExchangeConfig["psk"]>;
    server(psk: ServerPsk): NonNullable<ServerExchangeConfig["psk"]>;
  };
  /** Whether the pre-shared key of a session is still configured. Called before the session is resumed. */
  readonly stillHasKey?: {
    client(config: ClientExchangeConfig, sessionPsk: SessionPsk): Flow<boolean>;
    server(config: ServerExchangeConfig, sessionPsk: SessionPsk): Flow<boolean>;
  };
}

/** The pre-shared key of a session, as the session stores it. */
export interface SessionPsk {
  readonly identity: Uint8Array;
  /** The server's hint. Empty if it sent none. */
  readonly hint: Uint8Array;
  /** The SHA-256 of identity and key. */
  readonly digest: Uint8Array;
}

/** The part of a configuration that an exchange needs. */
export interface ExchangeConfig {
  readonly provider: CryptoProvider;
  readonly random: Random;
  readonly groups: readonly NamedGroup[];
}

/** A key that both sides share (RFC 4279). */
export interface PresharedKey {
  /** The name of the key, at most 1,024 bytes in UTF-8, sent in the clear. It may be empty. */
  readonly identity: string;
  /**
   * 16 to 1,024 random bytes. A password is not enough: an attacker can guess it after one handshake, a recorded one
   * (PSK) or one in which the attacker posed as the server (ECDHE_PSK).
   */
  readonly key: Uint8Array;
  /**
   * Accepts a key of less than 16 bytes, for a server whose key cannot be changed. An attacker can guess such a key
   * like a password (see `key`), or from a stored session. Default false.
   */
  readonly allowShortKey?: boolean;
}

/**
 * A client's key, or a function that chooses one by the server's hint. The function returns `undefined` if the client
 * has no key for the server.
 */
export type ClientPsk = PresharedKey | ((hint: string | undefined) => Awaitable<PresharedKey | undefined>);

export interface ServerPsk {
  /**
   * Returns the key of an identity, 16 to 1,024 bytes, or `undefined` if the identity is unknown. The handshake then
   * fails as it does with a wrong key. Any client can send any identity of at most 1,024 bytes. Take equally long for
   * known and unknown identities, because a difference would reveal which identities exist.
   */
  lookup(identity: string): Awaitable<Uint8Array | undefined>;
  /** Helps clients with many keys to choose one. It is sent in the clear. Default: no hint. */
  readonly hint?: string;
  /**
   * Accepts keys of less than 16 bytes, for clients whose keys cannot be changed. An attacker can guess such a key
   * like a password: see `PresharedKey.key`. Default false.
   */
  readonly allowShortKeys?: boolean;
}

export interface ClientExchangeConfig extends ExchangeConfig {
  /** Returns the key for a server that sent this hint, or that sent none. */
  readonly psk: ((hint: string | undefined) => Awaitable<PresharedKey | undefined>) | undefined;
}

export interface ServerExchangeConfig extends ExchangeConfig {
  readonly psk:
    | {
        readonly lookup: (identity: string) => Awaitable<Uint8Array | undefined>;
        /** Whether keys of less than 128 bits are accepted. */
        readonly allowShortKeys: boolean;
        /** The hint to send. If it is empty, the server sends none. */
        readonly hint: string;
      }
    | undefined;
}

/**
 * A key share that a client generates before it knows the server's group. It is used at most once and then wiped.
 */
export interface PrecomputedShare {
  readonly group: NamedCurve;
  readonly share: PromiseLike<KeyShare>;
  wipe(): void;
}

export interface ClientExchange {
  /** The name of the group, if the exchange uses one. */
  readonly group?: string;
  /**
   * The parameters that the server signed together with both randoms, and the signature. Verify the signature before
   * `send`.
   */
  readonly signed?: DigitallySigned & { readonly params: Uint8Array };
  /** Sends ClientKeyExchange. `server` is the verified server, if it has a certificate. */
  send(server: VerifiedPeer | undefined): Flow<AgreedSecret>;
}

export interface AgreedSecret {
  /** The premaster secret. The caller wipes it. */
  readonly premaster: Uint8Array;
  readonly sessionPsk?: SessionPsk;
}

/** The choices that a server has made before it sends ServerKeyExchange. */
export interface ServerChoice {
  readonly group: NamedGroup | undefined;
  readonly credential: { readonly credential: Credential; readonly certificate: Certificate } | undefined;
  /** client_version of the ClientHello. */
  readonly clientVersion: number;
  /** Signs parameters together with both randoms. */
  sign(params: Uint8Array): Flow<DigitallySigned>;
}

export interface ServerExchange {
  /** Receives ClientKeyExchange. */
  expect(): Flow<AgreedSecret>;
  /** Wipes the ephemeral private key. */
  wipe?(): void;
}
