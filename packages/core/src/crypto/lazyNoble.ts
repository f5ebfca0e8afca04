/**
 * noble behind promises: its curves and ciphers are two thirds of what a page would load, and where the host has cryptography of its own they are seldom
 * asked for. What is loaded once is there at once from then on.
 * @module
 */
import { type Awaitable, isPromise } from "../flow.ts";
import { throwNotLoaded } from "../loading.ts";
import { hashes } from "./hashes.ts";
import {
  type CipherName,
  type Ciphers,
  type CryptoProvider,
  type GroupName,
  type KeyAgreement,
  requireEntry,
} from "./provider.ts";

let loaded: CryptoProvider | undefined;

async function load(): Promise<CryptoProvider> {
  const module = await import("./noble.ts").catch(throwNotLoaded);
  loaded = module.noble;
  return loaded;
}

function late<T>(use: (provider: CryptoProvider) => Awaitable<T>): Awaitable<T> {
  const provider = loaded ?? load();
  return isPromise(provider) ? provider.then(use) : use(provider);
}

const cipher = <Name extends CipherName>(name: Name): NonNullable<Ciphers[Name]> =>
  ((key: Uint8Array) =>
    late((provider) =>
      requireEntry<(key: Uint8Array) => Awaitable<unknown>>(provider.ciphers[name])(key),
    )) as NonNullable<Ciphers[Name]>;

const group =
  (name: GroupName): KeyAgreement =>
  (random) =>
    late((provider) => requireEntry(provider.groups[name])(random));

/**
 * Cryptography in JavaScript alone, the same on every host: the default where the host has none. It is loaded when it is first needed; `@handclasp/core/noble` has it at once.
 * @example
 * const channel = await connect(transport, { provider: noble, serverName: "example.org", ca });
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
  verify: (...what) => late((provider) => provider.verify(...what)),
  rsaEncrypt: (...what) => late((provider) => provider.rsaEncrypt(...what)),
  prefers: "CHACHA20_POLY1305",
};
