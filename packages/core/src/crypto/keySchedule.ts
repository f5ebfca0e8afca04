/**
 * From the premaster secret to the keys of both directions and to Finished: RFC 5246 §6.3, §7.4.9 and §8.1, RFC 7627 §4.
 * @module
 */
import { concat } from "../bytes/bytes.ts";
import { prf } from "./prf.ts";
import type { Hash } from "./provider.ts";

/** Length of a master secret, RFC 5246 §8.1. */
const masterLength = 48;
/** Length of Finished: 12 bytes for every suite we have (RFC 5246 §7.4.9). */
const verifyLength = 12;

/** The classic master secret, RFC 5246 §8.1. */
export function masterSecret(
  hash: Hash,
  premaster: Uint8Array,
  clientRandom: Uint8Array,
  serverRandom: Uint8Array,
): Uint8Array {
  return prf(hash, premaster, "master secret", concat(clientRandom, serverRandom), masterLength);
}

/** The master secret that is bound to the whole handshake; `sessionHash` covers all messages up to and with ClientKeyExchange (RFC 7627 §4). */
export function extendedMasterSecret(hash: Hash, premaster: Uint8Array, sessionHash: Uint8Array): Uint8Array {
  return prf(hash, premaster, "extended master secret", sessionHash, masterLength);
}

/** What `role` puts into its Finished; `handshakeHash` covers all messages before it (RFC 5246 §7.4.9). */
export function verifyData(
  hash: Hash,
  master: Uint8Array,
  role: "client" | "server",
  handshakeHash: Uint8Array,
): Uint8Array {
  return prf(hash, master, `${role} finished`, handshakeHash, verifyLength);
}

/** What one direction writes with. */
export interface DirectionKeys {
  /** Empty for an AEAD. */
  macKey: Uint8Array;
  key: Uint8Array;
  /** Fixed part of the nonce; empty for CBC, whose IVs are in the records. */
  iv: Uint8Array;
}

export interface KeyBlock {
  client: DirectionKeys;
  server: DirectionKeys;
  /** The whole block, of which all keys are views: wiping it wipes them. */
  bytes: Uint8Array;
}

/** The key block and its parts, RFC 5246 §6.3. */
export function keyBlock(
  hash: Hash,
  suite: { readonly macLength: number; readonly keyLength: number; readonly fixedIvLength: number },
  master: Uint8Array,
  clientRandom: Uint8Array,
  serverRandom: Uint8Array,
): KeyBlock {
  const { macLength, keyLength, fixedIvLength } = suite;
  const length = 2 * (macLength + keyLength + fixedIvLength);
  // The server's random goes first here, other than in the master secret.
  const bytes = prf(hash, master, "key expansion", concat(serverRandom, clientRandom), length);
  let at = 0;
  const next = (size: number): Uint8Array => {
    at += size;
    return bytes.subarray(at - size, at);
  };
  const clientMac = next(macLength);
  const serverMac = next(macLength);
  const clientKey = next(keyLength);
  const serverKey = next(keyLength);
  const clientIv = next(fixedIvLength);
  const serverIv = next(fixedIvLength);
  return {
    client: { macKey: clientMac, key: clientKey, iv: clientIv },
    server: { macKey: serverMac, key: serverKey, iv: serverIv },
    bytes,
  };
}
