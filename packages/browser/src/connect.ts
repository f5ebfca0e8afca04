import {
  type ConnectOptions as CoreConnectOptions,
  connect as connectOver,
  type TlsConnection,
  type Transport,
} from "@handclasp/core/client";
import { defaultProvider } from "./crypto/webCrypto.ts";
import { webSocketTransport } from "./transport/webSocket.ts";

export interface ConnectOptions extends CoreConnectOptions {
  /** Carries the channel instead of a WebSocket to the URL. */
  readonly transport?: Transport;
}

/**
 * Opens a channel from a page. The server's certificate must be for the URL's host, unless `serverName` says another.
 * Without `ca`, `pins` or `insecure` it is refused before any byte is sent.
 * @throws TlsError
 * @example
 * const channel = await connect("wss://relay.example/device", { ca: pem, serverName: "device.internal" });
 */
export async function connect(target: string | URL, options: ConnectOptions = {}): Promise<TlsConnection> {
  const url = new URL(target, globalThis.location?.href);
  const {
    transport,
    provider = defaultProvider(),
    sessionScope = url.host,
    serverName = url.hostname.replace(/^\[(.*)\]$/, "$1"),
  } = options;
  return connectOver(() => (transport === undefined ? webSocketTransport(new WebSocket(url)) : transport), {
    ...options,
    provider,
    sessionScope,
    serverName,
  });
}
