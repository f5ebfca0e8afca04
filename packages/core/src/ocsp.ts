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
 * Verifies a response without a connection, in the way in which `ocsp.check` verifies a server's response. The response
 * may have been fetched, or requested with `ocsp.request`.
 * @throws TlsError, whose code is an {@link OcspFault}
 * @example
 * async function nextUpdate(response: Uint8Array, certificate: Certificate, issuer: Certificate) {
 *   const verified = await verifyOcsp({ response, certificate, issuer, now: Date.now(), provider: noble });
 *   return verified.nextUpdate;
 * }
 */
export async function verifyOcsp(request: OcspRequest): Promise<SingleResponse> {
  return runFlow(verifyOcspResponse(request));
}
