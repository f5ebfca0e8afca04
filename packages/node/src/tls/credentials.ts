/**
 * Certificates and keys in the forms of node:tls: the options `ca`, `cert`, `key` and `passphrase`.
 * @module
 */
import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import { rootCertificates } from "node:tls";
import { type Certificate, type CertificateError, type Credential, parseCertificate, TlsError } from "@handclasp/core";
import { readCredential } from "@handclasp/core/unstable";
import { certificateCacheOf } from "../certificates.ts";
import { nodeCredential } from "../crypto/credential.ts";
import { nodeCrypto } from "../crypto/nodeCrypto.ts";
import { nodeError, wrongType } from "./errors.ts";

/** Text or bytes of PEM. */
export type Pem = string | ArrayBufferView;

/** The certificates that `ca` names. */
export interface Anchors {
  readonly certificates: readonly Certificate[];
  /** The errors of certificates that Handclasp cannot use. */
  readonly unusable: readonly CertificateError[];
}

const bytesOrText = "of type string or an instance of Buffer, TypedArray, or DataView";

export function textOf(name: string, value: unknown): string {
  if (typeof value === "string") return value;
  if (ArrayBuffer.isView(value))
    return Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString("latin1");
  throw wrongType(name, bytesOrText, value);
}

/** A list of the values of an option that may be a list. As in node:tls, a value such as `false` counts as absent. */
export const listOf = <T>(value: T | readonly T[] | null | undefined | false | ""): readonly T[] =>
  Array.isArray(value) ? value : value ? [value as T] : [];

const certificateBlock = /-----BEGIN ((?:X509 |TRUSTED )?CERTIFICATE)-----[^-]+-----END \1-----/g;

/** The certificates of a PEM text. OpenSSL reads the forms with the labels X509 and TRUSTED too. */
export function certificatesIn(pem: string): readonly X509Certificate[] {
  return [...pem.matchAll(certificateBlock)].map(([block]) => new X509Certificate(block));
}

/** @throws Error if a text has no certificate */
export function anchorsOf(ca: readonly unknown[]): Anchors {
  const certificates: Certificate[] = [];
  const unusable: CertificateError[] = [];
  for (const source of ca) {
    const found = certificatesIn(textOf("options.ca", source));
    if (!found.length) throw nodeError("ERR_OSSL_PEM_NO_START_LINE", "options.ca: no certificate in the PEM");
    for (const { raw } of found) {
      try {
        certificates.push(certificateCacheOf(nodeCrypto).parse(new Uint8Array(raw)));
      } catch (error) {
        if (!TlsError.is(error)) throw error;
        unusable.push(error as CertificateError);
      }
    }
  }
  return { certificates, unusable };
}

let defaultAnchors: Anchors | undefined;

/** The public CAs that Node.js ships. */
export function publicAnchors(): Anchors {
  defaultAnchors ??= {
    certificates: rootCertificates.flatMap((pem) => {
      try {
        return [parseCertificate(new Uint8Array(new X509Certificate(pem).raw))];
      } catch (error) {
        if (TlsError.is(error)) return [];
        throw error;
      }
    }),
    unusable: [],
  };
  return defaultAnchors;
}

/** A certificate chain of ours, with its key if there is one. */
export interface OwnIdentity {
  readonly chain: readonly X509Certificate[];
  readonly credential: Credential | undefined;
}

/**
 * Pairs the certificates of `cert` with the keys of `key`.
 * @throws Error if a key cannot be read or belongs to no certificate
 */
export function identitiesOf(
  certs: readonly unknown[],
  keys: readonly unknown[],
  passphrase: string | undefined,
  anchors: Anchors | undefined,
): readonly OwnIdentity[] {
  const privateKeys = keys.map((key) => privateKeyOf(key, passphrase));
  const chains = certs.map((cert) => {
    const chain = certificatesIn(textOf("options.cert", cert));
    if (!chain.length) throw nodeError("ERR_OSSL_PEM_NO_START_LINE", "options.cert: no certificate in the PEM");
    return withIssuers(chain, anchors);
  });
  const paired = chains.map((chain) => ({ chain, key: privateKeys.find((key) => chain[0]?.checkPrivateKey(key)) }));
  if (chains.length && privateKeys.some((key) => !paired.some((pair) => pair.key === key)))
    throw nodeError("ERR_OSSL_X509_KEY_VALUES_MISMATCH", "x509 certificate routines::key values mismatch");
  return paired.map(({ chain, key }) => ({ chain, credential: key && credentialOf(chain, key) }));
}

function credentialOf(chain: readonly X509Certificate[], key: KeyObject): Credential {
  const credential = nodeCredential({ cert: chain.map(({ raw }) => new Uint8Array(raw)), key });
  // As in node:tls, a server may show a certificate for clients, and a client one for servers. The peer decides.
  return { ...credential, read: (own, role) => readInAnyRole(own, role) };
}

function readInAnyRole(credential: Credential, role: "server" | "client"): ReturnType<Credential["read"]> {
  try {
    return readCredential(credential, role);
  } catch {
    return readCredential(credential, role === "server" ? "client" : "server");
  }
}

/** As in OpenSSL, a certificate alone is sent with its issuers, as far as `ca` has them. */
function withIssuers(chain: readonly X509Certificate[], anchors: Anchors | undefined): readonly X509Certificate[] {
  const known = anchors?.certificates.map(({ raw }) => new X509Certificate(raw)) ?? [];
  if (chain.length !== 1 || !known.length) return chain;
  const complete = [...chain];
  for (let last = chain[0]; last && complete.length <= known.length; ) {
    const child: X509Certificate = last;
    const issuer = known.find((ca) => child.checkIssued(ca) && child.verify(ca.publicKey));
    if (!issuer || child.checkIssued(child)) break;
    complete.push(issuer);
    last = issuer;
  }
  return complete;
}

/** True for a key with a passphrase of its own. */
export const isPair = (source: unknown): boolean =>
  typeof source === "object" && source !== null && "pem" in source && !ArrayBuffer.isView(source);

function privateKeyOf(source: unknown, passphrase: string | undefined): KeyObject {
  const pair = (isPair(source) ? source : { pem: source }) as { readonly pem: unknown; readonly passphrase?: unknown };
  const phrase = pair.passphrase ?? passphrase;
  if (phrase !== undefined && phrase !== null && typeof phrase !== "string")
    throw wrongType("options.passphrase", "of type string", phrase);
  const key = textOf("options.key", pair.pem);
  return createPrivateKey({
    key,
    format: "pem",
    ...(phrase !== undefined && phrase !== null && { passphrase: phrase }),
  });
}
