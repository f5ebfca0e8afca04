/**
 * Where sessions are kept.
 * @module
 */
import type { Bytes } from "../../bytes/bytes.ts";
import type { Awaitable } from "../../flow.ts";

/**
 * Keeps sessions as bytes. Whoever reads them can read the connections that they are resumed in, and whoever writes them can pass for
 * anybody: keep them as a private key is kept. Slow answers (250 ms) and errors cost a full handshake and nothing else.
 * @example
 * const inTab: SessionStore = {
 *   get: (key) => { const text = sessionStorage.getItem(key); return text === null ? undefined : fromBase64(text); },
 *   set: (key, session) => sessionStorage.setItem(key, toBase64(session)),
 *   delete: (key) => sessionStorage.removeItem(key),
 * };
 */
export interface SessionStore {
  /** `key`: 64 hexadecimal digits. A store for one session may ignore it: what does not fit is not used. */
  get(key: string): Awaitable<Uint8Array | undefined>;
  /** `expires`: ms since 1970; afterwards the session is of no use. */
  set(key: string, session: Bytes, expires: number): Awaitable<void>;
  delete(key: string): Awaitable<void>;
}
