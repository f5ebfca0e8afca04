/**
 * Reads and checks the chain that we send. This happens when the chain is configured, so that a mistake in it causes an
 * error at the start and not in the first handshake.
 * @module
 */
import type { CryptoProvider } from "../crypto/provider.ts";
import type { SignatureScheme } from "../crypto/signatures.ts";
import { configurationError, TlsError } from "../errors.ts";
import { type Awaitable, type Flow, waitFor } from "../flow.ts";
import { maxCertificates } from "../limits.ts";
import { withFault, wrongOption } from "../validation/options.ts";
import { type Certificate, parseCertificate } from "./certificate.ts";
import { isSignedBy } from "./path.ts";
import { certificateDers } from "./pem.ts";

/** A chain, end-entity first: PEM (text or bytes), one DER certificate, or a list of both. */
export type ChainSource = string | Uint8Array | readonly (string | Uint8Array)[];

/**
 * Reads a chain of our own, and checks that each certificate is issued by the next one. `verifyChain` checks the
 * signatures.
 * @throws TlsError `configuration`
 * @example
 * const [leaf, ...issuers] = readOwnChain(await readFile("chain.pem"));
 */
export function readOwnChain(source: ChainSource): readonly [Certificate, ...Certificate[]] {
  const sources = typeof source === "string" || source instanceof Uint8Array ? [source] : source;
  if (!Array.isArray(sources) || !sources.every((one) => typeof one === "string" || one instanceof Uint8Array))
    throw wrongOption("cert", source, "PEM, DER or a list of them");
  const [first, ...rest] = sources.flatMap((one) => certificateDers(one, "cert")).map(parseOwn);
  if (!first) throw configurationError("there is no certificate", "give the chain, end-entity first");
  if (rest.length >= maxCertificates) {
    throw configurationError(`a chain of ${rest.length + 1} certificates`, `the limit is ${maxCertificates}`);
  }
  const chain: [Certificate, ...Certificate[]] = [first, ...rest];
  for (const [i, issuer] of rest.entries()) checkLink(chain, i, issuer);
  return chain;
}

function parseOwn(der: Uint8Array, position: number): Certificate {
  try {
    // `parseCertificate` gets a copy, so that the caller may reuse the bytes. `slice` of a Buffer would not copy them.
    return parseCertificate(new Uint8Array(der), position);
  } catch (cause) {
    if (!TlsError.is(cause)) throw cause;
    const error = configurationError(
      `the certificate cannot be used: ${cause.message}`,
      "give X.509 certificates, PEM or DER, for keys on P-256, P-384 or P-521, " +
        "Ed25519 keys or RSA keys of 2048 to 8192 bits",
    );
    throw withFault(error, { option: "cert", value: der });
  }
}

const describe = (i: number, certificate: Certificate): string =>
  `certificate ${i} (${certificate.subject.text || "no subject"})`;

function checkLink(chain: readonly Certificate[], i: number, issuer: Certificate): void {
  const certificate = chain[i] as Certificate;
  const refuse = (reason: string, advice: string): never => {
    throw configurationError(`the chain is broken: ${describe(i + 1, issuer)} ${reason}`, advice);
  };
  const order = "the end-entity comes first, and each certificate is followed by its issuer";
  if (issuer.subject.normalised !== certificate.issuer.normalised) {
    const elsewhere = chain.findIndex(
      (other) => other !== certificate && other.subject.normalised === certificate.issuer.normalised,
    );
    refuse(
      `did not issue ${describe(i, certificate)}, whose issuer is ${certificate.issuer.text}`,
      elsewhere < 0 ? `leave out certificates of other chains: ${order}` : `certificate ${elsewhere} did: ${order}`,
    );
  }
  if (!issuer.isCa)
    refuse(
      `issued ${describe(i, certificate)}, but is not a CA`,
      "no peer accepts it: have the certificate issued by a CA",
    );
  if (issuer.keyUsage && !issuer.keyUsage.has("keyCertSign"))
    refuse("lacks keyCertSign", "no peer accepts certificates that it issued");
  const { authorityKeyIdentifier: wanted } = certificate;
  if (wanted && issuer.subjectKeyIdentifier && wanted !== issuer.subjectKeyIdentifier) refuse(anotherKey, rightIssuer);
}

const anotherKey = "has the issuer's name, but another key than the one that issued the certificate before it";
const rightIssuer = "take the CA certificate that belongs to this chain";

/**
 * Verifies the signature of each certificate of a chain with the key of the next one. Throws a configuration error if
 * one is wrong.
 */
export function* verifyChain(chain: readonly Certificate[], provider: CryptoProvider): Flow<void> {
  for (const [i, issuer] of chain.slice(1).entries()) {
    if (!(yield* isSignedBy(provider, chain[i] as Certificate, issuer)))
      throw configurationError(`the chain is broken: ${describe(i + 1, issuer)} ${anotherKey}`, rightIssuer);
  }
}

/**
 * Checks that a private key belongs to a certificate: `sign` signs a message, and the provider verifies the signature.
 * Throws `keyMismatch()` if the signature is wrong. This works without access to the bytes of the key.
 */
export function* verifyKey(
  { publicKey }: Certificate,
  scheme: SignatureScheme,
  sign: (scheme: SignatureScheme, message: Uint8Array) => Awaitable<Uint8Array>,
  provider: CryptoProvider,
): Flow<void> {
  const message = new Uint8Array(32);
  const signature = yield* waitFor(sign(scheme, message));
  if (yield* waitFor(provider.verify(scheme.algorithm, publicKey, message, signature))) return;
  throw keyMismatch();
}

/** The error for a private key that does not belong to the certificate. */
export const keyMismatch = (): TlsError =>
  configurationError(
    "the private key does not belong to the certificate",
    "the first certificate must be the one that was issued for this key, the issuers follow it",
    "key_mismatch",
  );
