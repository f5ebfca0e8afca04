import { configurationError } from "../errors.ts";
import type { Awaitable } from "../flow.ts";
import type { ClientHelloInfo, ServerConfig, ServerCredential } from "../handshake/config.ts";
import { gated, type HandshakeGate } from "../handshake/gate.ts";
import type { ServerPsk } from "../handshake/keyExchange/exchange.ts";
import { canServe } from "../handshake/negotiate.ts";
import type { ServerObserver } from "../handshake/observer.ts";
import { serverHandshake } from "../handshake/server.ts";
import type { CipherSuite, SuiteRow } from "../handshake/suites.ts";
import { optionsOf } from "../validation/options.ts";
import { reloadOptions, serverOptions } from "../validation/serverTable.ts";
import { withExplanationSync } from "../validation/withExplanationSync.ts";
import type { Credential } from "../x509/credential.ts";
import { type ClientOptions, clientRulesOf, virtualHostsOf } from "./clientRules.ts";
import { TlsConnection } from "./connection.ts";
import { type CommonOptions, commonConfig, connectionOptions, showsSecrets } from "./options.ts";
import { checkedChain } from "./ownChain.ts";
import { isCertified, serverPsk } from "./psk.ts";
import { changesTickets, optionsWith } from "./reloadedOptions.ts";
import { type ServerSessionOptions, serverSessions } from "./serverSessions.ts";
import { readStaple } from "./staple.ts";
import { checkedTransport, type Transport } from "./transport.ts";

/**
 * The server's credentials: one, a list, or a function of the ClientHello that returns one or a list, for a server that
 * does not know its names beforehand. From a list, the server takes a credential that the client can verify and whose
 * certificate has the name that the client asks for. If none has it, `strictSni` decides. If several do, the first that
 * serves the preferred suite is taken. The server calls the function in every handshake, a resumed one included. If the
 * function returns no credential, the client gets unrecognized_name.
 */
export type ServerCredentials =
  | Credential
  | readonly Credential[]
  | ((hello: ClientHelloInfo) => Awaitable<Credential | readonly Credential[] | undefined>);

/** A server's options. */
export interface AcceptOptions extends CommonOptions, ClientOptions, ServerSessionOptions {
  /** The server's certificates. Required unless every suite uses a pre-shared key. */
  readonly credentials?: ServerCredentials;
  /** The pre-shared keys, for suites of `ecdhePskSuites` or `pskSuites`. */
  readonly psk?: ServerPsk;
  /**
   * Other rules for client certificates, for clients that ask for these names. `*` as the first label stands for one
   * label. The rules of a name replace all of the server's, so `{ clientAuth: "none" }` asks for no certificate. A
   * client can ask for any name: serve a host only on a connection whose `session.serverName` is that host.
   * @example
   * const options: AcceptOptions = {
   *   credentials: credential,
   *   virtualHosts: { "admin.example": { clientAuth: "require", ca } },
   * };
   */
  readonly virtualHosts?: Readonly<Record<string, ClientOptions>>;
  /**
   * Groups of suites of equal preference: within a group the client's order decides, because the client may be faster
   * with another suite than the server. Default: no groups, so the server's order decides.
   * @example
   * equalSuites: [[TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256]]
   */
  readonly equalSuites?: readonly (readonly CipherSuite[])[];
  /**
   * Refuses a server name that no certificate has (unrecognized_name), instead of answering with the first certificate
   * that the client can use. A client that names no server gets that certificate in any case. Default: true if the
   * certificates have different names. With an RSA and an ECDSA certificate for the same names, the default is false.
   */
  readonly strictSni?: boolean;
  /**
   * Refuses a client that offers none of our `alpn` (no_application_protocol), even if it offers no protocol at all.
   * Default false: a client that offers no protocol is accepted, and `session.alpn` is `null`. A client that offers
   * only protocols that are not in our `alpn` is always refused, unless `alpn` is empty.
   */
  readonly requireAlpn?: boolean;
  /**
   * For teaching and for tests of clients: ignores extended_master_secret and encrypt_then_mac, so that the handshake
   * and the CBC records are those of RFC 5246, without the later improvements. Sessions of such a server cannot be
   * resumed. Default false. It cannot be combined with `requireExtendedMasterSecret`.
   */
  readonly textbook?: boolean;
}

/**
 * The options of `reload`. Those that say which clients the server trusts belong together (`clientAuth`, `ca`, `pins`,
 * `trust`, `verify`, `insecure`, `minimumRsaBits`, `minimumEcBits`, `certificateAuthorities`): if you give one of them,
 * those that you do not give are gone. So do `tickets` and `ticketKeys`. Any other option that you do not give stays.
 */
export type ReloadOptions = ClientOptions &
  Pick<
    AcceptOptions,
    | "credentials"
    | "virtualHosts"
    | "psk"
    | "suites"
    | "equalSuites"
    | "groups"
    | "signatureSchemes"
    | "alpn"
    | "requireAlpn"
    | "strictSni"
    | "tickets"
    | "ticketKeys"
  >;

/** The checked options and parsed certificates that many connections share, from `serverConfig`. */
export interface ServerConfiguration {
  /**
   * Sets the credentials for later connections, for example with renewed certificates. If it throws a configuration
   * error, the old credentials remain.
   */
  setCredentials(credentials: ServerCredentials): void;
  /**
   * Changes options for later connections. Connections that have begun keep the options with which they began. If it
   * throws a configuration error, all old options remain. Sessions made under other rules for client certificates are
   * not resumed.
   */
  reload(options: ReloadOptions): void;
}

/**
 * Checks options once, for many connections. The connections share their resumption state: the ticket keys and the
 * session store.
 * @throws TlsError `configuration`
 * @example
 * const config = serverConfig({ credentials: [credential] });
 * const channel = await accept(transport, config);
 */
export function serverConfig(options: AcceptOptions): ServerConfiguration {
  return withExplanationSync(() => new SharedConfig(optionsOf(options, serverOptions())));
}

class SharedConfig implements ServerConfiguration {
  options: AcceptOptions;
  handshake: ServerConfig;

  /** @param options checked options */
  constructor(options: AcceptOptions) {
    this.options = options;
    this.handshake = configOf(options);
  }

  setCredentials(credentials: ServerCredentials): void {
    this.handshake = withExplanationSync(() => withCredentials(this.handshake, credentials));
    this.options = optionsWith(this.options, { credentials });
  }

  reload(changes: ReloadOptions): void {
    const { tickets, sessions, sessionLifetime } = this.handshake;
    const kept = { tickets, sessions, sessionLifetime };
    const [options, handshake] = withExplanationSync(() => {
      const given = optionsOf(changes, reloadOptions());
      const options = optionsWith(this.options, given);
      return [options, configOf(options, changesTickets(given) ? { sessions, sessionLifetime } : kept)];
    });
    this.options = options;
    this.handshake = handshake;
  }
}

/**
 * Accepts a channel as server, over any transport. Resolves once the handshake is done and the client's certificate, if
 * it sent one, is verified. Options passed here are for this connection alone. Its session cannot be resumed unless the
 * options contain a session store or ticket keys. Use `serverConfig` to share state between connections.
 * @throws TlsError `configuration` before any byte is read; otherwise the error that ended the handshake
 * @example
 * const channel = await accept(transport, { credentials: [credential] });
 */
export async function accept(
  transport: Transport,
  config: AcceptOptions | ServerConfiguration,
): Promise<TlsConnection> {
  const shared =
    config instanceof SharedConfig ? config : withExplanationSync(() => singleUseConfig(config as AcceptOptions));
  const connection = startAccept(transport, shared);
  await connection.opened;
  return connection;
}

/**
 * A configuration for one connection. It keeps no sessions by default, because no later connection could resume them.
 */
function singleUseConfig(unchecked: AcceptOptions): SharedConfig {
  const options = optionsOf(unchecked, serverOptions());
  const { sessionStore = false, tickets = options.ticketKeys !== undefined } = options;
  // Like `options`, the copy has no prototype, so that no property of Object.prototype is taken as an option.
  return new SharedConfig(Object.assign(Object.create(null), options, { sessionStore, tickets }) as AcceptOptions);
}

/** As `accept`, but returns immediately, while the handshake is running. The gate may delay the handshake. */
export function startAccept(
  transport: Transport,
  config: ServerConfiguration,
  gate?: HandshakeGate,
  observer?: ServerObserver,
): TlsConnection {
  if (!(config instanceof SharedConfig))
    throw configurationError("not a server configuration", "pass the result of serverConfig()");
  return acceptWith(
    config.handshake,
    withExplanationSync(() => checkedTransport(transport)),
    config.options,
    gate,
    observer,
  );
}

/**
 * As `startAccept`, with a handshake's configuration. The trace contains secrets only if both `config` and `options`
 * allow it.
 */
export function acceptWith(
  config: ServerConfig,
  transport: Transport,
  options: CommonOptions,
  gate?: HandshakeGate,
  observer?: ServerObserver,
): TlsConnection {
  return new TlsConnection(
    transport,
    {
      role: "server",
      handshake: (link) => {
        const flow = serverHandshake(link, config, gate, observer);
        return gate ? gated(flow, gate) : flow;
      },
      maxFragment: config.maxFragment,
      maxRefusals: config.maxRefusals,
      traceSecrets: config.traceSecrets && showsSecrets(options),
    },
    connectionOptions(options),
  );
}

/**
 * Checks the options and parses the certificates.
 * @throws TlsError `configuration`, also for a chain out of order, and for a certificate with another purpose or with a
 *   key that no suite uses
 */
export const serverHandshakeConfig = (options: AcceptOptions): ServerConfig =>
  configOf(optionsOf(options, serverOptions()));

/** @param kept the state of resumption of an earlier configuration */
function configOf(options: AcceptOptions, kept?: Partial<ServerConfig>): ServerConfig {
  const common = commonConfig(options);
  const { suites } = common;
  if (options.requireAlpn && !common.alpn.length)
    throw configurationError("requireAlpn without alpn", 'list the protocols of this server: alpn: ["…"]');
  if (options.textbook && common.requireExtendedMasterSecret)
    throw configurationError("textbook with requireExtendedMasterSecret", "leave out one of them");
  return {
    ...common,
    psk: serverPsk(suites, options.psk),
    ...credentialsOf(common, options.credentials),
    ...clientRulesOf(options, suites),
    virtualHosts: virtualHostsOf(options.virtualHosts ?? {}, suites),
    equalSuites: equalSuitesOf(suites, options.equalSuites ?? []),
    strictSni: options.strictSni,
    requireAlpn: options.requireAlpn ?? false,
    textbook: options.textbook ?? false,
    ...serverSessions(options, common),
    ...kept,
  };
}

function equalSuitesOf(
  suites: readonly SuiteRow[],
  option: readonly (readonly CipherSuite[])[],
): readonly (readonly SuiteRow[])[] {
  const groups = option as readonly (readonly SuiteRow[])[];
  const all = groups.flat();
  const missing = all.filter((suite) => !suites.includes(suite));
  if (missing.length > 0)
    throw configurationError(`equalSuites: ${missing[0]?.name} is not in suites`, "add it to suites");
  const duplicate = all.find((suite, i) => all.indexOf(suite) !== i);
  if (duplicate) throw configurationError(`equalSuites: ${duplicate.name} occurs twice`, "name each suite once");
  return groups;
}

/**
 * The same configuration with other credentials. Throws a configuration error if they cannot be used.
 */
export const withCredentials = (config: ServerConfig, credentials: ServerCredentials): ServerConfig => ({
  ...config,
  ...credentialsOf(config, credentials),
});

function credentialsOf(
  { suites }: Pick<ServerConfig, "suites">,
  credentials: ServerCredentials | undefined,
): Pick<ServerConfig, "credentials" | "hasSeveralNames" | "chooseCredentials"> {
  if (typeof credentials === "function") {
    const cache = new WeakMap<Credential, ServerCredential>();
    const check = (credential: Credential): ServerCredential => {
      const checked = cache.get(credential) ?? serverCredential(suites, credential);
      cache.set(credential, checked);
      return checked;
    };
    return {
      ...credentialSet([]),
      chooseCredentials: async (hello) => credentialSet(listOf(await credentials(hello)).map(check)),
    };
  }
  const list = listOf(credentials);
  if (!list.length && suites.some(isCertified))
    throw configurationError("a server needs a credential", "pass `credentials: [nodeCredential({ cert, key })]`");
  return {
    ...credentialSet(list.map((credential) => serverCredential(suites, credential))),
    chooseCredentials: undefined,
  };
}

const credentialSet = (
  credentials: readonly ServerCredential[],
): Pick<ServerConfig, "credentials" | "hasSeveralNames"> => ({
  credentials,
  hasSeveralNames: new Set(credentials.map(namesOf)).size > 1,
});

const namesOf = ({ certificate: { subjectAltNames } }: ServerCredential): string =>
  JSON.stringify(
    [...new Set([...subjectAltNames.dns.map((name) => name.toLowerCase()), ...subjectAltNames.ip])].sort(),
  );

const listOf = (credentials: Credential | readonly Credential[] | undefined): readonly Credential[] =>
  credentials === undefined ? [] : Array.isArray(credentials) ? credentials : [credentials as Credential];

function serverCredential(suites: readonly SuiteRow[], credential: Credential): ServerCredential {
  const [certificate] = checkedChain(credential, "server");
  const checked = { credential, certificate };
  const ocspResponse = readStaple(credential, certificate);
  if (canServe(suites, checked)) return { ...checked, ocspResponse };
  const { keyUsage, publicKey, subject } = checked.certificate;
  throw configurationError(
    `the certificate of ${subject.text || "no subject"} serves none of the suites: ` +
      `key type ${publicKey.type}, keyUsage ${keyUsage ? [...keyUsage].join(", ") : "absent"}`,
    "ECDHE needs digitalSignature and a suite that authenticates with this key type; " +
      "RSA key exchange needs keyEncipherment and a key that decrypts",
  );
}
