import { rootCertificates } from "node:tls";
import {
  type Certificate,
  type CertificateSource,
  parseCertificate,
  parsePemCertificates,
  TlsError,
} from "@handclasp/core/client";

/** What `ca` may be on Node.js: the word "system" stands for the roots that Node.js ships, alone or among others. */
export function withSystemRoots(ca: CertificateSource | readonly CertificateSource[]): readonly CertificateSource[] {
  const sources: readonly CertificateSource[] = Array.isArray(ca) ? ca : [ca];
  return sources.flatMap((source): readonly CertificateSource[] => (source === "system" ? systemRoots() : [source]));
}

let roots: readonly Certificate[] | undefined;

/** Parsed when they are first asked for. A root that we cannot read is none that we trust. */
function systemRoots(): readonly Certificate[] {
  roots ??= rootCertificates.flatMap(parsePemCertificates).flatMap((der) => {
    try {
      return [parseCertificate(der)];
    } catch (error) {
      if (TlsError.is(error)) return [];
      throw error;
    }
  });
  return roots;
}
