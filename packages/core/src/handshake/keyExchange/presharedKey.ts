/**
 * What the exchanges with a pre-shared key have in common: which key, and the premaster secret that it goes into (RFC 4279 §2).
 * @module
 */
import { utf8ToBytes } from "@noble/hashes/utils.js";
import { concat, equal, wipe } from "../../bytes/bytes.ts";
import { utf8 } from "../../bytes/der.ts";
import { TlsError } from "../../errors.ts";
import { callHook, type Flow } from "../../flow.ts";
import { maxPskIdentity } from "../../limits.ts";
import { bytes, encode, struct } from "../../wire/codec.ts";
import type {
  AgreedSecret,
  ClientExchangeConfig,
  ExchangeConfig,
  KeyExchangeRow,
  ServerExchangeConfig,
  SessionPsk,
} from "./exchange.ts";
import { checkedKey } from "./pskOptions.ts";

/** A key that both sides have, and what it is called on the wire. */
export interface PskMaterial {
  readonly identity: Uint8Array;
  /** Empty: none. */
  readonly hint: Uint8Array;
  readonly key: Uint8Array;
}

/** The client's key for a server that gave this hint. */
export function* clientPskFor({ psk }: ClientExchangeConfig, hint: Uint8Array): Flow<PskMaterial> {
  const own = psk && (yield* callHook(() => psk(hint.length ? textOf(hint) : undefined)));
  if (!own)
    throw new TlsError("handshake_failure", "there is no pre-shared key for this server", {
      fault: "application",
      code: "no_psk",
      advice: "have `psk` give an identity and a key",
    });
  const { identity, key } = checkedKey(own);
  return { identity: utf8ToBytes(identity), hint, key };
}

/**
 * The server's key for an identity. An unknown one gets a random key, so that its handshake ends where that of a wrong key does, at Finished:
 * who guesses identities learns nothing (RFC 4279 §2).
 */
export function* serverPskFor(config: ServerExchangeConfig, identity: Uint8Array): Flow<PskMaterial> {
  const key = yield* known(config, identity);
  return { identity, hint: hintOf(config), key: key ?? config.random(32) };
}

function* known({ psk }: ServerExchangeConfig, identity: Uint8Array): Flow<Uint8Array | undefined> {
  const name = identity.length <= maxPskIdentity ? textOf(identity) : undefined;
  if (!psk || name === undefined) return undefined;
  const key = yield* callHook(() => psk.lookup(name));
  return key && checkedKey({ identity: name, key, allowShortKey: psk.allowShortKeys }).key;
}

/** A key may have been withdrawn, or replaced under the same identity: its sessions end with it. */
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
      const key = yield* known(config, identity);
      return key !== undefined && equal(digestOf(config, identity, key), digest);
    } catch {
      return false;
    }
  },
};

const digestOf = ({ provider }: ExchangeConfig, identity: Uint8Array, key: Uint8Array): Uint8Array =>
  provider.hashes.sha256.digest(concat(encode(bytes(2), identity), key));

export const hintOf = ({ psk }: ServerExchangeConfig): Uint8Array => utf8ToBytes(psk?.hint ?? "");

/** Text where it is UTF-8, as RFC 4279 §5.1 says identities and hints are. */
function textOf(identity: Uint8Array): string | undefined {
  try {
    return utf8(identity);
  } catch {
    return undefined;
  }
}

const parts = struct({ otherSecret: bytes(2), psk: bytes(2) });

/** The premaster secret; `otherSecret`, which ends here, is zeros where the key stands alone (RFC 4279 §2). */
export function pskPremaster(
  config: ExchangeConfig,
  { identity, hint, key }: PskMaterial,
  otherSecret: Uint8Array = new Uint8Array(key.length),
): AgreedSecret & { readonly sessionPsk: SessionPsk } {
  try {
    const digest = digestOf(config, identity, key);
    return { premaster: encode(parts, { otherSecret, psk: key }), sessionPsk: { identity, hint, digest } };
  } finally {
    wipe(otherSecret);
  }
}
