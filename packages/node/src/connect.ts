import {
  type ConnectOptions as CoreConnectOptions,
  configurationError,
  connect as connectOver,
  type TlsConnection,
  type Transport,
} from "@handclasp/core";
import { certificatesOf } from "./certificates.ts";
import { nodeCrypto } from "./crypto/nodeCrypto.ts";
import { given } from "./given.ts";
import { checkRoots } from "./systemRoots.ts";
import { type ConnectWebSocketOptions, webSocketDialer } from "./transport/connectWebSocket.ts";
import { connectTcp } from "./transport/tcp.ts";

export interface ConnectOptions extends CoreConnectOptions {
  /**
   * Who is trusted to issue the server's certificate: PEM, DER or parsed. `await systemRoots()` are the public
   * authorities. Over a WebSocket they need a `serverName` other than the URL's host, or `pins`: whoever ends the outer
   * TLS has a public certificate for that host.
   */
  readonly ca?: CoreConnectOptions["ca"];
  /** Of the WebSocket that carries the channel: headers, agent, CA of the outer TLS. */
  readonly webSocket?: ConnectWebSocketOptions;
}

/**
 * Opens a channel to `ws:`, `wss:` or `tcp://host:port`. The server's certificate must be for the URL's host, unless `serverName` says another.
 * Without `ca`, `pins` or `insecure` it is refused before any byte is sent.
 * @throws TlsError
 * @example
 * const channel = await connect("ws://localhost:8443/", { ca: await readFile("ca.pem", "utf8") });
 */
export async function connect(target: string | URL, options: ConnectOptions = {}): Promise<TlsConnection> {
  if (!URL.canParse(String(target)))
    throw configurationError(`"${String(target)}" is no URL`, "ws://…, wss://… or tcp://host:port");
  const url = new URL(target);
  const { provider = nodeCrypto, serverName = hostOf(url), sessionScope = url.host, webSocket } = options;
  const { certificateCache = certificatesOf(provider) } = options;
  given("webSocket", webSocket, typeof webSocket === "object" && webSocket, "an object of options");
  const isWebSocket = /^wss?:$/.test(url.protocol);
  checkRoots(options, isWebSocket ? hostOf(url) : undefined);
  const dial = isWebSocket ? await webSocketDialer() : undefined;
  return connectOver(() => dial?.(url, webSocket) ?? open(url), {
    ...options,
    provider,
    certificateCache,
    serverName,
    sessionScope,
  });
}

/** The host without the brackets of an IPv6 address. */
const hostOf = (url: URL): string => url.hostname.replace(/^\[(.*)\]$/, "$1");

function open(url: URL): Transport {
  if (url.protocol !== "tcp:")
    throw configurationError(`cannot connect to "${url.href}"`, "ws://…, wss://… or tcp://host:port");
  if (!url.port) throw configurationError(`${url.href} names no port`, "tcp://host:port");
  return connectTcp({ host: hostOf(url), port: Number(url.port) });
}
