/**
 * Pre-shared keys as the user gives them, checked: those that a function gives, when it gives them. They come with the exchanges that use them.
 * @module
 */
import { configurationError } from "../../errors.ts";
import { maxPskIdentity, minPskLength } from "../../limits.ts";
import { optionsOf, wrongOption } from "../../validation/options.ts";
import type { KeyExchangeRow, PresharedKey } from "./exchange.ts";

export const pskOptions: Required<KeyExchangeRow>["psk"] = {
  client(psk) {
    if (typeof psk === "function") return psk;
    const key = checkedKey(optionsOf(psk, ["string! identity", "bytes! key", "boolean allowShortKey"], "psk."));
    return () => key;
  },
  server(psk) {
    const given = optionsOf(psk, ["function! lookup", "boolean allowShortKeys", "string hint"], "psk.");
    const { hint = "", allowShortKeys = false } = given;
    if (hint.length > maxPskIdentity)
      throw configurationError(`psk.hint: ${hint.length} characters`, `at most ${maxPskIdentity}`);
    return { lookup: (identity) => psk.lookup(identity), allowShortKeys, hint };
  },
};

/** Throws a configuration error for a key that cannot be used; it does not say the key. */
export function checkedKey(own: PresharedKey): PresharedKey {
  const { identity, key, allowShortKey } = own;
  if (allowShortKey !== undefined && typeof allowShortKey !== "boolean")
    throw wrongOption("psk.allowShortKey", allowShortKey, "boolean");
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
