/**
 * What a session is bound to. A session says "this peer was verified", and that holds only under the configuration that verified it: all of
 * that goes into one hash, which a session carries, and under another hash it is not resumed.
 * @module
 */
import { ascii, fromHex } from "../../bytes/bytes.ts";
import type { Certificate } from "../../x509/certificate.ts";
import type { TrustPolicy } from "../../x509/verify.ts";
import type { ClientConfig, CommonConfig, ServerConfig } from "../config.ts";

const hashed = new WeakMap<Certificate, Uint8Array>();

/** The SHA-256 of a certificate; of our own it is asked for in each handshake. */
export function certificateHash(certificate: Certificate): Uint8Array {
  let hash = hashed.get(certificate);
  if (!hash) {
    hash = fromHex(certificate.fingerprint.replaceAll(":", ""));
    hashed.set(certificate, hash);
  }
  return hash;
}

const nameOf = (certificate: Certificate): string => certificateHash(certificate).join();

const inOrder = (texts: readonly string[]): string[] => [...new Set(texts)].sort();

/** `trust` and `verify` are functions, and cannot be written down: they are asked again whenever a session is to be resumed. */
const trustOf = ({ anchors, pins, insecure, trust, minimumRsaBits, minimumEcBits }: TrustPolicy): Written => [
  insecure ? 1 : trust ? 2 : 0,
  inOrder(anchors.map(nameOf)),
  inOrder(pins),
  minimumRsaBits ?? 0,
  minimumEcBits ?? 0,
];

type Written = readonly (string | number | boolean | Written | undefined)[];

const made = new WeakMap<CommonConfig, Uint8Array>();

/** In JSON two different configurations never look the same, and an engine writes it faster than anything of ours would. */
function digest(config: CommonConfig, policy: TrustPolicy | undefined, specific: () => Written): Uint8Array {
  const { provider, groups, schemes } = config;
  let binding = made.get(config);
  if (!binding) {
    const ids = [groups, schemes].map((rows) => rows.map(({ id }) => id));
    const content: Written = [policy && trustOf(policy), ...ids, ...specific()];
    binding = provider.hashes.sha256.digest(ascii(JSON.stringify(content)));
    made.set(config, binding);
  }
  return binding;
}

/**
 * Of a client: whom it trusts and how much, the name it wants, what it can verify, and who it says it is. Not ALPN: see
 * ADR 3.
 */
export const clientBinding = (config: ClientConfig): Uint8Array =>
  digest(config, config.trust, () => [
    "client",
    config.maxFragmentLength,
    config.identityFits,
    config.serverName,
    config.ocsp?.name,
    config.sessionScope,
    // Where a function chooses our certificate, a session is kept only where it was not asked.
    config.identity?.map(nameOf),
  ]);

/** Of a server: whether and whom it asks for certificates. Name and certificate are kept beside it, since they differ from client to client. */
export const serverBinding = (config: ServerConfig): Uint8Array =>
  digest(config, config.clientTrust, () => ["server", config.clientAuth]);
