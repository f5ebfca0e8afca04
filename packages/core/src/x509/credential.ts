/**
 * A credential: who we are, and the private key that says so. It is independent of the provider: it carries its own signer.
 * @module
 */
import { type SignatureScheme, schemesForKey } from "../crypto/signatures.ts";
import type { Awaitable } from "../flow.ts";
import { briefError, wrongOption } from "../validation/options.ts";
import type { Certificate } from "./certificate.ts";
import { readOwnChain } from "./chain.ts";
import { anyExtendedKeyUsage, clientAuth, serverAuth, usageName } from "./path.ts";

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
   * Always `readCredential`, which reads the chain and checks it. It comes with the credential, so that a page that shows
   * none does not load it.
   */
  readonly read: (credential: Credential, role: "server" | "client") => OwnChain;
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

/** A chain of our own, parsed; end-entity first. */
export type OwnChain = readonly [Certificate, ...Certificate[]];

/**
 * What a credential says of itself. It refuses here, and not at the first handshake, what no peer would accept in this
 * role. It does not look at dates: a server may outlive its certificate.
 * @throws TlsError `configuration`
 * @example
 * const remote: Credential = { chain, schemes, sign: (scheme, message) => hsm.sign(scheme.name, message), read: readCredential };
 */
export function readCredential(credential: Credential, role: "server" | "client"): OwnChain {
  const { schemes, chain } = credential;
  if (!Array.isArray(schemes) || !Array.isArray(chain))
    throw wrongOption("credentials", credential, "chain and schemes");
  const parsed = readOwnChain(credential.chain);
  const [certificate] = parsed;
  const unfit = (reason: string): never => {
    throw briefError(`the certificate of ${certificate.subject.text || "no subject"} ${reason}`);
  };
  const { extendedKeyUsage, keyUsage, publicKey, pssHash } = certificate;
  const wanted = role === "server" ? serverAuth : clientAuth;
  if (extendedKeyUsage && !extendedKeyUsage.includes(wanted) && !extendedKeyUsage.includes(anyExtendedKeyUsage)) {
    const list = extendedKeyUsage.map(usageName).join(", ");
    unfit(`is for ${list}, not for a ${role}: extendedKeyUsage lacks ${usageName(wanted)}`);
  }
  if (role === "client" && keyUsage && !keyUsage.has("digitalSignature"))
    unfit("may not sign, and a client signs: keyUsage lacks digitalSignature");
  const fitting = schemesForKey(publicKey, credential.schemes, pssHash);
  if (!fitting.length && !credential.rsaDecryptRaw)
    unfit(`has another kind of key than its signer, which signs with ${names(credential)}`);
  return parsed;
}

const names = ({ schemes }: Credential): string => schemes.map(({ name }) => name).join(", ") || "nothing";
