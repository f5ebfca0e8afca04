/**
 * Wraps a provider so that its promises settle late and out of order. Tests use the wrapper to find code that depends
 * on the order.
 * @module
 */

import type { Aead, Awaitable, CbcCipher, Credential, CryptoProvider, KeyShareGenerator } from "@handclasp/core";
import { finiteField } from "@handclasp/core/unstable";

export interface AsyncProviderOptions {
  /**
   * Returns a number from 0 (inclusive) to 1 (exclusive). A seeded generator makes a test repeatable. Default
   * `Math.random`.
   */
  random?: () => number;
  /** The longest delay that a timer makes, in milliseconds. Default 2. With 0 there are no timers, only microtasks. */
  maxDelayMs?: number;
}

type Delay = <T>(compute: () => Awaitable<T>) => Promise<T>;

/**
 * Returns a function that computes at once, because WebCrypto also copies its input at once. It delays the result by a
 * few microtasks or a timer. An exception becomes a rejection.
 */
function makeDelay({ random = Math.random, maxDelayMs = 2 }: AsyncProviderOptions): Delay {
  return async <T>(compute: () => Awaitable<T>): Promise<T> => {
    const [outcome] = await Promise.allSettled([toPromise(compute), pause(random, maxDelayMs)]);
    if (outcome.status === "rejected") throw outcome.reason;
    return outcome.value;
  };
}

const toPromise = async <T>(compute: () => Awaitable<T>): Promise<T> => compute();

async function pause(random: () => number, maxDelayMs: number): Promise<void> {
  if (maxDelayMs === 0 || random() < 0.5) {
    for (let microtasks = Math.floor(random() * 4); microtasks > 0; microtasks--) await Promise.resolve();
    return;
  }
  await new Promise<void>((resolve) => setTimeout(resolve, random() * maxDelayMs));
}

/**
 * Returns `inner` with a delayed promise in every place where `CryptoProvider` allows a promise. Hashes stay
 * synchronous, because the interface allows none there.
 * @example
 * const provider = asyncProvider(noble, { random: Math.random });
 */
export function asyncProvider(inner: CryptoProvider, options: AsyncProviderOptions = {}): CryptoProvider {
  const delay = makeDelay(options);
  const aead = (make: (key: Uint8Array) => Awaitable<Aead>) => (key: Uint8Array) =>
    delay(async () => {
      const context = await make(key);
      return {
        seal: (nonce, additionalData, plaintext, out) =>
          delay(() => context.seal(nonce, additionalData, plaintext, out)),
        open: (nonce, additionalData, ciphertext) => delay(() => context.open(nonce, additionalData, ciphertext)),
      } satisfies Aead;
    });
  const blockChain = (make: (key: Uint8Array) => Awaitable<CbcCipher>) => (key: Uint8Array) => delay(() => make(key));
  const generator =
    (make: KeyShareGenerator): KeyShareGenerator =>
    (random) =>
      delay(async () => {
        const share = await make(random);
        return {
          publicKey: share.publicKey,
          agree: (peerPublicKey) => delay(() => share.agree(peerPublicKey)),
          wipe: () => share.wipe(),
        };
      });
  const { AES_128_GCM, AES_256_GCM, CHACHA20_POLY1305, AES_128_CCM, AES_128_CCM_8, AES_128_CBC, AES_256_CBC } =
    inner.ciphers;
  const { x25519, secp256r1, secp384r1, secp521r1 } = inner.groups;
  return {
    ...inner,
    // An instance of a class may have these as getters or inherit them, which a spread leaves out.
    hashes: inner.hashes,
    prefers: inner.prefers,
    ...(inner.random && { random: inner.random }),
    name: `async ${inner.name}`,
    ciphers: {
      ...(AES_128_GCM && { AES_128_GCM: aead(AES_128_GCM) }),
      ...(AES_256_GCM && { AES_256_GCM: aead(AES_256_GCM) }),
      ...(CHACHA20_POLY1305 && { CHACHA20_POLY1305: aead(CHACHA20_POLY1305) }),
      ...(AES_128_CCM && { AES_128_CCM: aead(AES_128_CCM) }),
      ...(AES_128_CCM_8 && { AES_128_CCM_8: aead(AES_128_CCM_8) }),
      ...(AES_128_CBC && { AES_128_CBC: blockChain(AES_128_CBC) }),
      ...(AES_256_CBC && { AES_256_CBC: blockChain(AES_256_CBC) }),
    },
    groups: {
      ...(x25519 && { x25519: generator(x25519) }),
      ...(secp256r1 && { secp256r1: generator(secp256r1) }),
      ...(secp384r1 && { secp384r1: generator(secp384r1) }),
      ...(secp521r1 && { secp521r1: generator(secp521r1) }),
    },
    finiteField: (prime, exponentLength) => generator((inner.finiteField ?? finiteField)(prime, exponentLength)),
    canVerify: (algorithm) => inner.canVerify(algorithm),
    verify: (algorithm, key, message, signature) => delay(() => inner.verify(algorithm, key, message, signature)),
    rsaEncrypt: (key, message, random) => delay(() => inner.rsaEncrypt(key, message, random)),
    precompute: true,
  };
}

/** Returns `inner` with delayed promises from `sign` and `rsaDecryptRaw`. */
export function asyncCredential(inner: Credential, options: AsyncProviderOptions = {}): Credential {
  const delay = makeDelay(options);
  return {
    ...inner,
    // An instance of a class may have these as getters or inherit them, which a spread leaves out.
    chain: inner.chain,
    schemes: inner.schemes,
    read: inner.read,
    ocspResponse: inner.ocspResponse,
    signedCertificateTimestamps: inner.signedCertificateTimestamps,
    sign: (scheme, message) => delay(() => inner.sign(scheme, message)),
    ...(inner.rsaDecryptRaw && {
      rsaDecryptRaw: (ciphertext: Uint8Array) =>
        delay(() => (inner.rsaDecryptRaw as NonNullable<Credential["rsaDecryptRaw"]>)(ciphertext)),
    }),
  };
}
