/**
 * Verifies the path of a peer by Handclasp's own rules, and names a failure as node:tls does.
 * @module
 */
import {
  type Certificate,
  type CertificateError,
  parseCertificate,
  TlsError,
  type TlsErrorCode,
} from "@handclasp/core";
import { verifyCertificatePath } from "@handclasp/core/x509";
import { certificateCacheOf } from "../certificates.ts";
import { nodeCrypto } from "../crypto/nodeCrypto.ts";
import type { Anchors } from "./credentials.ts";
import { nodeError } from "./errors.ts";

/** The result: the certificates from the end-entity up, and the error if they lead to no trust anchor. */
export interface VerifiedPath {
  /** The verified path, or, if there is none, the certificates that the peer sent, in the order of their issuers. */
  readonly path: readonly Certificate[];
  readonly error: Error | undefined;
}

/**
 * Verifies a path without its name.
 * @param chain the DER of the certificates that the peer sent, end-entity first
 */
export async function verifyPath(
  chain: readonly Uint8Array[],
  { certificates, unusable }: Anchors,
  purpose: "server" | "client",
): Promise<VerifiedPath> {
  const policy = { anchors: certificates, unusable, pins: [] };
  const cache = certificateCacheOf(nodeCrypto);
  try {
    const { path } = await verifyCertificatePath({
      chain,
      policy,
      purpose,
      now: Date.now(),
      provider: nodeCrypto,
      cache,
    });
    return { path, error: undefined };
  } catch (error) {
    if (!TlsError.is(error)) throw error;
    const path = sentPath(chain);
    return { path, error: authorizationError(error as CertificateError, path) };
  }
}

/** The certificates that the peer sent, from the end-entity to the last issuer. */
function sentPath(chain: readonly Uint8Array[]): readonly Certificate[] {
  const [leaf, ...others] = chain.flatMap((der) => {
    try {
      return [parseCertificate(der)];
    } catch (error) {
      if (TlsError.is(error)) return [];
      throw error;
    }
  });
  if (!leaf) return [];
  const path = [leaf];
  for (let last = leaf; !isSelfIssued(last); ) {
    const issuer = others.find((one) => one.subject.normalised === last.issuer.normalised && !path.includes(one));
    if (!issuer) break;
    path.push(issuer);
    last = issuer;
  }
  return path;
}

const isSelfIssued = ({ issuer, subject }: Certificate): boolean => issuer.normalised === subject.normalised;

/** The codes and texts of OpenSSL for the faults of our verifier. */
const codes: Partial<Record<TlsErrorCode, readonly [code: string, text: string]>> = {
  expired: ["CERT_HAS_EXPIRED", "certificate has expired"],
  not_yet_valid: ["CERT_NOT_YET_VALID", "certificate is not yet valid"],
  bad_signature: ["CERT_SIGNATURE_FAILURE", "certificate signature failure"],
  not_a_ca: ["INVALID_CA", "invalid CA certificate"],
  path_length: ["PATH_LENGTH_EXCEEDED", "path length constraint exceeded"],
  extended_key_usage: ["INVALID_PURPOSE", "unsuitable certificate purpose"],
  key_usage: ["INVALID_PURPOSE", "unsuitable certificate purpose"],
  untrusted: ["CERT_UNTRUSTED", "certificate not trusted"],
  pin: ["CERT_REJECTED", "certificate rejected"],
};

/** OpenSSL distinguishes where the path ends; for our verifier, each of these is an unknown issuer. */
function codeOfUnknownIssuer(path: readonly Certificate[]): readonly [code: string, text: string] {
  const last = path.at(-1);
  if (last && isSelfIssued(last))
    return path.length === 1
      ? ["DEPTH_ZERO_SELF_SIGNED_CERT", "self-signed certificate"]
      : ["SELF_SIGNED_CERT_IN_CHAIN", "self-signed certificate in certificate chain"];
  return path.length === 1
    ? ["UNABLE_TO_VERIFY_LEAF_SIGNATURE", "unable to verify the first certificate"]
    : ["UNABLE_TO_GET_ISSUER_CERT_LOCALLY", "unable to get local issuer certificate"];
}

/** A fault for which OpenSSL has no name keeps our code. */
function authorizationError(error: CertificateError, path: readonly Certificate[]): Error {
  const [code, text] =
    error.code === "unknown_issuer" ? codeOfUnknownIssuer(path) : (codes[error.code] ?? [error.code, error.message]);
  return nodeError(code, text, { cause: error });
}

/** The server has neither a certificate nor a pre-shared key. */
export const noServerCertificate = (): Error =>
  nodeError("UNABLE_TO_GET_ISSUER_CERT", "the server sent no certificate");

/** The result of a function that checks a name: only `undefined` accepts. */
export function identityError(check: () => unknown): Error | undefined {
  const result = check();
  if (result === undefined) return undefined;
  if (result instanceof Error) return result;
  return nodeError("ERR_TLS_CERT_ALTNAME_INVALID", "checkServerIdentity returned neither undefined nor an Error");
}
