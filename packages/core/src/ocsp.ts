/**
 * OCSP: the status of a server's certificate, which the server sends in the handshake (stapling).
 * @module
 */
import { runFlow } from "./flow.ts";
import { type OcspRequest, verifyOcspResponse } from "./x509/ocsp.ts";
import type { SingleResponse } from "./x509/ocspResponse.ts";

export { type OcspPolicy, ocsp } from "./x509/ocsp.ts";
export { type OcspFault, type OcspResponse, parseOcspResponse } from "./x509/ocspResponse.ts";
export type { OcspRequest, SingleResponse };

/**
 * Verifies a response without a connection, as `ocsp.check` verifies a server's response. You may have fetched the
 * response yourself, or received it in a connection with `ocsp.request`.
 * @throws TlsError with an {@link OcspFault} as code, if the status is not good or cannot be verified
 * @example
 * async function nextUpdate(response: Uint8Array, certificate: Certificate, issuer: Certificate) {
 *   const verified = await verifyOcsp({ response, certificate, issuer, now: Date.now(), provider: noble });
 *   return verified.nextUpdate;
 * }
 */
export async function verifyOcsp(request: OcspRequest): Promise<SingleResponse> {
  return runFlow(verifyOcspResponse(request));
}
