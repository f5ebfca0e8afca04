/**
 * Pre-shared keys as the user gives them, checked: those that a function gives, when it gives them. They come with the exchanges that use them.
 * @module
 */
import { configurationError } from "../../errors.ts";
import { understood } from "../../given.ts";
import { maxPskIdentity, minPskLength } from "../../limits.ts";
import type { KeyExchangeRow, PresharedKey } from "./exchange.ts";

export const pskOptions: Required<KeyExchangeRow>["psk"] = {
  client(psk) {
    if (typeof psk === "function") return psk;
    checkedKey(psk);
    return () => psk;
  },
  server(psk) {
    understood({ psk }, ["function psk.lookup"]);
    understood(psk, ["boolean allowShortKeys", "string hint"]);
    const { hint = "", allowShortKeys = false } = psk;
    if (hint.length > maxPskIdentity)
      throw configurationError(`a PSK hint of ${hint.length} characters`, `at most ${maxPskIdentity}`);
    return { lookup: (identity) => psk.lookup(identity), allowShortKeys, hint };
  },
};

/** Throws a configuration error for a key that cannot be used; it does not say the key. */
export function checkedKey(own: PresharedKey): PresharedKey {
  understood(own, ["boolean allowShortKey"]);
  const { identity, key, allowShortKey } = own;
  const least = allowShortKey ? 1 : minPskLength;
  if (!(key instanceof Uint8Array) || key.length < least || key.length > maxPskIdentity)
    throw configurationError(
      "a pre-shared key that is too short, too long or no bytes",
      `from ${minPskLength} to ${maxPskIdentity} random bytes: a password can be guessed from one recorded handshake`,
    );
  if (typeof identity !== "string" || identity.length > maxPskIdentity)
    throw configurationError("the identity of a pre-shared key", `a text of at most ${maxPskIdentity} characters`);
  return own;
}
