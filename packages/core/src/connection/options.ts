/**
 * What the user says, checked and completed into what a handshake is told. Everything wrong is found here, before any
 * byte is sent.
 * @module
 */
import { ascii } from "../bytes/bytes.ts";
import { defaultGroups, type NamedGroup } from "../crypto/groups.ts";
import { noble } from "../crypto/lazyNoble.ts";
import type { CryptoProvider, Random } from "../crypto/provider.ts";
import { defaultSchemes, type SignatureScheme } from "../crypto/signatures.ts";
import type { CommonConfig } from "../handshake/config.ts";
import { type CipherSuite, modernSuites, type SuiteRow } from "../handshake/suites.ts";
import { closeTimeout, handshakeTimeout, maxPlaintext, maxRenegotiations } from "../limits.ts";
import type { TraceListener, TraceOptions } from "../trace.ts";
import { briefError, optionsOf, wrongOption } from "../validation/options.ts";
import type { CertificateCache } from "../x509/cache.ts";

/** What `connect` and `accept` both take. */
export interface CommonOptions {
  /**
   * The cryptography to use. Default: the package's own (noble in core, node:crypto in @handclasp/node, WebCrypto in
   * @handclasp/browser).
   */
  readonly provider?: CryptoProvider;
  /**
   * In order of preference. Default: `modernSuites`; `legacySuites` for devices that speak nothing better; `dheSuites`
   * and `ccmSuites` where a peer has no other.
   */
  readonly suites?: readonly CipherSuite[];
  /**
   * In order of preference. Default: x25519, secp256r1, secp384r1, secp521r1; for DHE suites ffdhe2048, ffdhe3072,
   * ffdhe4096; a client takes RFC 3526's groups of 2048 bits and more beside them, whatever stands here.
   */
  readonly groups?: readonly NamedGroup[];
  /** What signatures of the peer we accept, in order of preference. */
  readonly signatureSchemes?: readonly SignatureScheme[];
  /** Application protocols, RFC 7301, in order of preference. */
  readonly alpn?: readonly string[];
  /** Watch the connection; secrets only with `{ listener, secrets: true }`. */
  readonly trace?: TraceListener | TraceOptions;
  /**
   * Remembers what certificates say and who signed them, for many connections. Default: @handclasp/node has one for the
   * process; core and pages have none.
   */
  readonly certificateCache?: CertificateCache;
  /** Gets lines of the NSS key log. Whoever sees them can read everything. */
  readonly keyLog?: (line: string) => void;
  /** Ends the connection when it aborts. */
  readonly signal?: AbortSignal;
  /** Milliseconds. Default 10,000. */
  readonly handshakeTimeout?: number;
  /**
   * How long `close` may take, in milliseconds: what was written before it, our close_notify, and the peer's. Default
   * 5,000; give more where much is written over a slow network right before the close.
   */
  readonly closeTimeout?: number;
  /**
   * Our side stays open when the peer's end is read, until `close` or `closeWrite`.
   * Default false: close_notify is answered once all that was written is out (RFC 5246 §7.2.1).
   */
  readonly allowHalfOpen?: boolean;
  /** Bytes of a fragment that we send, 64 to 16,384. Default 16,384. */
  readonly maxFragment?: number;
  /**
   * Bytes of a record's plaintext that we take, 64 to 16,384 (record_size_limit, RFC 8449), for a host with little
   * memory: a peer that knows the extension sends no longer ones. Default: a client does not ask, a server answers
   * 16,384 to one that does.
   */
  readonly recordSizeLimit?: number;
  /**
   * What becomes of a peer that wants a new handshake on an open connection, which we never do. `"decline"`: it gets a
   * warning and the connection goes on, three times (RFC 5246 §7.2.2). `"abort"`: the first time ends it, with
   * no_renegotiation. Default `"decline"`.
   */
  readonly renegotiation?: "decline" | "abort";
  /**
   * Refuse a peer without extended_master_secret (RFC 7627), with `no_extended_master_secret`. Default false: without
   * it a session is neither kept nor exported from, and then nothing is lost (docs/adr/0004).
   */
  readonly requireExtendedMasterSecret?: boolean;
  /** For tests: the clock in milliseconds, and the source of random bytes. */
  readonly now?: () => number;
  readonly random?: Random;
}

/** What the streams need to know beside the handshake's configuration. */
export interface ConnectionOptions {
  readonly traceListener: TraceListener | undefined;
  readonly signal: AbortSignal | undefined;
  readonly handshakeTimeout: number;
  readonly closeTimeout: number;
  readonly allowHalfOpen: boolean;
}

const systemRandom: Random = (length) => crypto.getRandomValues(new Uint8Array(length));

export function commonConfig(options: CommonOptions): CommonConfig {
  // So that a server does not find out at its first connection.
  traceOf(options);
  const { provider = noble, maxFragment = maxPlaintext, recordSizeLimit, renegotiation } = options;
  const suites = suitesOf(provider, options.suites);
  return {
    provider,
    random: options.random ?? provider.random ?? systemRandom,
    now: options.now ?? Date.now,
    suites,
    groups: groupsOf(provider, suites, options.groups),
    schemes: supported(
      provider,
      "signature scheme",
      options.signatureSchemes,
      defaultSchemes,
      // A group has a name too, and no provider looks for what is not there.
      ({ algorithm }) => algorithm && provider.canVerify(algorithm),
    ),
    alpn: alpnOf(options.alpn ?? []),
    maxFragment,
    recordSizeLimit,
    maxRenegotiations: renegotiation === "abort" ? 0 : maxRenegotiations,
    requireExtendedMasterSecret: options.requireExtendedMasterSecret ?? false,
    certificateCache: options.certificateCache,
    keyLog: options.keyLog,
    traceSecrets: showsSecrets(options),
  };
}

/** Only if the caller that gives the listener asks for them. */
export const showsSecrets = ({ trace }: CommonOptions): boolean => typeof trace === "object" && trace.secrets === true;

function traceOf({ trace }: CommonOptions): Partial<TraceOptions> {
  if (typeof trace === "function") return { listener: trace };
  return trace === undefined ? {} : optionsOf(trace, ["function! listener", "boolean secrets"], "trace.");
}

/** Of options that are checked. */
export const connectionOptions = (options: CommonOptions): ConnectionOptions => ({
  traceListener: traceOf(options).listener,
  signal: options.signal,
  handshakeTimeout: options.handshakeTimeout ?? handshakeTimeout,
  closeTimeout: options.closeTimeout ?? closeTimeout,
  allowHalfOpen: options.allowHalfOpen ?? false,
});

/** Asked for by name, a row must be there; of the defaults, those that are. */
function supported<T extends { readonly name: string }>(
  provider: CryptoProvider,
  what: string,
  asked: readonly T[] | undefined,
  defaults: readonly T[],
  has: (row: T) => boolean,
): readonly T[] {
  for (const row of asked ?? [])
    if (!has(row)) throw briefError(`the provider "${provider.name}" lacks ${what} ${row.name}`);
  if (asked?.length === 0) throw briefError(`an empty list of ${what}s`);
  return asked ?? defaults.filter(has);
}

function suitesOf(provider: CryptoProvider, asked: readonly CipherSuite[] | undefined): readonly SuiteRow[] {
  const suites = supported(
    provider,
    "suite",
    asked as readonly SuiteRow[] | undefined,
    modernSuites as readonly SuiteRow[],
    (suite) => provider.ciphers[suite.cipher] !== undefined,
  );
  if (asked || provider.prefers === "AES_GCM") return suites;
  const isChaCha = (suite: SuiteRow) => suite.cipher === "CHACHA20_POLY1305";
  return [...suites.filter(isChaCha), ...suites.filter((suite) => !isChaCha(suite))];
}

/**
 * Default: all that the suites' key exchanges can run on, and the curves in any case: they also say whose ECDSA we can
 * verify (RFC 8422 §5.1.1).
 */
function groupsOf(
  provider: CryptoProvider,
  suites: readonly SuiteRow[],
  asked: readonly NamedGroup[] | undefined,
): readonly NamedGroup[] {
  const all = new Set([...defaultGroups, ...suites.flatMap(({ keyExchange }) => keyExchange.groups)]);
  const groups = supported(
    provider,
    "group",
    asked,
    [...all],
    (group) => group.kind === "field" || provider.groups[group.name] !== undefined,
  );
  const stranded = suites.find(
    ({ keyExchange }) => keyExchange.groups.length && !keyExchange.groups.some((group) => groups.includes(group)),
  );
  if (stranded)
    throw briefError(
      `${stranded.name} has none of the groups that it can run on, such as ${stranded.keyExchange.groups[0]?.name}`,
    );
  return groups;
}

function alpnOf(protocols: readonly string[]): readonly string[] {
  for (const protocol of protocols) {
    let length = 0;
    try {
      length = ascii(protocol).length;
    } catch {
      // Not ASCII: the check below says so.
    }
    if (length < 1 || length > 255 || protocols.length > 255) throw wrongOption("alpn", protocols, "ASCII");
  }
  return protocols;
}
