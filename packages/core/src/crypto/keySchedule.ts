/**
 * The master secret, verify_data and the key block: RFC 5246 §6.3, §7.4.9 and §8.1, RFC 7627 §4.
 * @module
 */
import { concat } from "../bytes/bytes.ts";
import { prf } from "./prf.ts";
import type { Hash } from "./provider.ts";

/** The length of a master secret in bytes, RFC 5246 §8.1. */
const masterLength = 48;
/** The length of verify_data in bytes: 12 for every suite that Handclasp supports (RFC 5246 §7.4.9). */
const verifyLength = 12;

/** The master secret of RFC 5246 §8.1. */
export function masterSecret(
  hash: Hash,
  premaster: Uint8Array,
  clientRandom: Uint8Array,
  serverRandom: Uint8Array,
): Uint8Array {
  return prf(hash, premaster, "master secret", concat(clientRandom, serverRandom), masterLength);
}

/**
 * The extended master secret, RFC 7627 §4. `sessionHash` covers all messages up to and including ClientKeyExchange.
 */
export function extendedMasterSecret(hash: Hash, premaster: Uint8Array, sessionHash: Uint8Array): Uint8Array {
  return prf(hash, premaster, "extended master secret", sessionHash, masterLength);
}

/**
 * The verify_data in the Finished of `role`, RFC 5246 §7.4.9. `handshakeHash` covers all messages before that Finished.
 */
export function verifyData(
  hash: Hash,
  master: Uint8Array,
  role: "client" | "server",
  handshakeHash: Uint8Array,
): Uint8Array {
  return prf(hash, master, `${role} finished`, handshakeHash, verifyLength);
}

/** The write keys of one direction. */
export interface DirectionKeys {
  /** The MAC key, empty for an AEAD. */
  macKey: Uint8Array;
  key: Uint8Array;
  /** The fixed part of the nonce; empty for CBC, whose IVs are in the records. */
  iv: Uint8Array;
}

export interface KeyBlock {
  client: DirectionKeys;
  server: DirectionKeys;
  /** The whole key block. All keys are views of it, so wiping the block wipes the keys. */
  bytes: Uint8Array;
}

/** The key block and its parts, RFC 5246 §6.3. The lengths in `suite` are in bytes. */
export function keyBlock(
  hash: Hash,
  suite: { readonly macLength: number; readonly keyLength: number; readonly fixedIvLength: number },
  master: Uint8Array,
  clientRandom: Uint8Array,
  serverRandom: Uint8Array,
): KeyBlock {
  const { macLength, keyLength, fixedIvLength } = suite;
  const length = 2 * (macLength + keyLength + fixedIvLength);
  // The server's random comes first here, unlike in the master secret.
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
