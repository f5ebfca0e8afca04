/**
 * Pre-shared keys as the user gives them, checked: those that a function gives, when it gives them. They come with the exchanges that use them.
 * @module
 */
import { configurationError } from "../../errors.ts";
import { type Awaitable, isPromise } from "../../flow.ts";
import { understood } from "../../given.ts";
import { maxPskIdentity, minPskLength } from "../../limits.ts";
import type { KeyExchange, PresharedKey } from "./exchange.ts";

export const pskOptions: Required<KeyExchange>["psk"] = {
  client(psk) {
    if (typeof psk === "function") return (hint) => then(psk(hint), (own) => own && checked(own));
    checked(psk);
    return () => psk;
  },
  server(psk) {
    understood({ psk }, ["function psk.lookup"]);
    understood(psk, ["boolean allowShortKeys", "string hint"]);
    const { hint = "", allowShortKeys: allowShortKey = false } = psk;
    if (hint.length > maxPskIdentity)
      throw configurationError(`a PSK hint of ${hint.length} characters`, `at most ${maxPskIdentity}`);
    const lookup = (identity: string) =>
      then(psk.lookup(identity), (key) => key && checked({ identity, key, allowShortKey }).key);
    return { lookup, hint };
  },
};

/** No advice about a key says the key. */
function checked(own: PresharedKey): PresharedKey {
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

const then = <A, B>(value: Awaitable<A>, next: (value: A) => B): Awaitable<B> =>
  isPromise(value) ? value.then(next) : next(value);
