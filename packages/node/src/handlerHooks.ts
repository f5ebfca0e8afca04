/**
 * Notices about a connection between a server and the handlers of this package.
 * @module
 */
import type { ReloadOptions, TlsConnection } from "@handclasp/core";

/**
 * Called when the server begins to close, and when it closes a connection that is too old, so that a handler can say
 * goodbye to its peer. The signal `closing` does not serve that purpose: it also aborts at any other end, and needs an
 * AbortController for each connection.
 */
export const stopHooks: WeakMap<TlsConnection, (why: "stop" | "old") => void> = new WeakMap();

/**
 * Errors that a peer caused, with which a handler rejected. The server reports them as it reports errors of
 * connections: to `onError`, and not to the console, which any peer could fill.
 */
export const peerErrors: WeakSet<object> = new WeakSet();

/** The options of a server that `reload` must not change, because its handler depends on them. */
export const fixedOptions: WeakMap<object, readonly (keyof ReloadOptions)[]> = new WeakMap();
