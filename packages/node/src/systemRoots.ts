import { type Certificate, type CertificateSource, parseCertificate, TlsError } from "@handclasp/core";
import { parsePemCertificates } from "@handclasp/core/unstable";

/** What `ca` may be on Node.js: the word "system" stands for the roots that Node.js ships, alone or among others. */
export async function withSystemRoots(
  ca: CertificateSource | readonly CertificateSource[],
): Promise<readonly CertificateSource[]> {
  const sources: readonly CertificateSource[] = Array.isArray(ca) ? ca : [ca];
  if (!sources.includes("system")) return sources;
  const shipped = await systemRoots();
  return sources.flatMap((source): readonly CertificateSource[] => (source === "system" ? shipped : [source]));
}

let roots: readonly Certificate[] | undefined;

/** Loaded and parsed when they are first asked for. A root that we cannot read is none that we trust. */
async function systemRoots(): Promise<readonly Certificate[]> {
  const { rootCertificates } = await import("node:tls");
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
