import { der } from "../bytes/der.ts";
import { configurationError, TlsError } from "../errors.ts";
import type { Awaitable } from "../flow.ts";
import type { ClientHelloInfo, ServerConfig, ServerCredential } from "../handshake/config.ts";
import type { ServerPsk } from "../handshake/keyExchange/exchange.ts";
import { canServe } from "../handshake/negotiate.ts";
import { serverHandshake } from "../handshake/server.ts";
import type { CipherSuite, SuiteRow } from "../handshake/suites.ts";
import { maxAuthorityNames } from "../limits.ts";
import { optionsOf, wrongOption } from "../validation/options.ts";
import { serverOptions } from "../validation/serverTable.ts";
import { withExplanationSync } from "../validation/withExplanationSync.ts";
import type { Credential } from "../x509/credential.ts";
import { readName } from "../x509/distinguishedName.ts";
import { readTrust, type TrustOptions, type TrustPolicy } from "../x509/verify.ts";
import { TlsConnection } from "./connection.ts";
import { type CommonOptions, commonConfig, connectionOptions, showsSecrets } from "./options.ts";
import { readOwn } from "./ownChain.ts";
import { isCertified, serverPsk } from "./psk.ts";
import { type ServerSessionOptions, serverSessions } from "./serverSessions.ts";
import { stapleOf } from "./staple.ts";
import { checkedTransport, type Transport } from "./transport.ts";

/**
 * Our certificates: one, a list, or a function of the ClientHello that answers one or a list, for servers whose names are not known beforehand. Of a list, the
 * name that the client asks for and what it can verify decide; the first is the default. A function is asked at each handshake, a resumed one too; where it
 * answers nothing, the client gets unrecognized_name.
 */
export type ServerCredentials =
  | Credential
  | readonly Credential[]
  | ((hello: ClientHelloInfo) => Awaitable<Credential | readonly Credential[] | undefined>);

/**
 * Beside what `connect` takes too. `ca`, `pins`, `trust`, `verify` and `insecure` say whom client certificates must come from: they need `clientAuth`, and
 * `clientAuth` needs one of them.
 */
export interface AcceptOptions extends CommonOptions, TrustOptions, ServerSessionOptions {
  /** Our certificates. Needed unless all suites are of a pre-shared key. */
  readonly credentials?: ServerCredentials;
  /** The keys that clients have too, for suites of `ecdhePskSuites` or `pskSuites`. */
  readonly psk?: ServerPsk;
  /** Whether clients show a certificate. Default `"none"`. */
  readonly clientAuth?: "none" | "request" | "require";
  /**
   * The authorities that we name to clients, DER names (`certificate.subject.der`): a client with several certificates
   * chooses by them. Default: those of `ca`, or none where they are too many for the message (65,000 bytes). `false`:
   * none, which means any.
   */
  readonly certificateAuthorities?: readonly Uint8Array[] | false;
  /**
   * Groups of suites of equal preference: within one of them the client's order decides, for it may be faster with
   * another than we are. Default: none, our order alone.
   * @example
   * equalSuites: [[TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256]]
   */
  readonly equalSuites?: readonly (readonly CipherSuite[])[];
  /**
   * Refuse a server name that no certificate has (unrecognized_name), instead of answering with the first. A client
   * that names no server gets the first in any case. Default: true where the certificates have different names, so not
   * for an RSA and an ECDSA certificate of the same names.
   */
  readonly strictSni?: boolean;
  /**
   * Refuse a client that offers none of our `alpn` (no_application_protocol), also where it offers no protocol at all.
   * Default false: such a client gets in, and `session.alpn` is `null`; one that offers only others is refused in any
   * case.
   */
  readonly requireAlpn?: boolean;
}

/** What many connections share: options that are checked and certificates that are parsed. `serverConfig` makes it. */
export interface ServerConfiguration {
  /** Certificates for the connections that are accepted from now on, such as renewed ones. Throws a configuration error, and changes nothing then. */
  setCredentials(credentials: ServerCredentials): void;
}

/**
 * Checks options once, for many connections. They share what is kept for resumption: tickets, their keys, and the store.
 * @throws TlsError `configuration`
 * @example
 * const config = serverConfig({ credentials: [credential] });
 * onTransport((transport) => accept(transport, config));
 */
export function serverConfig(options: AcceptOptions): ServerConfiguration {
  return withExplanationSync(() => new SharedConfig(optionsOf(options, serverOptions())));
}

class SharedConfig implements ServerConfiguration {
  readonly options: AcceptOptions;
  handshake: ServerConfig;

  /** @param options that are checked */
  constructor(options: AcceptOptions) {
    this.options = options;
    this.handshake = configOf(options);
  }

  setCredentials(credentials: ServerCredentials): void {
    this.handshake = withExplanationSync(() => withCredentials(this.handshake, credentials));
  }
}

/**
 * Accepts a channel as server, over any transport. Resolves once the handshake is done and, where required, the client
 * verified. Options that are given here are for this connection alone, which then is not resumed unless they name a
 * store or ticket keys; `serverConfig` makes what many connections share.
 * @throws TlsError `configuration` before any byte is read; the handshake's failure else.
 * @example
 * const channel = await accept(transport, { credentials: [credential] });
 */
export async function accept(
  transport: Transport,
  config: AcceptOptions | ServerConfiguration,
): Promise<TlsConnection> {
  const shared = config instanceof SharedConfig ? config : withExplanationSync(() => once(config as AcceptOptions));
  const connection = accepted(transport, shared);
  await connection.opened;
  return connection;
}

/** Nobody could resume a session of theirs. */
function once(given: AcceptOptions): SharedConfig {
  const options = optionsOf(given, serverOptions());
  const { sessionStore = false, tickets = options.ticketKeys !== undefined } = options;
  // Without a prototype, as `options` are: what Object.prototype has is no option.
  return new SharedConfig(Object.assign(Object.create(null), options, { sessionStore, tickets }) as AcceptOptions);
}

/** As `accept`, at once: the connection is still shaking hands. */
export function accepted(transport: Transport, config: ServerConfiguration): TlsConnection {
  if (!(config instanceof SharedConfig)) throw configurationError("no configuration", "what serverConfig() gives");
  return acceptWith(
    config.handshake,
    withExplanationSync(() => checkedTransport(transport)),
    config.options,
  );
}

/** The same with a handshake's configuration. A trace has secrets where both it and `options` say so. */
export function acceptWith(config: ServerConfig, transport: Transport, options: CommonOptions): TlsConnection {
  return new TlsConnection(
    transport,
    {
      role: "server",
      handshake: (peer) => serverHandshake(peer, config),
      maxFragment: config.maxFragment,
      maxRenegotiations: config.maxRenegotiations,
      traceSecrets: config.traceSecrets && showsSecrets(options),
    },
    connectionOptions(options),
  );
}

/**
 * Checks what the user says; certificates are parsed once, here.
 * @throws TlsError `configuration`, also for a certificate that cannot serve: of another purpose, out of order, or of a
 *   kind that no suite uses.
 */
export const serverHandshakeConfig = (options: AcceptOptions): ServerConfig =>
  configOf(optionsOf(options, serverOptions()));

function configOf(options: AcceptOptions): ServerConfig {
  const common = commonConfig(options);
  const { suites } = common;
  const { clientAuth = "none" } = options;
  const clientTrust = clientTrustOf(options);
  if (clientAuth === "require" && !suites.every(isCertified))
    throw configurationError(
      'clientAuth "require" with suites of a pre-shared key, which have no certificates',
      'leave them out, or say "request": the key then is what proves who the client is',
    );
  if (options.requireAlpn && !common.alpn.length)
    throw configurationError("requireAlpn without alpn", 'say which protocols we speak: alpn: ["…"]');
  return {
    ...common,
    psk: serverPsk(suites, options.psk),
    ...credentialsOf(common, options.credentials),
    clientAuth,
    clientTrust,
    certificateAuthorities: authoritiesOf(options, clientTrust),
    equalSuites: equalSuitesOf(suites, options.equalSuites ?? []),
    strictSni: options.strictSni,
    requireAlpn: options.requireAlpn ?? false,
    ...serverSessions(options, common),
  };
}

function equalSuitesOf(
  suites: readonly SuiteRow[],
  asked: readonly (readonly CipherSuite[])[],
): readonly (readonly SuiteRow[])[] {
  const groups = asked as readonly (readonly SuiteRow[])[];
  const all = groups.flat();
  const missing = all.filter((suite) => !suites.includes(suite));
  if (missing.length > 0)
    throw configurationError(`equalSuites: ${missing[0]?.name} is none of the suites`, "name it there too");
  const twice = all.find((suite, i) => all.indexOf(suite) !== i);
  if (twice) throw configurationError(`equalSuites: ${twice.name} stands twice`, "one group for each suite");
  return groups;
}

/** The same configuration with other certificates, checked as the first ones were. Throws a configuration error. */
export const withCredentials = (config: ServerConfig, credentials: ServerCredentials): ServerConfig => ({
  ...config,
  ...credentialsOf(config, credentials),
});

function credentialsOf(
  { suites }: Pick<ServerConfig, "suites">,
  given: ServerCredentials | undefined,
): Pick<ServerConfig, "credentials" | "namesDiffer" | "chooseCredentials"> {
  if (typeof given === "function") {
    const known = new WeakMap<Credential, ServerCredential>();
    const checked = (credential: Credential): ServerCredential => {
      const found = known.get(credential) ?? serverCredential(suites, credential);
      known.set(credential, found);
      return found;
    };
    return { ...served([]), chooseCredentials: async (hello) => served(listOf(await given(hello)).map(checked)) };
  }
  const list = listOf(given);
  if (!list.length && suites.some(isCertified))
    throw configurationError("a server needs a credential", "pass `credentials: [nodeCredential({ cert, key })]`");
  return { ...served(list.map((credential) => serverCredential(suites, credential))), chooseCredentials: undefined };
}

const served = (credentials: readonly ServerCredential[]): Pick<ServerConfig, "credentials" | "namesDiffer"> => ({
  credentials,
  namesDiffer: new Set(credentials.map(namesOf)).size > 1,
});

const namesOf = ({ certificate: { subjectAltNames } }: ServerCredential): string =>
  JSON.stringify(
    [...new Set([...subjectAltNames.dns.map((name) => name.toLowerCase()), ...subjectAltNames.ip])].sort(),
  );

const listOf = (given: Credential | readonly Credential[] | undefined): readonly Credential[] =>
  given === undefined ? [] : Array.isArray(given) ? given : [given as Credential];

function serverCredential(suites: readonly SuiteRow[], credential: Credential): ServerCredential {
  const [certificate] = readOwn(credential, "server");
  const checked = { credential, certificate };
  const ocspResponse = stapleOf(credential, certificate);
  if (canServe(suites, checked)) return { ...checked, ocspResponse };
  const { keyUsage, publicKey, subject } = checked.certificate;
  throw configurationError(
    `the certificate of ${subject.text || "no subject"} serves none of the suites: a key of the kind ${publicKey.type}, keyUsage ${keyUsage ? [...keyUsage].join(", ") : "unlimited"}`,
    "ECDHE needs digitalSignature and a suite with the key's authentication; RSA key exchange needs keyEncipherment and a key that decrypts",
  );
}

function clientTrustOf(options: AcceptOptions): TrustPolicy | undefined {
  const { clientAuth = "none" } = options;
  const trusts = trustOptions.filter((option) => options[option] !== undefined);
  if (clientAuth !== "none" && !trusts.length)
    throw configurationError(`clientAuth "${clientAuth}" without ca`, "say whom client certificates must come from");
  if (clientAuth === "none" && trusts.length)
    throw configurationError(`${trusts[0]} without clientAuth`, 'say clientAuth: "request" or "require"');
  return trusts.length ? readTrust(options) : undefined;
}

/** The options about whom to trust. */
const trustOptions = ["ca", "pins", "trust", "insecure", "verify", "minimumRsaBits", "minimumEcBits"] as const;

function authoritiesOf(
  { certificateAuthorities: asked, clientAuth = "none" }: AcceptOptions,
  trust: TrustPolicy | undefined,
): readonly Uint8Array[] {
  if (
    asked !== undefined &&
    asked !== false &&
    !(Array.isArray(asked) && [...asked].every((name) => name instanceof Uint8Array))
  )
    throw wrongOption("certificateAuthorities", asked, "a list of DER names, or false");
  if (!asked) {
    const names = new Map(trust?.anchors.map(({ subject }) => [subject.normalised, subject.der]));
    return asked === false || sizeOf([...names.values()]) > maxAuthorityNames ? [] : [...names.values()];
  }
  if (clientAuth === "none")
    throw configurationError("certificateAuthorities without clientAuth", 'say clientAuth: "request" or "require"');
  if (sizeOf(asked) > maxAuthorityNames)
    throw configurationError(
      `certificateAuthorities of ${sizeOf(asked)} bytes`,
      `${maxAuthorityNames} are the most: name fewer, or give false`,
    );
  for (const [i, name] of asked.entries()) {
    try {
      der(name, readName);
    } catch (error) {
      if (!TlsError.is(error)) throw error;
      throw configurationError(`certificateAuthorities[${i}]: ${error.message}`, "DER names: certificate.subject.der");
    }
  }
  return asked;
}

/** With the two bytes before each. */
const sizeOf = (names: readonly Uint8Array[]): number => names.reduce((sum, name) => sum + 2 + name.length, 0);
