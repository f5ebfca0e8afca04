/**
 * Checks the `psk` option, and the keys that its functions return. Only the exchanges with a pre-shared key import
 * this file.
 * @module
 */
import { utf8ToBytes } from "@noble/hashes/utils.js";
import { configurationError } from "../../errors.ts";
import { maxPskLength, minPskLength } from "../../limits.ts";
import { optionsOf, wrongOption } from "../../validation/options.ts";
import type { KeyExchangeRow, PresharedKey } from "./exchange.ts";

export const pskOptions: Required<KeyExchangeRow>["psk"] = {
  client(psk) {
    if (typeof psk === "function") return psk;
    const key = checkKey(optionsOf(psk, ["string! identity", "bytes! key", "boolean allowShortKey"], "psk."));
    return () => key;
  },
  server(psk) {
    const checked = optionsOf(psk, ["function! lookup", "boolean allowShortKeys", "string hint"], "psk.");
    const { hint = "", allowShortKeys = false } = checked;
    const hintLength = utf8ToBytes(hint).length;
    if (hintLength > maxPskLength) throw configurationError(`psk.hint: ${hintLength} bytes`, `at most ${maxPskLength}`);
    return { lookup: (identity) => psk.lookup(identity), allowShortKeys, hint };
  },
};

/** Returns the key, or throws a configuration error that does not contain it. */
export function checkKey(psk: PresharedKey): PresharedKey {
  const { identity, key, allowShortKey } = psk;
  if (allowShortKey !== undefined && typeof allowShortKey !== "boolean")
    throw wrongOption("psk.allowShortKey", allowShortKey, "boolean");
  const least = allowShortKey ? 1 : minPskLength;
  if (!(key instanceof Uint8Array) || key.length < least || key.length > maxPskLength)
    throw configurationError(
      "the pre-shared key is too short, too long or no Uint8Array",
      `from ${least} to ${maxPskLength} random bytes: a password can be guessed`,
    );
  if (typeof identity !== "string" || utf8ToBytes(identity).length > maxPskLength)
    throw configurationError(
      "the identity of the pre-shared key is not valid",
      `a text of at most ${maxPskLength} bytes in UTF-8`,
    );
  return psk;
}
