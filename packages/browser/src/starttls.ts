/**
 * STARTTLS in a page: a client's connection that begins in plain text and becomes a channel.
 * @module
 */
import type { ConnectOptions, Transport } from "@handclasp/core/client";
import { PlainConnection, type PlainOptions } from "@handclasp/core/starttls";
import { connect } from "./connect.ts";

export { PlainConnection, type PlainOptions, type StartTls, type StartTlsOptions } from "@handclasp/core/starttls";

/**
 * A connection in plain text over a transport, for a server behind a WebSocket that carries bytes. Its `startTls` takes
 * the options of `connect`. For a server in a page, use `plainServer` of `@handclasp/core/starttls`.
 * @throws TlsError `configuration`
 * @example
 * import { webSocketTransport } from "@handclasp/browser";
 * import { plain } from "@handclasp/browser/starttls";
 * const imap = plain(webSocketTransport(new WebSocket("wss://relay.example/imap")));
 */
export const plain = (transport: Transport, options?: PlainOptions): PlainConnection<ConnectOptions> =>
  new PlainConnection(transport, connect, options);
