/** Reads a request for a certificate: PKCS#10 (RFC 2986). */
import { createHash } from "node:crypto";
import type { PublicKey } from "@handclasp/core";
import { readName, readPublicKey, readSignatureAlgorithm, sequence, tags } from "@handclasp/core/unstable";
import { nodeCrypto } from "../crypto/nodeCrypto.ts";
import { nameFault } from "./certificate.ts";
import { Refusal } from "./refusal.ts";

/** A request whose signature proves that its sender has the private key. */
export interface CertificationRequest {
  /** The common name, or an empty string. */
  readonly commonName: string;
  /** The DER of the SubjectPublicKeyInfo. */
  readonly spki: Uint8Array;
  readonly pin: string;
}

/** The most DER elements of a request, outside its attributes. A request of a page has 18. */
const maxElements = 100;

/**
 * Reads a request, and verifies its signature.
 * @throws Refusal if its signature or its name is not accepted
 * @throws TlsError `weak_key` if its key is not accepted, `malformed` or `budget`
 */
export function readCertificationRequest(bytes: Uint8Array): CertificationRequest {
  const budget = { elements: maxElements };
  const { info, algorithm, signature } = sequence(
    bytes,
    (request) => ({
      info: request.element(tags.sequence),
      algorithm: request.element(tags.sequence),
      signature: request.octets(),
    }),
    budget,
  );
  const { commonName, spki } = sequence(
    info,
    (inner) => {
      if (inner.uint32() !== 0) throw new Refusal("the request's version is not 1");
      const subject = readName(inner);
      const spki = inner.element(tags.sequence);
      // The attributes may ask for extensions. The server decides which ones a certificate has.
      inner.optional(0xa0, (attributes) => attributes.skip());
      return { commonName: commonNameOf(subject.attributes), spki };
    },
    budget,
  );
  const { publicKey } = readPublicKey(spki); // refuses RSA keys of fewer than 2048 bits
  if (!isSignedWith(publicKey, algorithm, info, signature)) throw new Refusal("the request's signature is wrong");
  return { commonName, spki, pin: `sha256/${createHash("sha256").update(spki).digest("base64")}` };
}

function commonNameOf(attributes: readonly { readonly type: string; readonly value: string }[]): string {
  const [name = "", ...others] = attributes.filter(({ type }) => type === "2.5.4.3").map(({ value }) => value);
  const fault = others.length > 0 ? "is there twice" : name && nameFault(name);
  if (fault) throw new Refusal(`the request's common name ${fault}`);
  return name;
}

/** Whether the signature of a request is of this key. The provider checks that the algorithm fits the key. */
function isSignedWith(key: PublicKey, algorithm: Uint8Array, info: Uint8Array, signature: Uint8Array): boolean {
  const { signatureAlgorithm } = readSignatureAlgorithm(algorithm);
  return signatureAlgorithm !== undefined && nodeCrypto.verify(signatureAlgorithm, key, info, signature) === true;
}
