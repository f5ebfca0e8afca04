/**
 * The provider `noble`, which loads its curves and ciphers on first use. They would be a third of the code that a
 * page loads, and a page whose host has cryptography of its own rarely needs them. After they are loaded, the provider
 * is synchronous.
 * @module
 */
import { type Awaitable, isPromise } from "../flow.ts";
import { throwNotLoaded } from "../loading.ts";
import { hashes } from "./hashes.ts";
import {
  type CipherName,
  type Ciphers,
  type CryptoProvider,
  type CurveName,
  type KeyShareGenerator,
  requireEntry,
} from "./provider.ts";

let loaded: CryptoProvider | undefined;

async function load(): Promise<CryptoProvider> {
  const module = await import("./noble.ts").catch(throwNotLoaded);
  loaded = module.noble;
  return loaded;
}

function withNoble<T>(use: (provider: CryptoProvider) => Awaitable<T>): Awaitable<T> {
  const provider = loaded ?? load();
  return isPromise(provider) ? provider.then(use) : use(provider);
}

const cipher = <Name extends CipherName>(name: Name): NonNullable<Ciphers[Name]> =>
  ((key: Uint8Array) =>
    withNoble((provider) =>
      requireEntry<(key: Uint8Array) => Awaitable<unknown>>(provider.ciphers[name])(key),
    )) as NonNullable<Ciphers[Name]>;

const group =
  (name: CurveName): KeyShareGenerator =>
  (random) =>
    withNoble((provider) => requireEntry(provider.groups[name])(random));

/**
 * A provider in JavaScript, which is the same on every host and the default on a host without cryptography of its own.
 * It loads its curves and ciphers on first use. The `noble` of `@handclasp/core/noble` has them from the start.
 * @example
 * const open = (transport: Transport, ca: string): Promise<TlsConnection> =>
 *   connect(transport, { provider: noble, serverName: "device.example", ca });
 */
export const noble: CryptoProvider = {
  name: "noble",
  hashes,
  ciphers: {
    AES_128_GCM: /* @__PURE__ */ cipher("AES_128_GCM"),
    AES_256_GCM: /* @__PURE__ */ cipher("AES_256_GCM"),
    CHACHA20_POLY1305: /* @__PURE__ */ cipher("CHACHA20_POLY1305"),
    AES_128_CBC: /* @__PURE__ */ cipher("AES_128_CBC"),
    AES_256_CBC: /* @__PURE__ */ cipher("AES_256_CBC"),
  },
  groups: {
    x25519: /* @__PURE__ */ group("x25519"),
    secp256r1: /* @__PURE__ */ group("secp256r1"),
    secp384r1: /* @__PURE__ */ group("secp384r1"),
    secp521r1: /* @__PURE__ */ group("secp521r1"),
  },
  canVerify: () => true,
  verify: (...args) => withNoble((provider) => provider.verify(...args)),
  rsaEncrypt: (...args) => withNoble((provider) => provider.rsaEncrypt(...args)),
  prefers: "CHACHA20_POLY1305",
};
