/**
 * A cache of parsed certificates and of signatures that were verified, for hosts that see the same certificates again
 * and again. Dates, names, purposes and trust are judged anew each time. The cache keeps only certificates of verified
 * paths, so that a stranger cannot fill it.
 * @module
 */
import { equal } from "../bytes/bytes.ts";
import type { DerBudget } from "../bytes/der.ts";
import { wrongOption } from "../validation/options.ts";
import { type Certificate, parseCertificate } from "./certificate.ts";

export interface CertificateCache {
  /** The same as `parseCertificate`; a certificate that is in the cache comes back as the same object. */
  parse(der: Uint8Array, position?: number, allowance?: DerBudget): Certificate;
  /** True if the issuer's signature on the child was verified before. */
  knows(child: Certificate, issuer: Certificate): boolean;
  /** Keeps both certificates: on a path that ends in a trust anchor, the issuer signed the child. */
  remember(child: Certificate, issuer: Certificate): void;
}

/** The maximum size of a certificate in the cache, in bytes; it bounds the memory of the whole cache. */
const maxSize = 8192;

/**
 * Makes a cache of at most `entries` certificates of at most 8 KiB each. A full cache drops the one that was used least
 * recently.
 * @example
 * const cache = certificateCache();
 * await connect(transport, { ca, serverName, certificateCache: cache });
 */
export function certificateCache(entries = 256): CertificateCache {
  if (!(Number.isInteger(entries) && entries > 0)) throw wrongOption("entries", entries, "a whole number, 1 or more");
  /**
   * By hash, in the order of last use. Two certificates with one hash replace each other; `parse` compares the bytes.
   */
  const certificates = new Map<number, Certificate>();
  const signed = new WeakMap<Certificate, WeakSet<Certificate>>();
  const store = (certificate: Certificate): void => {
    if (certificate.raw.length > maxSize) return;
    const key = hashOf(certificate.raw);
    certificates.delete(key);
    certificates.set(key, certificate);
    if (certificates.size > entries) certificates.delete(certificates.keys().next().value as number);
  };
  return {
    parse(der, position, allowance) {
      const found = certificates.get(hashOf(der));
      if (found && equal(found.raw, der)) {
        store(found);
        return found;
      }
      // A copy, because `der` may be a view of a buffer a hundred times as large.
      return parseCertificate(new Uint8Array(der), position, allowance);
    },
    knows: (child, issuer) => signed.get(child)?.has(issuer) ?? false,
    remember(child, issuer) {
      const issuers = signed.get(child) ?? new WeakSet();
      signed.set(child, issuers.add(issuer));
      store(issuer);
      store(child);
    },
  };
}

/**
 * A hash of the last 32 bytes. They are the signature's, which are as good as random; a collision costs only a parse.
 */
function hashOf(der: Uint8Array): number {
  let number = der.length;
  for (let i = Math.max(0, der.length - 32); i < der.length; i++)
    number = (Math.imul(number, 31) + (der[i] as number)) | 0;
  return number;
}
