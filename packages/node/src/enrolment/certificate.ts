/** Makes the certificates of clients (RFC 5280). */
import { createHash, randomBytes } from "node:crypto";
import type { Credential, SignatureAlgorithm, SignatureScheme } from "@handclasp/core";
import {
  ascii,
  configurationError,
  derElement,
  derInteger,
  fromHex,
  readOwnChain,
  runFlow,
  tags,
  verifyChain,
} from "@handclasp/core/unstable";
import type { Certificate } from "@handclasp/core/x509";
import { nodeCrypto } from "../crypto/nodeCrypto.ts";

/** The names in a client's certificate. */
export interface ClientNames {
  /** 1 to 64 characters, without control characters. */
  readonly commonName: string;
  readonly dns?: readonly string[];
  readonly email?: readonly string[];
  /** For example a SPIFFE ID. */
  readonly uri?: readonly string[];
}

/** A CA that can sign. */
export interface Authority {
  readonly certificate: Certificate;
  /** The certificates that a client sends after its own: all of the CA's chain except the root. */
  readonly chain: readonly Uint8Array[];
  readonly credential: Credential;
  readonly scheme: SignatureScheme;
  /** The AlgorithmIdentifier of `scheme`. */
  readonly algorithm: Uint8Array;
}

/** Reads a CA. Throws a configuration error if it cannot issue certificates. */
export function readAuthority(credential: Credential): Authority {
  const certificates = readOwnChain(credential.chain);
  const [certificate] = certificates;
  if (!certificate.isCa || (certificate.keyUsage && !certificate.keyUsage.has("keyCertSign")))
    throw configurationError("authority: the certificate is not a CA's", "give the CA's own certificate and key");
  const scheme = credential.schemes.find(({ algorithm }) => identifierOf(algorithm));
  const algorithm = scheme && identifierOf(scheme.algorithm);
  if (!scheme || !algorithm)
    throw configurationError(
      "authority: the key cannot sign certificates",
      "use ECDSA, Ed25519, or RSA that is not PSS only",
    );
  const isRoot = ({ subject, issuer }: Certificate): boolean => subject.normalised === issuer.normalised;
  const chain = certificates.filter((one) => !isRoot(one)).map(({ raw }) => raw);
  return { certificate, chain, credential, scheme, algorithm: derElement(tags.sequence, fromHex(algorithm)) };
}

/** The contents of the AlgorithmIdentifier, in hexadecimal digits. `undefined` for RSASSA-PSS. */
function identifierOf(algorithm: SignatureAlgorithm): string | undefined {
  switch (algorithm.type) {
    case "ed25519":
      return "06032b6570";
    case "ecdsa":
      return { sha256: "06082a8648ce3d040302", sha384: "06082a8648ce3d040303", sha512: "06082a8648ce3d040304" }[
        algorithm.hash
      ];
    case "rsa_pkcs1":
      return {
        sha256: "06092a864886f70d01010b0500",
        sha384: "06092a864886f70d01010c0500",
        sha512: "06092a864886f70d01010d0500",
      }[algorithm.hash];
    case "rsa_pss":
      return undefined;
  }
}

/** A certificate is valid this long before it is issued, for servers whose clock is slow. */
const clockSkew = 5 * 60_000;
/** The most names of one kind in a certificate. */
const maxNames = 32;

/**
 * Returns a certificate for clientAuth. It does not outlive the CA's certificate.
 * @param notAfter milliseconds since 1970
 * @throws Error if a name cannot be in a certificate, or if the signature is wrong
 */
export async function issueCertificate(
  authority: Authority,
  spki: Uint8Array,
  names: ClientNames,
  now: number,
  notAfter: number,
): Promise<Certificate> {
  const { certificate: issuer, credential, scheme, algorithm } = authority;
  if (issuer.notAfter <= now) throw configurationError("authority: the certificate has expired", "renew it");
  const serialNumber = randomBytes(16);
  serialNumber[0] = ((serialNumber[0] as number) & 0x3f) | 0x40; // positive, and 16 bytes long
  const tbs = derElement(
    tags.sequence,
    fromHex("a003020102"), // version 3
    derInteger(serialNumber),
    algorithm,
    issuer.subject.der,
    derElement(
      tags.sequence,
      time(Math.max(now - clockSkew, issuer.notBefore)),
      time(Math.min(notAfter, issuer.notAfter)),
    ),
    subject(names),
    spki,
    derElement(0xa3, derElement(tags.sequence, ...extensions(issuer, spki, names))),
  );
  const signature = await credential.sign(scheme, tbs);
  if (!(signature instanceof Uint8Array)) throw new TypeError("authority: sign returned no bytes");
  const bits = derElement(tags.bitString, Uint8Array.of(0), signature);
  const chain = readOwnChain([derElement(tags.sequence, tbs, algorithm, bits), issuer.raw]);
  await runFlow(verifyChain(chain, nodeCrypto)); // a client cannot check it, because it need not know the CA
  return chain[0];
}

/** Checks the names that `allow` returns. Throws a TypeError if they cannot be in a certificate. */
export function checkNames(names: ClientNames): void {
  const unknown = Object.keys(names).find((key) => !allowedKeys.has(key));
  if (unknown !== undefined) throw new TypeError(`allow: unknown field ${unknown}`);
  subject(names);
  alternativeNames(names);
}

/** Those of ClientNames, and that of a Renewal. */
const allowedKeys: ReadonlySet<string> = new Set(["commonName", "dns", "email", "uri", "certificate"]);

/** Says why a common name cannot be in a certificate. An empty string if it can. */
export function nameFault(name: unknown): string {
  if (typeof name !== "string") return "is not a text";
  const { length } = Array.from(name); // code points, as X.520 counts
  if (length < 1 || length > 64) return "has not 1 to 64 characters";
  // Control characters, formats, such as those that turn the direction of text, lone surrogates, fillers and blanks.
  if (/[\p{C}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\u2800]|(?! )\p{Zs}/u.test(name))
    return "has characters that cannot be seen";
  if (name !== name.trim()) return "begins or ends with a space";
  return name === name.normalize("NFC") ? "" : "is not in the form NFC of Unicode";
}

function subject({ commonName }: ClientNames): Uint8Array {
  const fault = nameFault(commonName);
  if (fault) throw new TypeError(`allow: commonName ${fault}`);
  const value = derElement(tags.utf8String, new TextEncoder().encode(commonName));
  return derElement(tags.sequence, derElement(tags.set, derElement(tags.sequence, fromHex("0603550403"), value)));
}

const alternativeNames = ({ email, dns, uri }: ClientNames): Uint8Array[] => [
  ...namesOf(0x81, email),
  ...namesOf(0x82, dns),
  ...namesOf(0x86, uri),
];

function extensions(issuer: Certificate, spki: Uint8Array, clientNames: ClientNames): Uint8Array[] {
  const names = alternativeNames(clientNames);
  const issuerKey = issuer.subjectKeyIdentifier;
  return [
    extension("0603551d13", true, fromHex("3000")), // basicConstraints: not a CA
    extension("0603551d0f", true, fromHex("03020780")), // keyUsage: digitalSignature
    extension("0603551d25", false, fromHex("300a06082b06010505070302")), // extendedKeyUsage: clientAuth
    extension("0603551d0e", false, derElement(tags.octetString, keyIdentifier(spki))),
    ...(issuerKey
      ? [extension("0603551d23", false, derElement(tags.sequence, derElement(0x80, fromHex(issuerKey))))]
      : []),
    ...(names.length > 0 ? [extension("0603551d11", false, derElement(tags.sequence, ...names))] : []),
  ];
}

function extension(oid: string, critical: boolean, value: Uint8Array): Uint8Array {
  const flag = critical ? fromHex("0101ff") : new Uint8Array();
  return derElement(tags.sequence, fromHex(oid), flag, derElement(tags.octetString, value));
}

/** RFC 7093 §2, method 1. */
const keyIdentifier = (spki: Uint8Array): Uint8Array => createHash("sha256").update(spki).digest().subarray(0, 20);

function namesOf(tag: number, names: readonly string[] = []): Uint8Array[] {
  if (!Array.isArray(names) || names.length > maxNames)
    throw new TypeError(`allow: expected a list of at most ${maxNames} names`);
  return names.map((name) => {
    if (typeof name !== "string" || !/^[\x21-\x7e]{1,1024}$/.test(name))
      throw new TypeError("allow: expected names of 1 to 1024 ASCII characters without spaces");
    return derElement(tag, ascii(name));
  });
}

/** A time to the second: UTCTime until 2049, GeneralizedTime after it (RFC 5280 §4.1.2.5). */
function time(at: number): Uint8Array {
  const digits = new Date(at).toISOString().replaceAll(/[-:T]|\..*$/g, "");
  return digits < "2050"
    ? derElement(tags.utcTime, ascii(`${digits.slice(2)}Z`))
    : derElement(tags.generalizedTime, ascii(`${digits}Z`));
}
