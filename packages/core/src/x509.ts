/**
 * Certification path validation without a connection: RFC 5280 §6, RFC 9525.
 * @module
 */
import { runFlow } from "./flow.ts";
import { type VerifiedPeer, type VerifyRequest, verifyPeer } from "./x509/verify.ts";

export { type CertificateCache, certificateCache } from "./x509/cache.ts";
export { type Certificate, parseCertificate } from "./x509/certificate.ts";
export type { CertificateError, CertificateFault } from "./x509/errors.ts";
export { type TrustOptions, trustPolicy } from "./x509/trust.ts";
export type { TrustPolicy } from "./x509/verify.ts";
export type { VerifiedPeer, VerifyRequest };

/**
 * Verifies a peer's certificates as a handshake does: their path and, if `reference` is given, the name.
 * @throws CertificateError with the fault as `code`
 * @example
 * async function verifyDevice(chain: readonly Uint8Array[], ca: string) {
 *   const policy = trustPolicy({ ca });
 *   const request = { chain, policy, purpose: "server", reference: "device.example", provider: noble } as const;
 *   return verifyCertificatePath({ ...request, now: Date.now() });
 * }
 */
export async function verifyCertificatePath(request: VerifyRequest): Promise<VerifiedPeer> {
  return runFlow(verifyPeer(request));
}
