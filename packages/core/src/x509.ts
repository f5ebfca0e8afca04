/**
 * Certification path validation by itself, without a connection: RFC 5280 §6, RFC 9525.
 * @module
 */
import { runFlow } from "./flow.ts";
import { type VerifiedPeer, type VerifyRequest, verifyPeer } from "./x509/verify.ts";

export { type CertificateCache, certificateCache } from "./x509/cache.ts";
export { type Certificate, parseCertificate } from "./x509/certificate.ts";
export type { CertificateError, CertificateFault } from "./x509/errors.ts";
export { type TrustOptions, type TrustPolicy, trustPolicy } from "./x509/verify.ts";
export type { VerifiedPeer, VerifyRequest };

/**
 * Verifies a peer's certificates as a handshake does: the path, and the name where one is asked for.
 * @throws CertificateError, whose `code` is what is wrong
 * @example
 * const { path } = await verifyCertificatePath({
 *   chain, policy: trustPolicy({ ca: pem }), purpose: "server", reference: "device.example", now: Date.now(), provider: noble,
 * });
 */
export async function verifyCertificatePath(request: VerifyRequest): Promise<VerifiedPeer> {
  return runFlow(verifyPeer(request));
}
