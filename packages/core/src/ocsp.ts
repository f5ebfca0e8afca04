/**
 * OCSP: the status of a server's certificate, as the server shows it. Loaded only by who asks for it.
 * @module
 */
import { runFlow } from "./flow.ts";
import { type OcspRequest, verifyOcspResponse } from "./x509/ocsp.ts";
import type { SingleResponse } from "./x509/ocspResponse.ts";

export { type OcspPolicy, ocsp } from "./x509/ocsp.ts";
export { type OcspFault, type OcspResponse, parseOcspResponse } from "./x509/ocspResponse.ts";
export type { OcspRequest, SingleResponse };

/**
 * Verifies a response without a connection, as `ocsp.check` does with what a server shows: one that was fetched, or that came with `ocsp.request`.
 * @throws TlsError, whose code is an {@link OcspFault}
 * @example
 * const [certificate, issuer] = channel.session.peer.path;
 * const { nextUpdate } = await verifyOcsp({ response, certificate, issuer, now: Date.now(), provider: noble });
 */
export async function verifyOcsp(request: OcspRequest): Promise<SingleResponse> {
  return runFlow(verifyOcspResponse(request));
}
