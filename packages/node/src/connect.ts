import {
  type ConnectOptions as CoreConnectOptions,
  connect as connectOver,
  type TlsConnection,
  type Transport,
} from "@handclasp/core";
import { configurationError } from "@handclasp/core/unstable";

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
 * Opens a channel to `ws:`, `wss:` or `tcp://host:port`, or over a transport of your own. The server's certificate must be for the URL's host, unless
 * `serverName` says another. Without `ca`, `pins` or `insecure` it is refused before any byte is sent.
 * @throws TlsError
 * @example
 * const channel = await connect("ws://localhost:8443/", { ca: await readFile("ca.pem", "utf8") });
 */
export async function connect(target: string | URL | Transport, options: ConnectOptions = {}): Promise<TlsConnection> {
  const { provider = nodeCrypto, webSocket } = options;
  const { certificateCache = certificatesOf(provider) } = options;
  given("webSocket", webSocket, typeof webSocket === "object" && webSocket, "an object of options");
  if (isTransport(target)) {
    checkRoots(options, undefined);
    given("webSocket", webSocket, false, "nothing where a transport is given: it carries the channel");
    return connectOver(target, { ...options, provider, certificateCache });
  }
  const url = urlOf(target);
  const { serverName = hostOf(url), sessionScope = url.host } = options;
  const isWebSocket = url.protocol !== "tcp:";
  checkRoots(options, isWebSocket ? hostOf(url) : undefined);
  const dial = isWebSocket ? await webSocketDialer() : undefined;
  return connectOver(() => dial?.(url, webSocket) ?? connectTcp({ host: hostOf(url), port: Number(url.port) }), {
    ...options,
    provider,
    certificateCache,
    serverName,
    sessionScope,
  });
}

const isTransport = (target: unknown): target is Transport =>
  typeof (target as Partial<Transport> | null | undefined)?.send === "function";

function urlOf(target: string | URL): URL {
  const text = String(target);
  if (!URL.canParse(text)) throw configurationError(`"${text}" is no URL`, "ws://…, wss://… or tcp://host:port");
  const url = new URL(text);
  if (!/^(wss?|tcp):$/.test(url.protocol))
    throw configurationError(`cannot connect to "${text}"`, "ws://…, wss://… or tcp://host:port");
  if (url.protocol === "tcp:" && !url.port) throw configurationError(`${text} names no port`, "tcp://host:port");
  return url;
}

/** The host without the brackets of an IPv6 address. */
const hostOf = (url: URL): string => url.hostname.replace(/^\[(.*)\]$/, "$1");
