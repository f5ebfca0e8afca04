import { configurationError, TlsError } from "../errors.ts";
import { type Awaitable, isPromise } from "../flow.ts";
import { timestampList } from "../handshake/extensions/signedCertificateTimestamp.ts";
import { maxOcspResponse, ocspResponseTimeout } from "../limits.ts";
import { decode } from "../wire/codec.ts";
import type { Certificate } from "../x509/certificate.ts";
import type { Credential, OcspSource } from "../x509/credential.ts";
import { parseOcspResponse } from "../x509/ocspResponse.ts";

/**
 * Checks the OCSP response and the timestamps that a server sends with its certificate. Returns a function that returns
 * the response for a handshake. That function never throws: it returns `undefined` if the application's function fails.
 */
export function readStaple(
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
      `peers accept at most ${maxOcspResponse} bytes`,
    );
  // The client checks the signature and the dates. The server does not have the issuer, and may run longer than the
  // response is valid.
  const { responses } = asConfigurationError("the OCSP response", () => parseOcspResponse(response));
  if (!responses.some((single) => single.serialNumber === serialNumber))
    throw configurationError(
      `the OCSP response is not about the certificate of ${subject.text || "no subject"}`,
      "give the response for this certificate",
    );
}

function checkTimestamps(list: Uint8Array): void {
  asConfigurationError("signedCertificateTimestamps", () =>
    decode(timestampList, list, "signed_certificate_timestamp"),
  );
}

function asConfigurationError<T>(what: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!TlsError.is(error)) throw error;
    throw configurationError(`${what} cannot be used: ${error.message}`);
  }
}

/** Returns the response, or `undefined` if it is late or cannot be sent. */
function boundedResponse(source: Exclude<OcspSource, Uint8Array>): Awaitable<Uint8Array | undefined> {
  try {
    const response = source();
    return isPromise(response) ? withTimeout(response) : usableResponse(response);
  } catch {
    return undefined;
  }
}

async function withTimeout(pending: PromiseLike<Uint8Array | undefined>): Promise<Uint8Array | undefined> {
  let timer: unknown;
  const timeout = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), ocspResponseTimeout);
  });
  try {
    return usableResponse(await Promise.race([pending, timeout]));
  } catch {
    return undefined;
  } finally {
    clearTimeout(timer);
  }
}

const usableResponse = (response: Uint8Array | undefined): Uint8Array | undefined =>
  response instanceof Uint8Array && response.length > 0 && response.length <= maxOcspResponse ? response : undefined;
