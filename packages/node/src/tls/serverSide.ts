/**
 * The configuration of a server's handshake, from a context and the options of a server.
 * @module
 */
import { createHmac, randomBytes, X509Certificate } from "node:crypto";
import { type CipherSuite, type SessionStore, TlsError } from "@handclasp/core";
import { type ChosenCredentials, type ServerConfig, serverHandshakeConfig } from "@handclasp/core/unstable/engine";
import { certificateCacheOf } from "../certificates.ts";
import { nodeCrypto } from "../crypto/nodeCrypto.ts";
import type { OwnIdentity } from "./credentials.ts";
import { nodeError } from "./errors.ts";
import { SecureContext } from "./secureContext.ts";
import type { AlpnCallback, SniCallback } from "./types.ts";

/** The options that many connections of a server share. */
export interface ServerSettings {
  readonly requestCert: boolean;
  readonly rejectUnauthorized: boolean;
  readonly alpn: readonly string[];
  readonly hasPsk: boolean;
  readonly pskIdentityHint: string | undefined;
  /** Without a store and keys, no session is resumed. */
  readonly sessionStore: SessionStore | false;
  readonly ticketKeys: (() => readonly Uint8Array[]) | undefined;
}

/** The settings of a TLSSocket that belongs to no server. */
export const noSessions: Pick<ServerSettings, "sessionStore" | "ticketKeys"> = {
  sessionStore: false,
  ticketKeys: undefined,
};

/** Makes the configurations of a server's contexts, each once. */
export class ServerConfigs {
  readonly #settings: ServerSettings;
  readonly #configs = new WeakMap<SecureContext, ServerConfig>();

  constructor(settings: ServerSettings) {
    this.#settings = settings;
  }

  of(context: SecureContext): ServerConfig {
    const config = this.#configs.get(context) ?? makeConfig(context, this.#settings);
    this.#configs.set(context, config);
    return config;
  }
}

function makeConfig({ settings: context }: SecureContext, settings: ServerSettings): ServerConfig {
  const { requestCert, rejectUnauthorized, alpn, pskIdentityHint, sessionStore, ticketKeys } = settings;
  const suites = suitesFor(context.suites, settings.hasPsk, context.credentials.length > 0);
  const usesPsk = suites.some((suite) => suite.authentication === "psk");
  const tickets = context.tickets && ticketKeys !== undefined;
  return serverHandshakeConfig({
    provider: nodeCrypto,
    certificateCache: certificateCacheOf(nodeCrypto),
    suites,
    ...(context.groups && { groups: context.groups }),
    ...(context.schemes && { signatureSchemes: context.schemes }),
    alpn,
    // A server may have no certificate of its own: an SNICallback may do. Otherwise each handshake fails.
    ...(suites.some((suite) => suite.authentication !== "psk") && {
      credentials: context.credentials.length
        ? context.credentials
        : ({ serverName }) => {
            throw noCertificate(serverName);
          },
    }),
    strictSni: false,
    // The socket verifies the certificate after the handshake, before it passes on a byte.
    ...(requestCert && {
      clientAuth: rejectUnauthorized ? "require" : "request",
      insecure: true,
      certificateAuthorities: context.ca ? context.ca.certificates.map(({ subject }) => subject.der) : false,
    }),
    ...(!context.honorCipherOrder && { equalSuites: [suites] }),
    // Each connection has its own lookup.
    ...(usesPsk && {
      psk: { lookup: () => undefined, ...(pskIdentityHint !== undefined && { hint: pskIdentityHint }) },
    }),
    sessionStore,
    tickets,
    ...(tickets && { ticketKeys: () => ticketKeys().map((keys) => scoped(keys, context.sessionIdContext)) }),
    ...(context.sessionTimeout !== undefined && { sessionLifetime: context.sessionTimeout }),
  });
}

/** The callback for SNI chose a context without a certificate. */
const emptyContext = (serverName: string | null): TlsError =>
  new TlsError("handshake_failure", `the context for ${serverName} has no certificate`, {
    code: "no_shared_cipher",
    cause: nodeError(
      "ERR_SSL_PASSED_A_NULL_PARAMETER",
      "SSL routines::passed a null parameter: the context has no certificate",
    ),
  });

const noCertificate = (serverName: string | null): TlsError =>
  new TlsError("handshake_failure", `no certificate${serverName === null ? "" : ` for ${serverName}`}`, {
    code: "no_shared_cipher",
    advice: "give the server cert and key",
  });

/** Without a callback for pre-shared keys, or without a certificate, the suites that need it cannot be used. */
function suitesFor(suites: readonly CipherSuite[], hasPsk: boolean, hasCertificate: boolean): readonly CipherSuite[] {
  const usable = suites.filter((suite) => (suite.authentication === "psk" ? hasPsk : hasCertificate || !hasPsk));
  return usable.length ? usable : suites.filter((suite) => suite.authentication !== "psk" || hasPsk);
}

/** Servers with other contexts of sessions do not resume each other's sessions, although they have the same keys. */
const scoped = (keys: Uint8Array, context: string | undefined): Uint8Array =>
  context === undefined ? keys : createHmac("sha384", keys).update(context).digest();

/** A server's ticket keys: random ones, which change, until the application sets its own. */
export class TicketKeys {
  #fixed: Buffer | undefined;
  #random: readonly Buffer[] = [];
  #since = 0;
  readonly #lifetime: number;

  /** @param lifetime the time for which a session can be resumed, in seconds */
  constructor(keys: Buffer | undefined, lifetime = 7_200) {
    this.#fixed = keys;
    this.#lifetime = lifetime;
  }

  get current(): readonly Buffer[] {
    if (this.#fixed) return [this.#fixed];
    const now = performance.now();
    if (!this.#random.length || now - this.#since >= this.#lifetime * 1000) {
      const isRecent = now - this.#since < this.#lifetime * 2000;
      this.#random = [randomBytes(48), ...this.#random.slice(0, isRecent ? 1 : 0)];
      this.#since = now;
    }
    return this.#random;
  }

  set(keys: Buffer): void {
    this.#fixed = keys;
  }
}

/** The questions of one connection to the application, after its ClientHello has come. */
export interface HelloHooks {
  readonly configs: ServerConfigs;
  readonly context: SecureContext;
  readonly sni: SniCallback | undefined;
  readonly alpn: AlpnCallback | undefined;
  /** Asks for the OCSP response of a certificate. */
  readonly ocsp: ((certificate: Buffer, issuer: Buffer | null) => Promise<Uint8Array | undefined>) | undefined;
  readonly onServerName: (name: string) => void;
  /** Takes the context that the callback for SNI chose. */
  readonly onContext: (context: SecureContext) => void;
  /** Takes the error of a callback. */
  readonly onError: (error: Error) => void;
}

/** The configuration of one connection, which asks its hooks. */
export function withHooks(base: ServerConfig, hooks: HelloHooks): ServerConfig {
  if (!(hooks.sni || hooks.alpn || hooks.ocsp)) return base;
  return {
    ...base,
    async chooseCredentials({ serverName, alpn }): Promise<ChosenCredentials> {
      if (serverName !== null) hooks.onServerName(serverName);
      const chosen =
        hooks.sni && serverName !== null ? await contextFor(hooks.sni, serverName, hooks.onError) : undefined;
      if (chosen) hooks.onContext(chosen);
      const context = chosen ?? hooks.context;
      const { credentials, hasSeveralNames } = hooks.configs.of(context);
      if (!credentials.length) throw chosen ? emptyContext(serverName) : noCertificate(serverName);
      const { ocsp } = hooks;
      return {
        credentials: ocsp
          ? credentials.map((one) => ({
              ...one,
              ocspResponse: () => ocsp(...certificatesOf(context, one.certificate.raw)),
            }))
          : credentials,
        hasSeveralNames,
        ...(hooks.alpn && { alpn: protocolsFor(hooks.alpn, serverName ?? "", [...alpn]) }),
      };
    },
  };
}

function certificatesOf({ settings }: SecureContext, leaf: Uint8Array): [certificate: Buffer, issuer: Buffer | null] {
  const identity: OwnIdentity | undefined = settings.identities.find(({ chain }) => chain[0]?.raw.equals(leaf));
  const own = new X509Certificate(leaf);
  const issuer =
    identity?.chain[1] ??
    settings.ca?.certificates.map(({ raw }) => new X509Certificate(raw)).find((ca) => own.checkIssued(ca));
  return [Buffer.from(leaf), issuer ? Buffer.from(issuer.raw) : null];
}

function contextFor(
  callback: SniCallback,
  serverName: string,
  onError: (error: Error) => void,
): Promise<SecureContext | undefined> {
  return new Promise((resolve, reject) => {
    const fail = (error: Error): void => {
      onError(error);
      reject(error);
    };
    callback(serverName, (error, context) => {
      if (error) fail(error);
      else if (context === undefined || context === null) resolve(undefined);
      else if (context instanceof SecureContext) resolve(context);
      else fail(nodeError("ERR_TLS_INVALID_CONTEXT", "Invalid SNI context", { type: TypeError }));
    });
  });
}

/** Only a protocol that the client offers can be agreed on. The callback is not called if the client offers none. */
function protocolsFor(callback: AlpnCallback, servername: string, protocols: string[]): readonly string[] {
  if (!protocols.length) return [];
  const offered = [...protocols];
  const chosen = callback({ servername, protocols });
  if (chosen === undefined || chosen === null)
    throw new TlsError(
      "no_application_protocol",
      "the ALPNCallback accepts none of the protocols that the client offers",
    );
  if (typeof chosen === "string" && offered.includes(chosen)) return [chosen];
  throw nodeError(
    "ERR_TLS_ALPN_CALLBACK_INVALID_RESULT",
    `ALPN callback returned a value (${String(chosen)}) that did not match any of the client's offered protocols ` +
      `(${offered.join(", ")})`,
    { type: TypeError },
  );
}
