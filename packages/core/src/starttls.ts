/**
 * STARTTLS: a connection that begins in plain text and becomes a channel, in both roles and over any transport.
 * @module
 */
import { type AcceptOptions, accept, type ServerConfiguration } from "./connection/accept.ts";
import { type ConnectOptions, connect } from "./connection/connect.ts";
import { PlainConnection, type PlainOptions } from "./connection/plain.ts";
import type { Transport } from "./connection/transport.ts";

export { PlainConnection, type PlainOptions, type StartTls, type StartTlsOptions } from "./connection/plain.ts";

/**
 * A client's connection in plain text. Its `startTls` takes the options of `connect`.
 * @throws TlsError `configuration`
 */
export const plain = (transport: Transport, options?: PlainOptions): PlainConnection<ConnectOptions> =>
  new PlainConnection(transport, connect, options);

/**
 * A server's connection in plain text. Its `startTls` takes the options of `accept`, or the result of `serverConfig`.
 * @throws TlsError `configuration`
 * @example
 * const imap = plainServer(transport);
 * await imap.write(new TextEncoder().encode("* OK ready\r\n"));
 * if ((await imap.readLine()) !== "a STARTTLS") throw new Error("this server needs TLS");
 * const goAhead = new TextEncoder().encode("a OK begin\r\n");
 * const channel = await imap.startTls({ credentials: [credential] }, { goAhead });
 */
export const plainServer = (
  transport: Transport,
  options?: PlainOptions,
): PlainConnection<AcceptOptions | ServerConfiguration> => new PlainConnection(transport, accept, options);
