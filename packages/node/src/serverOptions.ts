import type { AcceptOptions, TlsConnection } from "@handclasp/core";
import { optionsOf, wrongOption } from "@handclasp/core/unstable";
import type { AdmissionOptions } from "./admission/admission.ts";
import type { TimeoutOptions } from "./admission/expiry.ts";
import type { ObserveOptions } from "./observe/observation.ts";
import { serverRows } from "./optionTables.ts";

export interface ServerOptions extends AcceptOptions, TimeoutOptions, ObserveOptions {
  /**
   * Called for each connection that fails, in its handshake or later, with the TlsError that ended it; and for each
   * handler that fails, with the value that it threw. By default the errors of handlers go to `console.error`, as does
   * one refused WebSocket a minute, and the errors of connections are dropped. `onError` does not get `peer_gone`: a
   * peer may leave without waiting for close_notify (RFC 5246 §7.2.1). `onError` is also called, without a connection,
   * for a WebSocket that was refused because of its Origin or Host header (`origin_refused`, `host_refused`; at most
   * once a minute for the same pair), or because `allow` failed (`hook_failed`; at most once a minute); and for a
   * connection that `admission` refused (`overloaded`; at most once a minute for each limit).
   */
  readonly onError?: (error: unknown, connection: TlsConnection | undefined) => void;
  /**
   * The connections and handshakes that the server admits, together and of each client. Beyond these limits, it refuses
   * new connections: over TCP it closes the socket, and a WebSocket gets the status 429 or 503. `false` for no limits.
   * Default: the limits of docs/admission.md.
   */
  readonly admission?: AdmissionOptions | false;
}

export function checkOptions(options: ServerOptions, handler: unknown): ServerOptions {
  const known = optionsOf(options, serverRows());
  if (typeof handler === "function") return known;
  throw wrongOption("the handler of connections", handler, "a function after the options: (channel, request) => …");
}
