/**
 * A credential: a certificate chain and a signer for its private key. A credential works with every provider, because
 * it has a signer of its own.
 * @module
 */
import { type SignatureScheme, schemesForKey } from "../crypto/signatures.ts";
import type { Awaitable } from "../flow.ts";
import { errorWithRemedy, wrongOption } from "../validation/options.ts";
import type { Certificate } from "./certificate.ts";
import { readOwnChain } from "./chain.ts";
import { anyExtendedKeyUsage, clientAuth, serverAuth, usageName } from "./path.ts";

/**
 * A certificate chain and the operations with its private key.
 * @example
 * // In a page: browserCredential of @handclasp/browser
 * const credential = nodeCredential({ cert: pem, key: pem });
 */
export interface Credential {
  /**
   * DER certificates, end-entity first. Each certificate after the first is the issuer of the one before it. The root
   * may be left out.
   */
  readonly chain: readonly Uint8Array[];
  /** The schemes that the key can sign with, in order of preference. A non-extractable RSA CryptoKey has only one. */
  readonly schemes: readonly SignatureScheme[];
  /** Signs the *message* (not a digest). ECDSA signatures are DER. */
  sign(scheme: SignatureScheme, message: Uint8Array): Awaitable<Uint8Array>;
  /**
   * Always `readCredential`, which reads and checks the chain. It is a property, so that a page without a credential
   * does not load that function.
   */
  readonly read: (credential: Credential, role: "server" | "client") => OwnChain;
  /**
   * The RSA private-key operation without padding (RFC 8017 RSADP), on a block as long as the modulus. The result has
   * the same length and includes the padding, which core removes in constant time. Absent if the key or the host does
   * not support the operation (WebCrypto has no RSAES-PKCS1-v1_5). A credential without it cannot be used for RSA
   * key exchange.
   */
  rsaDecryptRaw?(ciphertext: Uint8Array): Awaitable<Uint8Array>;
  /**
   * The OCSP response that a server staples for clients that ask for it (RFC 6066 §8): DER, or a function that returns
   * the current one, because a response expires sooner than a certificate. If the function throws, returns `undefined`
   * or takes longer than a second, the handshake goes on without a response.
   */
  readonly ocspResponse?: OcspSource | undefined;
  /**
   * A SignedCertificateTimestampList (RFC 6962 §3.3) that a server sends to clients that ask for it. It is needed only
   * if neither the certificate nor the OCSP response contains the timestamps.
   */
  readonly signedCertificateTimestamps?: Uint8Array | undefined;
}

/** An OCSP response, or a function that returns the current one. */
export type OcspSource = Uint8Array | (() => Awaitable<Uint8Array | undefined>);

/** A parsed chain of our own, end-entity first. */
export type OwnChain = readonly [Certificate, ...Certificate[]];

/**
 * Reads a credential's chain. Throws if no peer would accept the chain in this role, so that the error does not come
 * only in the first handshake. Ignores dates, because a server may run longer than its certificate is valid.
 * @throws TlsError `configuration`
 * @example
 * const sign = (scheme: SignatureScheme, message: Uint8Array) => hsm.sign(scheme.name, message);
 * const credentials = { chain, schemes: [ed25519], sign, read: readCredential };
 * const channel = await connect(transport, { ca, serverName, credentials });
 */
export function readCredential(credential: Credential, role: "server" | "client"): OwnChain {
  const { schemes, chain } = credential;
  if (!Array.isArray(schemes) || !Array.isArray(chain))
    throw wrongOption("credentials", credential, "chain and schemes");
  const parsed = readOwnChain(credential.chain);
  const [certificate] = parsed;
  const refuse = (reason: string): never => {
    throw errorWithRemedy(`the certificate of ${certificate.subject.text || "no subject"} ${reason}`);
  };
  const { extendedKeyUsage, keyUsage, publicKey, pssHash } = certificate;
  const purpose = role === "server" ? serverAuth : clientAuth;
  if (extendedKeyUsage && !extendedKeyUsage.includes(purpose) && !extendedKeyUsage.includes(anyExtendedKeyUsage)) {
    const list = extendedKeyUsage.map(usageName).join(", ");
    refuse(`is for ${list}, not for a ${role}: extendedKeyUsage lacks ${usageName(purpose)}`);
  }
  if (role === "client" && keyUsage && !keyUsage.has("digitalSignature"))
    refuse("may not sign, and a client must sign: keyUsage lacks digitalSignature");
  const usable = schemesForKey(publicKey, credential.schemes, pssHash);
  if (!usable.length && !credential.rsaDecryptRaw)
    refuse(`has another kind of key than its signer, which signs with ${names(credential)}`);
  return parsed;
}

const names = ({ schemes }: Credential): string => schemes.map(({ name }) => name).join(", ") || "nothing";
