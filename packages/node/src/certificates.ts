import { type CertificateCache, certificateCache } from "@handclasp/core";

/** Of the process: what its connections find out about certificates, they find out once. */
export const certificates: CertificateCache = certificateCache();
