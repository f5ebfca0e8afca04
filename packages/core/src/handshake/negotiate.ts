/**
 * The server's choices: pure functions of its configuration and the ClientHello.
 * @module
 */
import { hex16 } from "../bytes/bytes.ts";
import { type NamedGroup, secp256r1 } from "../crypto/groups.ts";
import { defaultSchemes, type SignatureScheme, schemesForKey } from "../crypto/signatures.ts";
import { TlsError } from "../errors.ts";
import { type ClientHello, tls12 } from "../wire/messages.ts";
import { matchesReference } from "../x509/name.ts";
import type { Offer, OfferedGroups } from "./agreement.ts";
import type { ServerConfig, ServerCredential } from "./config.ts";
import { fallbackScsv } from "./fallbackScsv.ts";
import type { SuiteRow } from "./suites.ts";

export interface Choice {
  readonly suite: SuiteRow;
  /** Absent if a pre-shared key authenticates the server. */
  readonly credential?: ServerCredential;
  /** The group of the key exchange. Absent if the exchange uses none. */
  readonly group?: NamedGroup;
  /** The scheme that signs ServerKeyExchange. Absent if it is not signed. */
  readonly scheme?: SignatureScheme;
}

/** Checks the parts of a ClientHello that every handshake needs, a resumed one too. */
export function checkHello(hello: ClientHello, { versions }: Offer): void {
  if (versions ? !versions.includes(tls12) : hello.clientVersion < tls12)
    throw new TlsError(
      // RFC 7507 §3: the client supports a higher version, so an attacker may have broken its first attempt.
      hello.cipherSuites.includes(fallbackScsv) && hello.clientVersion < tls12
        ? "inappropriate_fallback"
        : "protocol_version",
      versions
        ? `the client speaks versions ${versions.map(hex16).join(", ")}, we speak TLS 1.2 only`
        : `the client speaks at most version ${hex16(hello.clientVersion)}, we speak TLS 1.2 only`,
      { advice: "enable TLS 1.2 on the client" },
    );
  if (!hello.compressionMethods.includes(0))
    throw new TlsError("illegal_parameter", "the client does not offer the null compression method", {
      code: "invalid_compression_list",
    });
}

/** Enforces `requireAlpn`, in a resumed handshake too. */
export function checkAlpn(config: ServerConfig, offer: Offer): void {
  if (!config.requireAlpn || offer.alpn) return;
  const advice = `have the client offer one of ${config.alpn.join(", ")}`;
  throw new TlsError("no_application_protocol", "the client offers no ALPN protocol, and requireAlpn wants one", {
    advice,
  });
}

/**
 * Chooses the first shared suite for which we have a group and a certificate that the client can use, as far as the
 * suite needs them.
 */
export function choose(config: ServerConfig, hello: ClientHello, offer: Offer): Choice {
  let credentials: readonly ServerCredential[] | undefined;
  let lacksFiniteField = false;
  for (const suite of sharedSuites(config, hello)) {
    const group = groupFor(suite, config, offer);
    if (!group && suite.keyExchange.groups.length) {
      lacksFiniteField ||= suite.keyExchange.groups.some(({ kind }) => kind === "field");
      continue;
    }
    if (!suite.keyExchange.usesCertificate) return { suite, ...(group && { group }) };
    credentials ??= credentialsFor(config, offer.serverName);
    for (const credential of credentials) {
      const fit = matchSuite(suite, credential, offer);
      if (fit) return { suite, credential, ...(group && { group }), ...fit };
    }
  }
  // RFC 7919 §4 has its own alert for a client whose finite-field groups we do not accept.
  throw new TlsError(lacksFiniteField ? "insufficient_security" : "handshake_failure", "no cipher suite in common", {
    code: "no_shared_cipher",
    advice:
      "compare the suites, groups and signature schemes of both sides, and the key types of the server's certificates",
  });
}

/**
 * The shared suites in our order. Equally preferred suites are in the client's order, at the place of the first of
 * them.
 */
function sharedSuites({ suites, equalSuites }: ServerConfig, { cipherSuites }: ClientHello): ReadonlySet<SuiteRow> {
  const ordered = new Set<SuiteRow>();
  for (const suite of suites) {
    const equals = equalSuites.find((group) => group.includes(suite)) ?? [suite];
    const rank = ({ id }: SuiteRow): number => cipherSuites.indexOf(id);
    for (const shared of equals.filter((row) => rank(row) >= 0).sort((a, b) => rank(a) - rank(b))) ordered.add(shared);
  }
  return ordered;
}

/** Whether this credential can serve one of the suites, for a client that supports every group and scheme. */
export const canServe = (suites: readonly SuiteRow[], candidate: ServerCredential): boolean =>
  suites.some((suite) => matchSuite(suite, candidate, { schemes: defaultSchemes }));

/**
 * The credentials for a name: exact matches before wildcards. Without a name or a match, all credentials in the
 * configured order. Throws for a name without a match if `strictSni` (by default `hasSeveralNames`) is true.
 */
export function credentialsFor(config: ServerConfig, serverName: string | undefined): readonly ServerCredential[] {
  if (serverName === undefined) return config.credentials;
  const match = (kind: "exact" | "wildcard") =>
    config.credentials.filter(({ certificate }) => matchesReference(certificate, serverName) === kind);
  const named = [...match("exact"), ...match("wildcard")];
  if (named.length) return named;
  if (config.strictSni ?? config.hasSeveralNames)
    throw new TlsError("unrecognized_name", `no certificate for ${serverName}`, {
      advice: "add a credential for it, or set strictSni: false to use the first",
    });
  return config.credentials;
}

/** Whether one of our certificates is valid for the name that the client asks for. */
export const hasCertificateFor = ({ credentials }: ServerConfig, serverName: string | undefined): boolean =>
  serverName !== undefined && credentials.some(({ certificate }) => matchesReference(certificate, serverName));

/**
 * The first of our groups that fits the key exchange and that the client supports. A client that does not send
 * supported_groups is assumed to support secp256r1 (RFC 8422 §4). A client that names no finite-field group accepts
 * any of them (RFC 7919 §4).
 */
function groupFor({ keyExchange }: SuiteRow, { groups }: ServerConfig, offer: Offer): NamedGroup | undefined {
  const { supported, limitsFiniteFields } = offer.groups ?? assumedGroups;
  return groups.find(
    (row) =>
      keyExchange.groups.includes(row) && (supported.includes(row) || (row.kind === "field" && !limitsFiniteFields)),
  );
}

const assumedGroups: OfferedGroups = { supported: [secp256r1], limitsFiniteFields: false };

/**
 * The signature scheme, if any, with which this credential serves this suite. `undefined` if it cannot serve the suite.
 */
function matchSuite(
  suite: SuiteRow,
  candidate: ServerCredential,
  offer: Pick<Offer, "groups" | "schemes">,
): { readonly scheme?: SignatureScheme } | undefined {
  if (suite.keyExchange.keyUsage === "keyEncipherment") return canDecrypt(candidate) ? {} : undefined;
  const scheme = signingScheme(suite, candidate, offer);
  return scheme && { scheme };
}

const allowsUsage = (
  { certificate: { keyUsage } }: ServerCredential,
  usage: "digitalSignature" | "keyEncipherment",
): boolean => !keyUsage || keyUsage.has(usage);

const canDecrypt = (candidate: ServerCredential): boolean =>
  candidate.credential.rsaDecryptRaw !== undefined && allowsUsage(candidate, "keyEncipherment");

/** The scheme with which this credential signs for this suite and client. `undefined` if there is none. */
function signingScheme(
  suite: SuiteRow,
  candidate: ServerCredential,
  offer: Pick<Offer, "groups" | "schemes">,
): SignatureScheme | undefined {
  const { publicKey, pssHash } = candidate.certificate;
  if ((publicKey.type === "rsa") !== (suite.authentication === "rsa") || !allowsUsage(candidate, "digitalSignature"))
    return undefined;
  if (
    publicKey.type === "ec" &&
    offer.groups &&
    !offer.groups.supported.some((group) => group.name === publicKey.curve)
  )
    return undefined;
  const verifiable = schemesForKey(publicKey, offer.schemes ?? [], pssHash);
  return candidate.credential.schemes.find((scheme) => verifiable.some((row) => row.id === scheme.id));
}
