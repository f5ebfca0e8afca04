/**
 * A server's choices: pure functions of its configuration and the ClientHello.
 * @module
 */
import { type NamedGroup, secp256r1 } from "../crypto/groups.ts";
import { defaultSchemes, type SignatureScheme, schemesForKey } from "../crypto/signatures.ts";
import { TlsError } from "../errors.ts";
import { type ClientHello, tls12 } from "../wire/messages.ts";
import { matchesReference } from "../x509/name.ts";
import type { ServerConfig, ServerCredential } from "./config.ts";
import { fallbackScsv } from "./fallbackScsv.ts";
import type { Offer, OfferedGroups } from "./session.ts";
import type { SuiteRow } from "./suites.ts";

export interface Choice {
  readonly suite: SuiteRow;
  /** Absent where a pre-shared key authenticates. */
  readonly credential?: ServerCredential;
  /** What the key exchange runs on; absent where it takes none. */
  readonly group?: NamedGroup;
  /** What signs ServerKeyExchange; absent where none is signed. */
  readonly scheme?: SignatureScheme;
}

/** What every handshake takes, a resumed one too. */
export function checkHello(hello: ClientHello, { versions }: Offer): void {
  if (versions ? !versions.includes(tls12) : hello.clientVersion < tls12)
    throw new TlsError(
      // RFC 7507 §3: it could do better, so somebody may have broken its first try.
      hello.cipherSuites.includes(fallbackScsv) && hello.clientVersion < tls12
        ? "inappropriate_fallback"
        : "protocol_version",
      `the client speaks ${versions ? `versions ${versions.map(hex).join(", ")}` : `at most version ${hex(hello.clientVersion)}`}, we speak TLS 1.2 only`,
      { advice: "enable TLS 1.2 on the client" },
    );
  if (!hello.compressionMethods.includes(0))
    throw new TlsError("illegal_parameter", "the client does not offer the null compression method", {
      code: "invalid_compression_list",
    });
}

/** `requireAlpn`; a resumed handshake is held to it too. */
export function checkAlpn(config: ServerConfig, offer: Offer): void {
  if (!config.requireAlpn || offer.alpn) return;
  const advice = `have the client offer one of ${config.alpn.join(", ")}`;
  throw new TlsError("no_application_protocol", "the client offers no ALPN protocol, and requireAlpn wants one", {
    advice,
  });
}

const hex = (version: number): string => `0x${version.toString(16).padStart(4, "0")}`;

/** The first of our suites that the client offers and one of our certificates can serve. */
export function choose(config: ServerConfig, hello: ClientHello, offer: Offer): Choice {
  let credentials: readonly ServerCredential[] | undefined;
  let weakGroups = false;
  for (const suite of inOrder(config, hello)) {
    const group = groupFor(suite, config, offer);
    if (!group && suite.keyExchange.groups.length) {
      weakGroups ||= suite.keyExchange.groups.some(({ kind }) => kind === "field");
      continue;
    }
    if (!suite.keyExchange.certified) return { suite, ...(group && { group }) };
    credentials ??= credentialsFor(config, offer.serverName);
    for (const credential of credentials) {
      const use = usable(suite, credential, offer);
      if (use) return { suite, credential, ...(group && { group }), ...use };
    }
  }
  // RFC 7919 §4 has an alert of its own for finite fields that are not ours.
  throw new TlsError(weakGroups ? "insufficient_security" : "handshake_failure", "no cipher suite in common", {
    code: "no_shared_cipher",
    advice:
      "compare the suites, groups and signature schemes of both sides, and the key types of the server's certificates",
  });
}

/** What the client offers, in our order; where the first of several equals stands, all of them, in the client's. */
function inOrder({ suites, equalSuites }: ServerConfig, { cipherSuites }: ClientHello): ReadonlySet<SuiteRow> {
  const ordered = new Set<SuiteRow>();
  for (const suite of suites) {
    const equals = equalSuites.find((group) => group.includes(suite)) ?? [suite];
    const rank = ({ id }: SuiteRow): number => cipherSuites.indexOf(id);
    for (const one of equals.filter((equal) => rank(equal) >= 0).sort((a, b) => rank(a) - rank(b))) ordered.add(one);
  }
  return ordered;
}

/** True where one of the suites can be served with this credential, to a client that offers everything. */
export const canServe = (suites: readonly SuiteRow[], one: ServerCredential): boolean =>
  suites.some((suite) => usable(suite, one, { schemes: defaultSchemes }));

/** Exact names first, then wildcards, then the rest in the order configured. */
export function credentialsFor(config: ServerConfig, serverName: string | undefined): readonly ServerCredential[] {
  if (serverName === undefined) return config.credentials;
  const match = (kind: "exact" | "wildcard") =>
    config.credentials.filter(({ certificate }) => matchesReference(certificate, serverName) === kind);
  const named = [...match("exact"), ...match("wildcard")];
  if (named.length) return named;
  if (config.strictSni ?? config.namesDiffer)
    throw new TlsError("unrecognized_name", `no certificate for ${serverName}`, {
      advice: "add a credential for it; with strictSni: false the first one answers",
    });
  return config.credentials;
}

/** Whether a certificate of ours is for the name that the client asks for. */
export const isOurs = ({ credentials }: ServerConfig, serverName: string | undefined): boolean =>
  serverName !== undefined && credentials.some(({ certificate }) => matchesReference(certificate, serverName));

/**
 * The first of our groups that suits the exchange and that the client can. A client that says nothing of groups can secp256r1 (RFC 8422 §4); one
 * that says nothing of finite fields takes any of them (RFC 7919 §4).
 */
function groupFor({ keyExchange }: SuiteRow, { groups }: ServerConfig, offer: Offer): NamedGroup | undefined {
  const { known, limitsFiniteFields } = offer.groups ?? noGroups;
  return groups.find(
    (row) => keyExchange.groups.includes(row) && (known.includes(row) || (row.kind === "field" && !limitsFiniteFields)),
  );
}

const noGroups: OfferedGroups = { known: [secp256r1], limitsFiniteFields: false };

/** What this credential does in this suite's key exchange, for this client; `undefined` where it cannot. */
function usable(
  suite: SuiteRow,
  one: ServerCredential,
  offer: Pick<Offer, "groups" | "schemes">,
): { readonly scheme?: SignatureScheme } | undefined {
  if (suite.keyExchange.keyUsage === "keyEncipherment") return canDecrypt(one) ? {} : undefined;
  const scheme = signingScheme(suite, one, offer);
  return scheme && { scheme };
}

const may = ({ certificate: { keyUsage } }: ServerCredential, usage: "digitalSignature" | "keyEncipherment"): boolean =>
  !keyUsage || keyUsage.has(usage);

const canDecrypt = (one: ServerCredential): boolean =>
  one.credential.rsaDecryptRaw !== undefined && may(one, "keyEncipherment");

/** A scheme for ServerKeyExchange that the client can verify with this certificate's key. */
function signingScheme(
  suite: SuiteRow,
  one: ServerCredential,
  offer: Pick<Offer, "groups" | "schemes">,
): SignatureScheme | undefined {
  const { publicKey, pssHash } = one.certificate;
  if ((publicKey.type === "rsa") !== (suite.authentication === "rsa") || !may(one, "digitalSignature"))
    return undefined;
  if (publicKey.type === "ec" && offer.groups && !offer.groups.known.some((group) => group.name === publicKey.curve))
    return undefined;
  const verifiable = schemesForKey(publicKey, offer.schemes ?? [], pssHash);
  return one.credential.schemes.find((scheme) => verifiable.some((row) => row.id === scheme.id));
}
