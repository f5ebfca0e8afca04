/**
 * The options of a client's handshake, from a context and the options of a socket.
 * @module
 */
import { type ConnectOptions, keepSessions, modernSuites, type PresharedKey } from "@handclasp/core";
import { ocsp } from "@handclasp/core/ocsp";
import { certificateCacheOf } from "../certificates.ts";
import { nodeCrypto } from "../crypto/nodeCrypto.ts";
import type { SecureContext } from "./secureContext.ts";
import type { PskNegotiation } from "./types.ts";

export interface ClientSettings {
  readonly alpn: readonly string[];
  readonly servername: string | undefined;
  readonly requestOcsp: boolean;
  readonly psk: ((hint: string | null) => PskNegotiation | null | undefined) | undefined;
  readonly handshakeTimeout: number;
  readonly keyLog: ((line: string) => void) | undefined;
  /** The session to offer. */
  readonly session: Uint8Array | undefined;
  /** Takes a session that can be resumed later. */
  readonly onSession: (session: Uint8Array) => void;
}

/**
 * The options of core's `connect`. The certificate is not verified in the handshake but directly after it, before a
 * byte of the application is sent or passed on: node:tls does so, and programs see its order of events.
 */
export function clientOptionsOf({ settings: context }: SecureContext, settings: ClientSettings): ConnectOptions {
  const { alpn, servername, requestOcsp, psk, handshakeTimeout, keyLog, session, onSession } = settings;
  const usable = context.suites.filter(({ authentication }) => authentication !== "psk" || psk);
  const suites = usable.length ? usable : modernSuites;
  const [credential] = context.credentials;
  return {
    provider: nodeCrypto,
    certificateCache: certificateCacheOf(nodeCrypto),
    suites,
    insecure: true,
    alpn,
    handshakeTimeout,
    ...(keyLog && { keyLog }),
    ...(context.groups && { groups: context.groups }),
    ...(context.schemes && { signatureSchemes: context.schemes }),
    ...(servername && { serverName: servername }),
    ...(credential && { credentials: context.credentials.length > 1 ? context.credentials : credential }),
    ...(requestOcsp && { ocsp: ocsp.request }),
    ...(psk && suites.some(({ authentication }) => authentication === "psk") && { psk: (hint) => keyFor(psk, hint) }),
    sessions: keepSessions({
      tickets: context.tickets,
      store: { get: () => session, set: (_, state) => onSession(state), delete() {} },
    }),
  };
}

function keyFor(psk: NonNullable<ClientSettings["psk"]>, hint: string | undefined): PresharedKey | undefined {
  const key = psk(hint ?? null);
  if (!key) return undefined;
  const { psk: bytes, identity } = key;
  return { identity, key: new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength) };
}
