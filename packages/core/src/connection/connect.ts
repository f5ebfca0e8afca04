import { clientHandshake } from "../handshake/client.ts";
import type { ClientConfig, ClientSessions, SessionKeeper } from "../handshake/config.ts";
import { fragmentLengths } from "../handshake/extensions/maxFragmentLength.ts";
import type { Grease } from "../handshake/grease.ts";
import type { ClientPsk } from "../handshake/keyExchange/exchange.ts";
import { errorWithRemedy, optionsOf, wrongOption } from "../validation/options.ts";
import { clientOptions } from "../validation/tables.ts";
import { withExplanation } from "../validation/withExplanation.ts";
import { dnsName, parseReference } from "../x509/name.ts";
import type { OcspPolicy, OcspPolicyRow } from "../x509/ocsp.ts";
import { readTrust, type TrustOptions } from "../x509/trust.ts";
import { type ClientCredentials, credentialSelector } from "./clientCredentials.ts";
import { TlsConnection } from "./connection.ts";
import { type CommonOptions, commonConfig, connectionOptions } from "./options.ts";
import { clientPsk, isCertified } from "./psk.ts";
import { checkedTransport, type Transport } from "./transport.ts";

export interface ConnectOptions extends CommonOptions, TrustOptions {
  /**
   * The pre-shared key, for suites of `ecdhePskSuites` or `pskSuites`. If `suites` contains no other suites, no trust
   * option is needed.
   */
  readonly psk?: ClientPsk;
  /**
   * The DNS name or IP address that the server's certificate must contain. Required with `ca`; not checked with
   * `trust` or `insecure`, or if pins without `ca` contain the server's own key. The adapters take it from the URL.
   */
  readonly serverName?: string;
  /**
   * The largest fragment in bytes, in both directions, for a device with little memory (max_fragment_length, RFC 6066
   * §4). A server that does not know the extension ignores it; `session.maxFragmentLength` shows the result. If both
   * are set, a server that knows its successor, `recordSizeLimit`, ignores this one.
   */
  readonly maxFragmentLength?: 512 | 1024 | 2048 | 4096;
  /**
   * Refuses a server without renegotiation_info (RFC 5746) with `unsafe_legacy_renegotiation`: an attacker in the
   * middle may have begun a session with such a server and splice ours after it. Default true; set false for servers
   * from before 2010 (docs/adr/0004).
   */
  readonly requireSecureRenegotiation?: boolean;
  /**
   * Tells the server that this is a second attempt, after one with a newer version failed (TLS_FALLBACK_SCSV, RFC
   * 7507). A server that supports the newer version then refuses.
   */
  readonly fallbackScsv?: boolean;
  /**
   * With `grease`, the client offers some reserved values, chosen at random each time (RFC 8701). A server that does
   * not tolerate unknown values is then found early.
   */
  readonly grease?: Grease;
  /**
   * Asks the server for the status of its certificate: a property of `ocsp` from `@handclasp/core/ocsp`. `request`
   * passes the response to the application. `check` also verifies it. `require` also refuses a server that sends no
   * response. Default: the client does not ask.
   */
  readonly ocsp?: OcspPolicy;
  /**
   * Asks the server for signed certificate timestamps (RFC 6962 §3.3.1). They are in
   * `session.signedCertificateTimestamps`, not verified. Default false.
   */
  readonly signedCertificateTimestamps?: boolean;
  /**
   * The client's credentials, for a server that asks for a certificate: a single one, which the client sends whatever
   * authorities the server names; a list, from which the client sends the first one that the server can verify and
   * whose chain leads to an authority that the server names (to any if it names none); or a function that chooses one.
   */
  readonly credentials?: ClientCredentials;
  /** Keeps sessions and resumes them: see `keepSessions`. Default: every handshake is a full one. */
  readonly sessions?: ClientSessions;
  /**
   * Distinguishes servers of the same name, so that they do not replace each other's sessions. The adapters set it to
   * the URL's host and port; without a URL it is empty.
   */
  readonly sessionScope?: string;
}

/**
 * Opens a channel as client, over a transport, or over the transport that a function opens after the options are
 * checked. Resolves once the handshake is done and the server is verified.
 * @throws TlsError `configuration` before any byte is sent; otherwise the error that ended the handshake
 * @example
 * const channel = await connect(transport, { ca: pem, serverName: "device.example" });
 */
export async function connect(
  transport: Transport | (() => Transport),
  options: ConnectOptions,
): Promise<TlsConnection> {
  const connection = await withExplanation(() => {
    const checked = optionsOf(options, clientOptions());
    const config = configOf(checked);
    return new TlsConnection(
      checkedTransport(typeof transport === "function" ? transport() : transport),
      {
        role: "client",
        handshake: (link) => clientHandshake(link, config),
        maxFragment: config.maxFragment,
        maxRefusals: config.maxRefusals,
        traceSecrets: config.traceSecrets,
      },
      connectionOptions(checked),
    );
  });
  await connection.opened;
  return connection;
}

/** Checks the options; see `connect` for the errors. */
export const clientHandshakeConfig = (options: ConnectOptions): ClientConfig =>
  configOf(optionsOf(options, clientOptions()));

function configOf(options: ConnectOptions): ClientConfig {
  const { credentials, serverName, maxFragmentLength } = options;
  const ocsp = options.ocsp as OcspPolicyRow | undefined;
  const common = commonConfig(options);
  const trust = common.suites.some(isCertified) ? readTrust(options, options.certificateCache) : undefined;
  if (serverName !== undefined && !parseReference(serverName) && !dnsName(serverName))
    throw wrongOption("serverName", serverName, "a DNS name");
  if (trust?.anchors.length && serverName === undefined) throw errorWithRemedy("ca without serverName");
  const { sessionScope = "" } = options;
  const sessions = options.sessions as SessionKeeper | undefined;
  sessions?.checkScope(sessionScope);
  if (maxFragmentLength !== undefined && !fragmentLengths.includes(maxFragmentLength))
    throw wrongOption("maxFragmentLength", maxFragmentLength, fragmentLengths.join());
  ocsp?.checkOptions(options, common.suites.every(isCertified));
  return {
    ...common,
    psk: clientPsk(common.suites, options.psk),
    serverName,
    trust,
    maxFragmentLength,
    requireSecureRenegotiation: options.requireSecureRenegotiation ?? true,
    fallbackScsv: options.fallbackScsv ?? false,
    grease: options.grease as ClientConfig["grease"],
    ocsp,
    signedCertificateTimestamps: options.signedCertificateTimestamps ?? false,
    ...credentialSelector(credentials),
    sessions,
    sessionScope,
  };
}
