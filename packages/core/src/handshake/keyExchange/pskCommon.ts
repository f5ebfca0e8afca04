/**
 * The common parts of PSK and ECDHE_PSK: finding the key, and the premaster secret (RFC 4279 §2).
 * @module
 */
import { utf8ToBytes } from "@noble/hashes/utils.js";
import { concat, equal, wipe } from "../../bytes/bytes.ts";
import { utf8 } from "../../bytes/der.ts";
import { TlsError } from "../../errors.ts";
import { callHook, type Flow } from "../../flow.ts";
import { maxPskLength } from "../../limits.ts";
import { bytes, encode, struct } from "../../wire/codec.ts";
import type {
  AgreedSecret,
  ClientExchangeConfig,
  ExchangeConfig,
  KeyExchangeRow,
  ServerExchangeConfig,
  SessionPsk,
} from "./exchange.ts";
import { checkKey } from "./pskOptions.ts";

/** A pre-shared key with its identity and hint as on the wire. */
export interface PskMaterial {
  readonly identity: Uint8Array;
  /** Empty if the server sent no hint. */
  readonly hint: Uint8Array;
  readonly key: Uint8Array;
}

/** The client's key for a server with this hint. An empty hint means that the server sent none. */
export function* clientPskFor({ psk }: ClientExchangeConfig, hint: Uint8Array): Flow<PskMaterial> {
  const chosen = psk && (yield* callHook(() => psk(hint.length ? textOf(hint) : undefined)));
  if (!chosen)
    throw new TlsError("handshake_failure", "there is no pre-shared key for this server", {
      fault: "application",
      code: "no_psk",
      advice: "return an identity and a key from `psk`",
    });
  const { identity, key } = checkKey(chosen);
  return { identity: utf8ToBytes(identity), hint, key };
}

/**
 * The server's key for an identity. An unknown identity gets a random key, so that its handshake fails at Finished, as
 * it does with a wrong key: a client that guesses identities learns nothing (RFC 4279 §2).
 */
export function* serverPskFor(config: ServerExchangeConfig, identity: Uint8Array): Flow<PskMaterial> {
  const key = yield* lookUpKey(config, identity);
  return { identity, hint: hintOf(config), key: key ?? config.random(32) };
}

function* lookUpKey({ psk }: ServerExchangeConfig, identity: Uint8Array): Flow<Uint8Array | undefined> {
  const name = identity.length <= maxPskLength ? textOf(identity) : undefined;
  if (!psk || name === undefined) return undefined;
  const key = yield* callHook(() => psk.lookup(name));
  return key && checkKey({ identity: name, key, allowShortKey: psk.allowShortKeys }).key;
}

/** A key may have been removed, or replaced under the same identity. The old key's sessions are then not resumed. */
export const stillHasKey: Required<KeyExchangeRow>["stillHasKey"] = {
  *client(config, { hint, digest }) {
    try {
      const { identity, key } = yield* clientPskFor(config, hint);
      return equal(digestOf(config, identity, key), digest);
    } catch {
      return false;
    }
  },
  *server(config, { identity, digest }) {
    try {
      const key = yield* lookUpKey(config, identity);
      return key !== undefined && equal(digestOf(config, identity, key), digest);
    } catch {
      return false;
    }
  },
};

const digestOf = ({ provider }: ExchangeConfig, identity: Uint8Array, key: Uint8Array): Uint8Array =>
  provider.hashes.sha256.digest(concat(encode(bytes(2), identity), key));

export const hintOf = ({ psk }: ServerExchangeConfig): Uint8Array => utf8ToBytes(psk?.hint ?? "");

/** Decodes an identity or a hint, which RFC 4279 §5.1 requires to be UTF-8. `undefined` if it is not. */
function textOf(identity: Uint8Array): string | undefined {
  try {
    return utf8(identity);
  } catch {
    return undefined;
  }
}

const pskPremasterSecret = struct({ otherSecret: bytes(2), psk: bytes(2) });

/** Makes the premaster secret (RFC 4279 §2). Wipes `otherSecret`, which is all zeros with PSK alone. */
export function pskPremaster(
  config: ExchangeConfig,
  { identity, hint, key }: PskMaterial,
  otherSecret: Uint8Array = new Uint8Array(key.length),
): AgreedSecret & { readonly sessionPsk: SessionPsk } {
  try {
    const digest = digestOf(config, identity, key);
    return { premaster: encode(pskPremasterSecret, { otherSecret, psk: key }), sessionPsk: { identity, hint, digest } };
  } finally {
    wipe(otherSecret);
  }
}
