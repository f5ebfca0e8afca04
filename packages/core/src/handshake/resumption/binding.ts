/**
 * The binding of a session to a configuration. The peer of a session was verified under one configuration, so the
 * session must not be resumed under another. A hash of that configuration is stored in the session, and a session with
 * another hash is not resumed.
 * @module
 */
import { ascii, fromHex } from "../../bytes/bytes.ts";
import type { Certificate } from "../../x509/certificate.ts";
import type { TrustPolicy } from "../../x509/verify.ts";
import type { ClientConfig, CommonConfig, ServerConfig } from "../config.ts";

const hashes = new WeakMap<Certificate, Uint8Array>();

/** The SHA-256 of a certificate. It is cached, because a server needs that of its own certificate in each handshake. */
export function certificateHash(certificate: Certificate): Uint8Array {
  let hash = hashes.get(certificate);
  if (!hash) {
    hash = fromHex(certificate.fingerprint.replaceAll(":", ""));
    hashes.set(certificate, hash);
  }
  return hash;
}

const hashText = (certificate: Certificate): string => certificateHash(certificate).join();

const sortedSet = (texts: readonly string[]): string[] => [...new Set(texts)].sort();

/**
 * The trust policy without its functions `trust` and `verify`, which cannot be hashed. They are called again before a
 * session is resumed.
 */
const trustContent = ({ anchors, pins, insecure, trust, minimumRsaBits, minimumEcBits }: TrustPolicy): JsonList => [
  insecure ? 1 : trust ? 2 : 0,
  sortedSet(anchors.map(hashText)),
  sortedSet(pins),
  minimumRsaBits ?? 0,
  minimumEcBits ?? 0,
];

type JsonList = readonly (string | number | boolean | JsonList | undefined)[];

const bindings = new WeakMap<CommonConfig, Uint8Array>();

/** The hash of these parts of the configuration as JSON. JSON is unambiguous and fast to write. */
function digest(config: CommonConfig, policy: TrustPolicy | undefined, roleContent: () => JsonList): Uint8Array {
  const { provider, groups, schemes } = config;
  let binding = bindings.get(config);
  if (!binding) {
    const ids = [groups, schemes].map((rows) => rows.map(({ id }) => id));
    const content: JsonList = [policy && trustContent(policy), ...ids, ...roleContent()];
    binding = provider.hashes.sha256.digest(ascii(JSON.stringify(content)));
    bindings.set(config, binding);
  }
  return binding;
}

/**
 * A client's binding: the policies for trust and OCSP, the server name and the scope, the groups and schemes,
 * max_fragment_length, its own certificates, and `matchesIssuers`. ALPN is not part of the binding: see ADR 3.
 */
export const clientBinding = (config: ClientConfig): Uint8Array =>
  digest(config, config.trust, () => [
    "client",
    config.maxFragmentLength,
    config.matchesIssuers,
    config.serverName,
    config.ocsp?.name,
    config.sessionScope,
    // `undefined` if a function selects the certificate. A session is then stored only if the function was not called.
    config.ownCertificates?.map(hashText),
  ]);

/**
 * A server's binding: whether it asks for client certificates, its trust policy for them, and its groups and schemes.
 * The state holds the server name and certificate separately, because they differ between clients.
 */
export const serverBinding = (config: ServerConfig): Uint8Array =>
  digest(config, config.clientTrust, () => ["server", config.clientAuth]);
