import { configurationError, TlsError } from "../errors.ts";
import { type Awaitable, isPromise } from "../flow.ts";
import { timestampList } from "../handshake/extensions/signedCertificateTimestamp.ts";
import { maxOcspResponse, ocspResponseTimeout } from "../limits.ts";
import { decode } from "../wire/codec.ts";
import type { Certificate } from "../x509/certificate.ts";
import type { Credential, OcspSource } from "../x509/credential.ts";
import { parseOcspResponse } from "../x509/ocspResponse.ts";

/**
 * What a server shows beside its certificate, checked as far as it can be when it is configured; what a function says
 * then never breaks a handshake.
 */
export function stapleOf(
  { ocspResponse, signedCertificateTimestamps }: Credential,
  certificate: Certificate,
): (() => Awaitable<Uint8Array | undefined>) | undefined {
  if (signedCertificateTimestamps) checkTimestamps(signedCertificateTimestamps);
  if (typeof ocspResponse === "function") return () => boundedResponse(ocspResponse);
  if (ocspResponse === undefined) return undefined;
  checkResponse(ocspResponse, certificate);
  return () => ocspResponse;
}

function checkResponse(response: Uint8Array, { serialNumber, subject }: Certificate): void {
  if (response.length > maxOcspResponse)
    throw configurationError(
      `an OCSP response of ${response.length} bytes`,
      `${maxOcspResponse} are the most that a peer takes`,
    );
  // Whether it is signed and in date is the client's to find: we do not have the issuer, and may outlive the response.
  const { responses } = attempt("the OCSP response", () => parseOcspResponse(response));
  if (!responses.some((single) => single.serialNumber === serialNumber))
    throw configurationError(
      `the OCSP response is not about the certificate of ${subject.text || "no subject"}`,
      "give the response for this certificate",
    );
}

function checkTimestamps(list: Uint8Array): void {
  attempt("signedCertificateTimestamps", () => decode(timestampList, list, "signed_certificate_timestamp"));
}

function attempt<T>(what: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!TlsError.is(error)) throw error;
    throw configurationError(`${what} cannot be used: ${error.message}`);
  }
}

/** What comes in time and can be sent. */
function boundedResponse(source: Exclude<OcspSource, Uint8Array>): Awaitable<Uint8Array | undefined> {
  try {
    const response = source();
    return isPromise(response) ? race(response) : sendable(response);
  } catch {
    return undefined;
  }
}

async function race(pending: PromiseLike<Uint8Array | undefined>): Promise<Uint8Array | undefined> {
  let timer: unknown;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), ocspResponseTimeout);
  });
  try {
    return sendable(await Promise.race([pending, late]));
  } catch {
    return undefined;
  } finally {
    clearTimeout(timer);
  }
}

const sendable = (response: Uint8Array | undefined): Uint8Array | undefined =>
  response instanceof Uint8Array && response.length > 0 && response.length <= maxOcspResponse ? response : undefined;
