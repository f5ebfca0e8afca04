/**
 * Pre-shared keys as the user gives them, checked: those that a function gives, when it gives them.
 * @module
 */
import { configurationError } from "../errors.ts";
import { type Awaitable, isPromise } from "../flow.ts";
import type { ClientConfig, ServerConfig } from "../handshake/config.ts";
import type { PresharedKey } from "../handshake/keyExchange/exchange.ts";
import type { CipherSuite } from "../handshake/suites.ts";
import { maxPskIdentity, minPskLength } from "../limits.ts";

/** A client's key, or a function that chooses one by the server's hint; `undefined`: none. */
export type ClientPsk = PresharedKey | ((hint: string | undefined) => Awaitable<PresharedKey | undefined>);

export interface ServerPsk {
  /**
   * The key of an identity, at least 16 bytes; `undefined` for an unknown one, whose handshake then fails as with a wrong key. An identity is whatever
   * a stranger sent, at most 1,024 bytes. Take as long for an unknown one as for others, or the time tells which there are.
   */
  lookup(identity: string): Awaitable<Uint8Array | undefined>;
  /** Tells clients with many keys which one to use. It is sent in the clear. Default: none. */
  readonly hint?: string;
  /** Take keys of less than 16 bytes, for clients whose keys cannot be changed: whoever records one handshake can guess them. Default false. */
  readonly allowShortKeys?: boolean;
}

/** True where the server is known by its certificate. */
export const isCertified = ({ keyExchange }: CipherSuite): boolean => keyExchange.keyUsage !== undefined;

export function clientPsk(suites: readonly CipherSuite[], psk: ClientPsk | undefined): ClientConfig["psk"] {
  checkSuites(suites, psk);
  if (typeof psk === "function") return (hint) => then(psk(hint), (own) => own && checked(own));
  if (psk) checked(psk);
  return psk && (() => psk);
}

export function serverPsk(suites: readonly CipherSuite[], psk: ServerPsk | undefined): ServerConfig["psk"] {
  checkSuites(suites, psk);
  if (!psk) return undefined;
  if (psk.hint !== undefined && psk.hint.length > maxPskIdentity)
    throw configurationError(`a PSK hint of ${psk.hint.length} characters`, `at most ${maxPskIdentity}`);
  const allowShortKey = psk.allowShortKeys === true;
  const lookup = (identity: string) =>
    then(psk.lookup(identity), (key) => key && checked({ identity, key, allowShortKey }).key);
  return { lookup, hint: psk.hint ?? "" };
}

function checkSuites(suites: readonly CipherSuite[], psk: unknown): void {
  const suite = suites.find((row) => !isCertified(row));
  if (suite && !psk)
    throw configurationError(`${suite.name} without a pre-shared key`, "say psk, or leave the suite out");
  if (psk && !suite) throw configurationError("psk without a suite that uses it", "say suites: ecdhePskSuites");
}

/** No advice about a key says the key. */
function checked(own: PresharedKey): PresharedKey {
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
