/**
 * What was found out about certificates and stays true: what one says, and that another's key signed it. Dates, names, purposes and trust are judged
 * anew each time. Only what stood on a verified path is kept: a stranger's certificates fill nothing. For hosts that see the same ones again and again.
 * @module
 */
import { equal } from "../bytes/bytes.ts";
import type { Allowance } from "../bytes/der.ts";
import { wrongOption } from "../validation/options.ts";
import { type Certificate, parseCertificate } from "./certificate.ts";

export interface CertificateCache {
  /** As `parseCertificate`; of what is kept, the very object. */
  parse(der: Uint8Array, position?: number, allowance?: Allowance): Certificate;
  /** The one was seen to have signed the other. */
  knows(child: Certificate, issuer: Certificate): boolean;
  /** On a path that ends in a trust anchor, the one signed the other: both are kept. */
  remember(child: Certificate, issuer: Certificate): void;
}

/** Longer ones are not kept: with them, the whole would have no bound worth the name. */
const maxKept = 8192;

/**
 * A cache of so many certificates, of 8 KiB each at most; what was used least recently goes.
 * @example
 * const cache = certificateCache();
 * await connect(transport, { ca, serverName, certificateCache: cache });
 */
export function certificateCache(entries = 256): CertificateCache {
  if (!(Number.isInteger(entries) && entries > 0)) throw wrongOption("entries", entries, "a whole number, 1 or more");
  /** In the order of their last use. Two of one number replace each other: the bytes decide. */
  const kept = new Map<number, Certificate>();
  const signed = new WeakMap<Certificate, WeakSet<Certificate>>();
  const keep = (certificate: Certificate): void => {
    if (certificate.raw.length > maxKept) return;
    const key = numberOf(certificate.raw);
    kept.delete(key);
    kept.set(key, certificate);
    if (kept.size > entries) kept.delete(kept.keys().next().value as number);
  };
  return {
    parse(der, position, allowance) {
      const found = kept.get(numberOf(der));
      if (found && equal(found.raw, der)) {
        keep(found);
        return found;
      }
      // A copy: what came may be a view of a buffer a hundred times as large.
      return parseCertificate(new Uint8Array(der), position, allowance);
    },
    knows: (child, issuer) => signed.get(child)?.has(issuer) ?? false,
    remember(child, issuer) {
      const issuers = signed.get(child) ?? new WeakSet();
      signed.set(child, issuers.add(issuer));
      keep(issuer);
      keep(child);
    },
  };
}

/** Of the signature, which is as good as random, and where it is not, collisions cost no more than a parse. */
function numberOf(der: Uint8Array): number {
  let number = der.length;
  for (let i = Math.max(0, der.length - 32); i < der.length; i++)
    number = (Math.imul(number, 31) + (der[i] as number)) | 0;
  return number;
}
