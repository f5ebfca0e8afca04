import { type CertificateCache, type CryptoProvider, certificateCache } from "@handclasp/core";

const caches = new WeakMap<CryptoProvider, CertificateCache>();

/**
 * The certificate cache that all connections of this process share. Each provider has its own, because no provider may
 * rely on signatures that another one has verified.
 */
export function certificateCacheOf(provider: CryptoProvider): CertificateCache {
  const cache = caches.get(provider) ?? certificateCache();
  // A WeakMap takes only objects as keys. Core refuses a provider that is not an object.
  if (Object(provider) === provider) caches.set(provider, cache);
  return cache;
}
