/**
 * A cache of parsed certificates and of verified signatures, for programs that see the same certificates again and
 * again. Handclasp still checks dates, names, purposes and trust each time. The cache stores only certificates of
 * verified paths, so that an unknown peer cannot fill it.
 * @module
 */
import { equal } from "../bytes/bytes.ts";
import type { DerBudget } from "../bytes/der.ts";
import { wrongOption } from "../validation/options.ts";
import { type Certificate, parseCertificate } from "./certificate.ts";

export interface CertificateCache {
  /** Like `parseCertificate`, but returns the same object each time for a certificate in the cache. */
  parse(der: Uint8Array, position?: number, allowance?: DerBudget): Certificate;
  /** True if `remember` was called for this child and this issuer. */
  knows(child: Certificate, issuer: Certificate): boolean;
  /**
   * Stores both certificates, and that the issuer signed the child. Both must be on a verified path to a trust anchor.
   */
  remember(child: Certificate, issuer: Certificate): void;
}

/** The maximum length in bytes of a certificate in the cache. It limits the memory of the whole cache. */
const maxSize = 8192;

/**
 * Makes a cache of at most `entries` certificates of at most 8 KiB each. A full cache drops the certificate that was
 * used least recently. Throws a TlsError `configuration` if `entries` is not a whole number of 1 or more.
 * @example
 * const cache = certificateCache();
 * await connect(transport, { ca, serverName, certificateCache: cache });
 */
export function certificateCache(entries = 256): CertificateCache {
  if (!(Number.isInteger(entries) && entries > 0)) throw wrongOption("entries", entries, "a whole number, 1 or more");
  /**
   * The certificates by `hashOf`, in the order of last use. Two certificates with the same hash replace each other, so
   * `parse` compares the bytes.
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
      // `parseCertificate` gets a copy, because `der` may be a view of a buffer a hundred times as large.
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
 * A hash of the length and the last 32 bytes. The last bytes belong to the signature and are as good as random. A
 * collision costs only the time to parse a certificate again.
 */
function hashOf(der: Uint8Array): number {
  let number = der.length;
  for (let i = Math.max(0, der.length - 32); i < der.length; i++)
    number = (Math.imul(number, 31) + (der[i] as number)) | 0;
  return number;
}
