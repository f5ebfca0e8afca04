import { clientHandshake } from "../handshake/client.ts";
import type { ClientConfig, ClientSessions, SessionKeeper } from "../handshake/config.ts";
import { fragmentLengths } from "../handshake/extensions/maxFragmentLength.ts";
import type { Grease } from "../handshake/grease.ts";
import type { ClientPsk } from "../handshake/keyExchange/exchange.ts";
import { briefError, optionsOf, wrongOption } from "../validation/options.ts";
import { clientOptions } from "../validation/tables.ts";
import { withExplanation } from "../validation/withExplanation.ts";
import { dnsName, parseReference } from "../x509/name.ts";
import type { OcspPolicy, OcspRow } from "../x509/ocsp.ts";
import { readTrust, type TrustOptions } from "../x509/verify.ts";
import { type ClientCredentials, selector } from "./clientCredentials.ts";
import { TlsConnection } from "./connection.ts";
import { type CommonOptions, commonConfig, connectionOptions } from "./options.ts";
import { clientPsk, isCertified } from "./psk.ts";
import { checkedTransport, type Transport } from "./transport.ts";

export interface ConnectOptions extends CommonOptions, TrustOptions {
  /**
   * A key that the server has too, for suites of `ecdhePskSuites` or `pskSuites`. Where there are no others, nobody
   * else needs to be trusted.
   */
  readonly psk?: ClientPsk;
  /**
   * The DNS name or IP address that the server's certificate must be for. Needed with `ca`; the adapters take it from
   * the URL.
   */
  readonly serverName?: string;
  /**
   * Bytes of a fragment, either way, for a host with little memory (max_fragment_length, RFC 6066 §4). A server that
   * does not know the extension is not bound by it: `session.maxFragmentLength` says. `recordSizeLimit` is its
   * successor, and goes before it where both are there.
   */
  readonly maxFragmentLength?: 512 | 1024 | 2048 | 4096;
  /**
   * Refuse a server without renegotiation_info (RFC 5746), with `unsafe_legacy_renegotiation`: whoever is in the middle
   * may have begun a session with it and splice ours behind that. Default true; false for servers of before 2010
   * (docs/adr/0004).
   */
  readonly requireSecureRenegotiation?: boolean;
  /**
   * Say that this is a second try, after one with a newer version failed (TLS_FALLBACK_SCSV, RFC 7507): a server that
   * speaks the newer one then refuses.
   */
  readonly fallbackScsv?: boolean;
  /**
   * `grease`: offer some numbers that mean nothing, other ones each time (RFC 8701): a server that cannot bear what it
   * does not know is found out early.
   */
  readonly grease?: Grease;
  /**
   * Asks the server for the status of its certificate: a row of `ocsp` from `@handclasp/core/ocsp`. `request` hands
   * over what comes, `check` verifies it, `require` also wants it. Default: not asked.
   */
  readonly ocsp?: OcspPolicy;
  /**
   * Asks the server for signed certificate timestamps (RFC 6962 §3.3.1); they come as
   * `session.signedCertificateTimestamps`, unchecked. Default false.
   */
  readonly signedCertificateTimestamps?: boolean;
  /**
   * Our certificate for a server that asks; a list, of which the first is shown that the server can verify and whose
   * chain leads to an authority that it names; or a function that chooses. A single one is shown whatever authorities
   * the server names.
   */
  readonly credentials?: ClientCredentials;
  /** Keeps sessions, and resumes them: see `keepSessions`. Default: every handshake is a full one. */
  readonly sessions?: ClientSessions;
  /**
   * Tells servers of one name apart, so that their sessions do not replace each other's. The adapters say the URL's
   * host and port.
   */
  readonly sessionScope?: string;
}

/**
 * Opens a channel as client, over any transport, or over one that is opened only once the options are found right.
 * Resolves once the handshake is done and the server verified.
 * @throws TlsError `configuration` before any byte is sent; the handshake's failure else.
 * @example
 * const channel = await connect(transport, { ca: pem, serverName: "device.example" });
 */
export async function connect(
  transport: Transport | (() => Transport),
  options: ConnectOptions,
): Promise<TlsConnection> {
  const connection = await withExplanation(() => {
    const given = optionsOf(options, clientOptions());
    const config = configOf(given);
    return new TlsConnection(
      checkedTransport(typeof transport === "function" ? transport() : transport),
      {
        role: "client",
        handshake: (peer) => clientHandshake(peer, config),
        maxFragment: config.maxFragment,
        maxRenegotiations: config.maxRenegotiations,
        traceSecrets: config.traceSecrets,
      },
      connectionOptions(given),
    );
  });
  await connection.opened;
  return connection;
}

/** Checks what the user says; see `connect` for what it throws. */
export const clientHandshakeConfig = (options: ConnectOptions): ClientConfig =>
  configOf(optionsOf(options, clientOptions()));

function configOf(options: ConnectOptions): ClientConfig {
  const { credentials, serverName, maxFragmentLength } = options;
  const ocsp = options.ocsp as OcspRow | undefined;
  const common = commonConfig(options);
  const trust = common.suites.some(isCertified) ? readTrust(options, options.certificateCache) : undefined;
  if (serverName !== undefined && !parseReference(serverName) && !dnsName(serverName))
    throw wrongOption("serverName", serverName, "a DNS name");
  if (trust?.anchors.length && serverName === undefined) throw briefError("ca without serverName");
  const { sessionScope = "" } = options;
  const sessions = options.sessions as SessionKeeper | undefined;
  sessions?.configure(sessionScope);
  if (maxFragmentLength !== undefined && !fragmentLengths.includes(maxFragmentLength))
    throw wrongOption("maxFragmentLength", maxFragmentLength, fragmentLengths.join());
  ocsp?.configure(options, common.suites.every(isCertified));
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
    ...selector(credentials),
    sessions,
    sessionScope,
  };
}
