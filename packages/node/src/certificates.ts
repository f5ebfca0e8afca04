import { type CertificateCache, type CryptoProvider, certificateCache } from "@handclasp/core";

const caches = new WeakMap<CryptoProvider, CertificateCache>();

/**
 * Returns the certificate cache that all connections of this process with the same provider share. Each provider has
 * its own cache, because a provider must not rely on signatures that another provider verified.
 */
export function certificateCacheOf(provider: CryptoProvider): CertificateCache {
  const cache = caches.get(provider) ?? certificateCache();
  // A WeakMap accepts only objects as keys. Core refuses a provider that is not an object.
  if (Object(provider) === provider) caches.set(provider, cache);
  return cache;
}
