/**
 * What the exchanges with a pre-shared key have in common: which key, and the premaster secret that it goes into (RFC 4279 §2).
 * @module
 */
import { utf8ToBytes } from "@noble/hashes/utils.js";
import { wipe } from "../../bytes/bytes.ts";
import { utf8 } from "../../bytes/der.ts";
import { TlsError } from "../../errors.ts";
import { call, type Flow } from "../../flow.ts";
import { maxPskIdentity } from "../../limits.ts";
import { bytes, encode, struct } from "../../wire/codec.ts";
import type { Agreed, ClientExchangeConfig, ServerExchangeConfig } from "./exchange.ts";

/** A key that both sides have, and what it is called on the wire. */
export interface Preshared {
  readonly name: string;
  readonly identity: Uint8Array;
  readonly key: Uint8Array;
}

/** The client's key for a server that gave this hint. */
export function* choosePsk({ psk }: ClientExchangeConfig, hint: Uint8Array | undefined): Flow<Preshared> {
  const own = psk && (yield* call(() => psk(hint && textOf(hint))));
  if (!own)
    throw new TlsError("handshake_failure", "there is no pre-shared key for this server", {
      fault: "application",
      code: "no_psk",
      advice: "have `psk` give an identity and a key",
    });
  return { name: own.identity, identity: utf8ToBytes(own.identity), key: own.key };
}

/**
 * The server's key for an identity. An unknown one gets a random key, so that its handshake ends where that of a wrong key does, at Finished:
 * who guesses identities learns nothing (RFC 4279 §2).
 */
export function* lookUp({ psk, random }: ServerExchangeConfig, identity: Uint8Array): Flow<Preshared> {
  const name = identity.length <= maxPskIdentity ? textOf(identity) : undefined;
  const key = yield* call(() => (name === undefined ? undefined : psk?.lookup(name)));
  return { name: name ?? "", identity, key: key ?? random(32) };
}

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
export function agreeOnKey({ name, key }: Preshared, otherSecret: Uint8Array = new Uint8Array(key.length)): Agreed {
  try {
    return { premaster: encode(parts, { otherSecret, psk: key }), pskIdentity: name };
  } finally {
    wipe(otherSecret);
  }
}
