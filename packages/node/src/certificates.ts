import { type CertificateCache, type CryptoProvider, certificateCache } from "@handclasp/core";

const caches = new WeakMap<CryptoProvider, CertificateCache>();

/** What the connections of the process find out about certificates, they find out once: with each provider for itself, since none vouches for another's signatures. */
export function certificatesOf(provider: CryptoProvider): CertificateCache {
  const cache = caches.get(provider) ?? certificateCache();
  // What cannot be a provider is core's to refuse.
  if (Object(provider) === provider) caches.set(provider, cache);
  return cache;
}
