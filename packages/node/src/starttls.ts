/**
 * STARTTLS in Node.js: a connection that begins in plain text and becomes a channel, in both roles.
 * @module
 */
import {
  type AcceptOptions,
  accept,
  type ServerConfiguration,
  type TlsConnection,
  type Transport,
} from "@handclasp/core";
import { PlainConnection, type PlainOptions } from "@handclasp/core/starttls";
import { withExplanationSync } from "@handclasp/core/unstable/engine";
import { certificateCacheOf } from "./certificates.ts";
import { type ConnectOptions, connect } from "./connect.ts";
import { nodeCrypto } from "./crypto/nodeCrypto.ts";
import type { TlsServer } from "./server.ts";

export { PlainConnection, type PlainOptions, type StartTls, type StartTlsOptions } from "@handclasp/core/starttls";

/**
 * A client's connection in plain text, over a transport. Its `startTls` takes the options of `connect`, except
 * `webSocket`.
 * @throws TlsError `configuration`
 * @example
 * import { connectTcp } from "@handclasp/node";
 * import { plain } from "@handclasp/node/starttls";
 * const smtp = plain(connectTcp({ host: "mail.example", port: 587 }));
 */
export const plain = (transport: Transport, options?: PlainOptions): PlainConnection<ConnectOptions> =>
  withExplanationSync(() => new PlainConnection(transport, connect, options));

/**
 * A server's connection in plain text, over a transport. Its `startTls` takes the options of `createServer` except
 * `onError`, or the result of `createServer` or `serverConfig`. A server from `createServer` also calls its handler.
 * @throws TlsError `configuration`
 * @example
 * import { createServer as listen } from "node:net";
 * import { createServer, tcpTransport } from "@handclasp/node";
 * import { plainServer } from "@handclasp/node/starttls";
 * const server = createServer({ credentials: credential }, (channel) => channel.close());
 * listen(async (socket) => {
 *   const postgres = plainServer(tcpTransport(socket));
 *   const request = await postgres.read(8); // SSLRequest
 *   if (request) await postgres.startTls(server, { goAhead: new TextEncoder().encode("S") });
 * });
 */
export const plainServer = (
  transport: Transport,
  options?: PlainOptions,
): PlainConnection<AcceptOptions | ServerConfiguration | TlsServer> =>
  withExplanationSync(() => new PlainConnection(transport, acceptWith, options));

async function acceptWith(
  transport: Transport,
  options: AcceptOptions | ServerConfiguration | TlsServer,
): Promise<TlsConnection> {
  if (typeof options !== "object" || options === null) return accept(transport, options);
  if ("accept" in options) {
    const channel = options.accept(transport);
    await channel.opened;
    return channel;
  }
  if ("setCredentials" in options) return accept(transport, options);
  const { provider = nodeCrypto } = options;
  const { certificateCache = certificateCacheOf(provider) } = options;
  return accept(transport, { ...options, provider, certificateCache });
}
