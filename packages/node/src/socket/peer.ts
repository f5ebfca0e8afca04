/**
 * The answers of node:tls about a connection, from the session of a channel.
 * @module
 */
import { X509Certificate } from "node:crypto";
import type { CipherNameAndProtocol, DetailedPeerCertificate, PeerCertificate } from "node:tls";
import type { Certificate, Session } from "@handclasp/core";
import { configurationError } from "@handclasp/core/unstable";

/** Whether the peer has proved its identity: by a certificate that was verified, or by a pre-shared key. */
export const isAuthorized = ({ peer, pskIdentity }: Session): boolean =>
  peer ? peer.verifiedBy !== "insecure" : pskIdentity !== undefined;

/** The reason why a certificate of the peer is not verified. `null` if it is, or if the peer sent none. */
export const authorizationErrorOf = ({ peer }: Session): Error | null =>
  peer?.verifiedBy === "insecure"
    ? configurationError("the peer is not verified: the option insecure accepts every certificate")
    : null;

/**
 * The peer's certificate in the form of node:tls. An empty object if the peer sent none.
 * @param isDetailed whether `issuerCertificate` has the issuer, up to the trust anchor
 */
export function peerCertificateOf({ peer }: Session, isDetailed: boolean): PeerCertificate | DetailedPeerCertificate {
  if (!peer) return {} as PeerCertificate;
  return detailedCertificateOf(isDetailed ? peer.path : [peer.certificate], isDetailed);
}

/**
 * A path of certificates in the form of node:tls, in which each has its issuer. An empty object without certificates.
 */
export function detailedCertificateOf(
  path: readonly Certificate[],
  isDetailed: boolean,
): PeerCertificate | DetailedPeerCertificate {
  let issuer: DetailedPeerCertificate | undefined;
  for (const certificate of [...path].reverse()) {
    const detailed = legacyObject(certificate) as DetailedPeerCertificate;
    if (isDetailed) {
      // As in node:tls, a self-signed certificate is its own issuer.
      issuer ??= certificate.issuer.normalised === certificate.subject.normalised ? detailed : undefined;
      if (issuer) detailed.issuerCertificate = issuer;
    }
    issuer = detailed;
  }
  return issuer ?? ({} as PeerCertificate);
}

const legacyObject = ({ raw }: Certificate): PeerCertificate => new X509Certificate(raw).toLegacyObject();

/** The peer's certificate as node:crypto parses it. */
export const peerX509CertificateOf = ({ peer }: Session): X509Certificate | undefined =>
  peer && new X509Certificate(peer.certificate.raw);

/** The suite by its names in OpenSSL and in the IANA registry, and the oldest version of TLS that has it. */
export function cipherOf({ suite }: Pick<Session, "suite">): CipherNameAndProtocol {
  const [, exchange = "", spec = ""] = /^TLS_(.+)_WITH_(.+)$/.exec(suite) ?? [];
  const prefix = exchange === "RSA" ? "" : `${exchange.replace("_", "-")}-`;
  const cipher = spec
    .replace(/^AES_(\d+)_/, "AES$1-")
    // OpenSSL leaves out the mode CBC, except in suites with a pre-shared key.
    .replace("CBC_", exchange.endsWith("PSK") ? "CBC-" : "")
    .replace("CCM_8", "CCM8")
    .replace(/^CHACHA20_POLY1305_SHA256$/, "CHACHA20-POLY1305")
    .replace(/_/g, "-");
  return { name: prefix + cipher, standardName: suite, version: versionOf(exchange, spec) };
}

function versionOf(exchange: string, spec: string): string {
  if (!spec.endsWith("CBC_SHA")) return exchange.endsWith("PSK") && spec.includes("CBC") ? "TLSv1" : "TLSv1.2";
  return exchange.startsWith("ECDHE") ? "TLSv1" : "SSLv3";
}
