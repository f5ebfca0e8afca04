import { type CertificateCache, type CryptoProvider, certificateCache } from "@handclasp/core";

const caches = new WeakMap<CryptoProvider, CertificateCache>();

/**
 * The cache of verified certificates that all connections of the process share, one for each provider: a signature that
 * one provider verified is not taken as valid for another.
 */
export function certificatesOf(provider: CryptoProvider): CertificateCache {
  const cache = caches.get(provider) ?? certificateCache();
  // Core refuses a value that cannot be a provider.
  if (Object(provider) === provider) caches.set(provider, cache);
  return cache;
}
