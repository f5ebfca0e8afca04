/**
 * Checks the options of `connect` and `accept` and completes them into the configuration of a handshake. A mistake in
 * the options throws an error before any byte is sent.
 * @module
 */
import { ascii } from "../bytes/bytes.ts";
import { defaultGroups, type NamedGroup } from "../crypto/groups.ts";
import { noble } from "../crypto/lazyNoble.ts";
import type { CryptoProvider, Random } from "../crypto/provider.ts";
import { defaultSchemes, type SignatureScheme } from "../crypto/signatures.ts";
import type { CommonConfig } from "../handshake/config.ts";
import { type CipherSuite, modernSuites, type SuiteRow } from "../handshake/suites.ts";
import { closeTimeout, handshakeTimeout, maxPlaintext, maxRefusals } from "../limits.ts";
import type { TraceListener, TraceOptions } from "../trace.ts";
import { errorWithRemedy, optionsOf, wrongOption } from "../validation/options.ts";
import type { CertificateCache } from "../x509/cache.ts";
import { timeOf } from "./clock.ts";

/** The options that `connect` and `accept` have in common. */
export interface CommonOptions {
  /**
   * The provider of the cryptography. Default: the package's own: noble in core, node:crypto in @handclasp/node, and
   * WebCrypto in @handclasp/browser.
   */
  readonly provider?: CryptoProvider;
  /**
   * The cipher suites, in order of preference. Default: `modernSuites`, ChaCha20-Poly1305 first if the provider prefers
   * it. Use `legacySuites` for devices that support no modern suite. Add `dheSuites` or `ccmSuites` for peers that
   * support no other suites.
   */
  readonly suites?: readonly CipherSuite[];
  /**
   * The groups, in order of preference. Default: x25519, secp256r1, secp384r1, secp521r1; for DHE suites ffdhe2048,
   * ffdhe3072, ffdhe4096. With DHE, a client also accepts the groups of RFC 3526 from 2048 bits on, whatever this
   * option contains.
   */
  readonly groups?: readonly NamedGroup[];
  /** The signature schemes that we accept from the peer, in order of preference. */
  readonly signatureSchemes?: readonly SignatureScheme[];
  /** The application protocols (RFC 7301), in order of preference. */
  readonly alpn?: readonly string[];
  /** A listener for the trace events of the connection. It gets secrets only with `{ listener, secrets: true }`. */
  readonly trace?: TraceListener | TraceOptions;
  /**
   * Caches parsed certificates and verified signatures for many connections. Default: in @handclasp/node one cache for
   * each provider, in core and in pages none.
   */
  readonly certificateCache?: CertificateCache;
  /** Gets a line of the NSS key log for each connection. Anyone who has the line can decrypt the connection. */
  readonly keyLog?: (line: string) => void;
  /** A signal that ends the connection when it aborts. */
  readonly signal?: AbortSignal;
  /** The time limit of the handshake, in milliseconds. Default 10,000. */
  readonly handshakeTimeout?: number;
  /**
   * The time limit of `close`, in milliseconds: for sending the data written before and our close_notify, and for
   * receiving the peer's close_notify. Default 5,000. Set a higher limit if you write much data over a slow network
   * right before `close`.
   */
  readonly closeTimeout?: number;
  /**
   * Keeps our side open after the application has read the peer's end, until `close` or `closeWrite`. Default false:
   * once everything written is sent, we answer close_notify with ours (RFC 5246 §7.2.1).
   */
  readonly allowHalfOpen?: boolean;
  /** The largest fragment that we send, in bytes, 64 to 16,384. Default 16,384. */
  readonly maxFragment?: number;
  /**
   * The largest plaintext of a record that we accept, in bytes, 64 to 16,384 (record_size_limit, RFC 8449), for a
   * device with little memory: a peer that knows the extension sends no larger records. Default: a client does not send
   * the extension, and a server answers it with 16,384.
   */
  readonly recordSizeLimit?: number;
  /**
   * The answer to a peer that asks to renegotiate an open connection. We never renegotiate. `"decline"`: for each of
   * the first three requests, the peer gets a warning and the connection goes on (RFC 5246 §7.2.2); the fourth ends it.
   * `"abort"`: the first request ends the connection with no_renegotiation. Default `"decline"`.
   */
  readonly renegotiation?: "decline" | "abort";
  /**
   * Refuses a peer without extended_master_secret (RFC 7627), with `no_extended_master_secret`. Default false: without
   * the extension, we offer nothing that needs it, such as resumption and exported keys (docs/adr/0004).
   */
  readonly requireExtendedMasterSecret?: boolean;
  /** For tests: the clock, in milliseconds since 1970. */
  readonly now?: () => number;
  /** For tests: the source of random bytes. */
  readonly random?: Random;
}

/** The connection's options that are not part of the handshake's configuration. */
export interface ConnectionOptions {
  readonly traceListener: TraceListener | undefined;
  readonly signal: AbortSignal | undefined;
  readonly handshakeTimeout: number;
  readonly closeTimeout: number;
  readonly allowHalfOpen: boolean;
}

const systemRandom: Random = (length) => crypto.getRandomValues(new Uint8Array(length));

export function commonConfig(options: CommonOptions): CommonConfig {
  // Checked here, so that a server fails at its configuration and not at its first connection.
  traceOf(options);
  const { provider = noble, maxFragment = maxPlaintext, recordSizeLimit, renegotiation, now = Date.now } = options;
  const suites = suitesOf(provider, options.suites);
  return {
    provider,
    random: options.random ?? provider.random ?? systemRandom,
    now: () => timeOf(now),
    suites,
    groups: groupsOf(provider, suites, options.groups),
    schemes: supported(
      provider,
      "signature scheme",
      options.signatureSchemes,
      defaultSchemes,
      // A caller may pass a group by mistake. It has a name but no algorithm, so a provider cannot look it up.
      ({ algorithm }) => algorithm && provider.canVerify(algorithm),
    ),
    alpn: alpnOf(options.alpn ?? []),
    maxFragment,
    recordSizeLimit,
    maxRefusals: renegotiation === "abort" ? 0 : maxRefusals,
    requireExtendedMasterSecret: options.requireExtendedMasterSecret ?? false,
    certificateCache: options.certificateCache,
    keyLog: options.keyLog,
    traceSecrets: showsSecrets(options),
  };
}

/** True if the option `trace` asks for secrets. */
export const showsSecrets = ({ trace }: CommonOptions): boolean => typeof trace === "object" && trace.secrets === true;

function traceOf({ trace }: CommonOptions): Partial<TraceOptions> {
  if (typeof trace === "function") return { listener: trace };
  return trace === undefined ? {} : optionsOf(trace, ["function! listener", "boolean secrets"], "trace.");
}

/** Expects checked options. */
export const connectionOptions = (options: CommonOptions): ConnectionOptions => ({
  traceListener: traceOf(options).listener,
  signal: options.signal,
  handshakeTimeout: options.handshakeTimeout ?? handshakeTimeout,
  closeTimeout: options.closeTimeout ?? closeTimeout,
  allowHalfOpen: options.allowHalfOpen ?? false,
});

/** Returns the requested rows, and throws if the provider lacks one. By default, returns the default rows it has. */
function supported<T extends { readonly name: string }>(
  provider: CryptoProvider,
  what: string,
  requested: readonly T[] | undefined,
  defaults: readonly T[],
  has: (row: T) => boolean,
): readonly T[] {
  for (const row of requested ?? [])
    if (!has(row)) throw errorWithRemedy(`the provider "${provider.name}" lacks ${what} ${row.name}`);
  if (requested?.length === 0) throw errorWithRemedy(`an empty list of ${what}s`);
  return requested ?? defaults.filter(has);
}

function suitesOf(provider: CryptoProvider, requested: readonly CipherSuite[] | undefined): readonly SuiteRow[] {
  const suites = supported(
    provider,
    "suite",
    requested as readonly SuiteRow[] | undefined,
    modernSuites as readonly SuiteRow[],
    (suite) => provider.ciphers[suite.cipher] !== undefined,
  );
  if (requested || provider.prefers === "AES_GCM") return suites;
  const isChaCha = (suite: SuiteRow) => suite.cipher === "CHACHA20_POLY1305";
  return [...suites.filter(isChaCha), ...suites.filter((suite) => !isChaCha(suite))];
}

/**
 * Default: the groups of the suites' key exchanges, and the curves in any case, because the curves also say which ECDSA
 * keys we can verify (RFC 8422 §5.1.1).
 */
function groupsOf(
  provider: CryptoProvider,
  suites: readonly SuiteRow[],
  requested: readonly NamedGroup[] | undefined,
): readonly NamedGroup[] {
  const all = new Set([...defaultGroups, ...suites.flatMap(({ keyExchange }) => keyExchange.groups)]);
  const groups = supported(
    provider,
    "group",
    requested,
    [...all],
    (group) => group.kind === "field" || provider.groups[group.name] !== undefined,
  );
  const stranded = suites.find(
    ({ keyExchange }) => keyExchange.groups.length && !keyExchange.groups.some((group) => groups.includes(group)),
  );
  if (stranded)
    throw errorWithRemedy(`${stranded.name} has none of its groups, such as ${stranded.keyExchange.groups[0]?.name}`);
  return groups;
}

function alpnOf(protocols: readonly string[]): readonly string[] {
  for (const protocol of protocols) {
    let length = 0;
    try {
      length = ascii(protocol).length;
    } catch {
      // Not ASCII. The check below reports it.
    }
    if (length < 1 || length > 255 || protocols.length > 255) throw wrongOption("alpn", protocols, "ASCII");
  }
  return protocols;
}
