/**
 * A server's choices: pure functions of its configuration and the ClientHello.
 * @module
 */
import { type NamedGroup, secp256r1 } from "../crypto/groups.ts";
import { defaultSchemes, type SignatureScheme, schemesOf } from "../crypto/signatures.ts";
import type { CipherSuite } from "../crypto/suites.ts";
import { TlsError } from "../errors.ts";
import { type ClientHello, tls12 } from "../wire/messages.ts";
import { matchesReference } from "../x509/name.ts";
import type { ServerConfig, ServerCredential } from "./config.ts";
import type { ClientOffer } from "./extensions/extension.ts";

export interface Choice {
  readonly suite: CipherSuite;
  readonly credential: ServerCredential;
  /** Absent with RSA key exchange. */
  readonly ecdhe: { readonly group: NamedGroup; readonly scheme: SignatureScheme } | undefined;
}

/** The first of our suites that the client offers and one of our certificates can serve. */
export function choose(config: ServerConfig, hello: ClientHello, offer: ClientOffer): Choice {
  if (hello.clientVersion < tls12)
    throw new TlsError(
      "protocol_version",
      `the client speaks at most version 0x${hello.clientVersion.toString(16).padStart(4, "0")}, we speak TLS 1.2 only`,
    );
  if (!hello.compressionMethods.includes(0))
    throw new TlsError("illegal_parameter", "the client does not offer the null compression method", {
      code: "invalid_compression_list",
    });
  const credentials = byName(config, offer.serverName);
  const group = offer.groups
    ? config.groups.find((row) => offer.groups?.includes(row))
    : config.groups.find((row) => row === secp256r1);
  for (const suite of config.suites) {
    if (!hello.cipherSuites.includes(suite.id)) continue;
    for (const credential of credentials) {
      if (suite.keyExchange === "rsa") {
        if (canDecrypt(credential)) return { suite, credential, ecdhe: undefined };
        continue;
      }
      const scheme = group && signingScheme(suite, credential, offer);
      if (scheme) return { suite, credential, ecdhe: { group, scheme } };
    }
  }
  throw new TlsError("handshake_failure", "no cipher suite in common", {
    code: "no_shared_cipher",
    advice:
      "compare the suites, groups and signature schemes of both sides, and the key types of the server's certificates",
  });
}

/** True where one of the suites can be served with this credential, to a client that offers everything. */
export const canServe = (suites: readonly CipherSuite[], one: ServerCredential): boolean =>
  suites.some((suite) =>
    suite.keyExchange === "rsa"
      ? canDecrypt(one)
      : signingScheme(suite, one, { groups: undefined, schemes: defaultSchemes }) !== undefined,
  );

/** Exact names first, then wildcards, then the rest in the order configured. */
function byName(config: ServerConfig, serverName: string | undefined): readonly ServerCredential[] {
  if (serverName === undefined) return config.credentials;
  const match = (kind: "exact" | "wildcard") =>
    config.credentials.filter(({ certificate }) => matchesReference(certificate, serverName) === kind);
  const named = [...match("exact"), ...match("wildcard")];
  if (named.length) return named;
  if (config.strictSni) throw new TlsError("unrecognized_name", `no certificate for ${serverName}`);
  return config.credentials;
}

const may = ({ certificate: { keyUsage } }: ServerCredential, usage: "digitalSignature" | "keyEncipherment"): boolean =>
  !keyUsage || keyUsage.has(usage);

const canDecrypt = (one: ServerCredential): boolean =>
  one.credential.rsaDecryptRaw !== undefined && may(one, "keyEncipherment");

/** A scheme for ServerKeyExchange that the client can verify with this certificate's key. */
function signingScheme(
  suite: CipherSuite,
  one: ServerCredential,
  offer: Pick<ClientOffer, "groups" | "schemes">,
): SignatureScheme | undefined {
  const { publicKey, pssHash } = one.certificate;
  if ((publicKey.type === "rsa") !== (suite.authentication === "rsa") || !may(one, "digitalSignature"))
    return undefined;
  if (publicKey.type === "ec" && offer.groups && !offer.groups.some((group) => group.name === publicKey.curve))
    return undefined;
  const verifiable = schemesOf(publicKey, offer.schemes, pssHash);
  return one.credential.schemes.find((scheme) => verifiable.some((row) => row.id === scheme.id));
}
