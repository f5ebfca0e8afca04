/**
 * The interface of a store of sessions.
 * @module
 */
import type { Bytes } from "../../bytes/bytes.ts";
import type { Awaitable } from "../../flow.ts";

/**
 * Stores sessions as bytes. Protect them like a private key: an attacker who reads them can decrypt the connections
 * that made or resume them, and an attacker who writes them can impersonate any peer. If the store throws or takes
 * longer than 250 ms, the only cost is a full handshake.
 * @example
 * const inTab: SessionStore = {
 *   get: (key) => { const text = sessionStorage.getItem(key); return text === null ? undefined : fromBase64(text); },
 *   set: (key, session) => sessionStorage.setItem(key, toBase64(session)),
 *   delete: (key) => sessionStorage.removeItem(key),
 * };
 */
export interface SessionStore {
  /**
   * `key` is 64 hexadecimal digits. A client's store for one session may ignore the key, because the client does not
   * use a session that was stored under another key.
   */
  get(key: string): Awaitable<Uint8Array | undefined>;
  /** `expires` is in milliseconds since 1970. The store may drop the session after that time. */
  set(key: string, session: Bytes, expires: number): Awaitable<void>;
  delete(key: string): Awaitable<void>;
}
