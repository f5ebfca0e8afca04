/**
 * A credential: who we are, and the private key that says so. It is independent of the provider: it carries its own signer.
 * @module
 */
import type { Awaitable } from "../flow.ts";
import type { SignatureScheme } from "./signatures.ts";

/**
 * A certificate chain and what its private key can do.
 * @example
 * const credential = nodeCredential({ cert: pem, key: pem }); // @handclasp/node; browserCredential in @handclasp/browser
 */
export interface Credential {
  /** DER certificates, end-entity first, each certified by the next; the root may be left out. */
  readonly chain: readonly Uint8Array[];
  /** What the key can sign with, in order of preference. A non-extractable RSA CryptoKey is bound to one. */
  readonly schemes: readonly SignatureScheme[];
  /** Signs the *message* (not a digest). ECDSA signatures are DER. */
  sign(scheme: SignatureScheme, message: Uint8Array): Awaitable<Uint8Array>;
  /**
   * The bare RSA private operation on a block as long as the modulus; its result has the same length, padding included. The constant-time unpadding is core's.
   * Absent where the key or host cannot (WebCrypto has no RSAES-PKCS1-v1_5): such a credential serves no RSA key exchange.
   */
  rsaDecryptRaw?(ciphertext: Uint8Array): Awaitable<Uint8Array>;
  /**
   * The OCSP response that a server shows with its certificate to clients that ask (RFC 6066 §8): DER, or a function that has the current one, since a response
   * ends sooner than a certificate. Where the function throws, has none, or takes longer than a second, the handshake goes on without.
   */
  readonly ocspResponse?: OcspSource | undefined;
  /** A SignedCertificateTimestampList (RFC 6962 §3.3) that a server shows to clients that ask; needed only where the timestamps stand neither in the certificate nor in the OCSP response. */
  readonly signedCertificateTimestamps?: Uint8Array | undefined;
}

/** An OCSP response, or where to get the current one. */
export type OcspSource = Uint8Array | (() => Awaitable<Uint8Array | undefined>);
