import {
  type ConnectOptions as CoreConnectOptions,
  connect as connectOver,
  type TlsConnection,
  type TlsError,
  type Transport,
} from "@handclasp/core";
import { clientOptions, configurationError, optionsOf, withExplanation, wrongOption } from "@handclasp/core/unstable";

import { certificatesOf } from "./certificates.ts";
import { nodeCrypto } from "./crypto/nodeCrypto.ts";
import { checkRoots } from "./systemRoots.ts";
import { type ConnectWebSocketOptions, checkedWebSocket, webSocketDialer } from "./transport/connectWebSocket.ts";
import { connectTcp } from "./transport/tcp.ts";

export interface ConnectOptions extends CoreConnectOptions {
  /**
   * The trust anchors for the server's certificate: PEM, DER or parsed. `await systemRoots()` returns the public
   * authorities. Over a WebSocket they require a `serverName` other than the URL's host, or `pins`, because the server
   * of the outer TLS has a public certificate for that host.
   */
  readonly ca?: CoreConnectOptions["ca"];
  /** Options of the WebSocket: headers, agent, CA of the outer TLS. */
  readonly webSocket?: ConnectWebSocketOptions;
}

/**
 * Opens a channel to `ws:`, `wss:` or `tcp://host:port`, or over a transport of your own. The server's certificate must
 * be for the URL's host, or for `serverName` if you pass one. Without `ca`, `pins`, `trust` or `insecure`, the call
 * fails before any byte is sent.
 * @throws TlsError
 * @example
 * const channel = await connect("ws://localhost:8443/", { ca: await readFile("ca.pem", "utf8") });
 */
export async function connect(target: string | URL | Transport, options: ConnectOptions = {}): Promise<TlsConnection> {
  return withExplanation(() => {
    const { webSocket, ...channelOptions } = optionsOf(options, connectOptions());
    if (!isTransport(target)) return connectTo(urlOf(target), channelOptions, webSocket);
    checkRoots(channelOptions, undefined);
    if (webSocket) throw noWebSocket("has no effect together with a transport");
    return connectOver(target, withDefaults(channelOptions));
  });
}

let knownOptions: readonly string[] | undefined;

function connectOptions(): readonly string[] {
  knownOptions ??= [...clientOptions(), "object webSocket"];
  return knownOptions;
}

async function connectTo(
  url: URL,
  options: CoreConnectOptions,
  webSocket: ConnectWebSocketOptions | undefined,
): Promise<TlsConnection> {
  const { serverName = hostOf(url), sessionScope = url.host } = options;
  const isWebSocket = url.protocol !== "tcp:";
  if (webSocket && !isWebSocket) throw noWebSocket("has no effect with tcp:");
  checkRoots(options, isWebSocket ? hostOf(url) : undefined);
  const outer = checkedWebSocket(webSocket ?? {}, "webSocket.");
  const dial = isWebSocket ? await webSocketDialer() : undefined;
  const open = (): Transport => dial?.(url, outer) ?? connectTcp({ host: hostOf(url), port: Number(url.port) });
  return connectOver(open, withDefaults({ ...options, serverName, sessionScope }));
}

function withDefaults(options: CoreConnectOptions): CoreConnectOptions {
  const { provider = nodeCrypto } = options;
  const { certificateCache = certificatesOf(provider) } = options;
  return { ...options, provider, certificateCache };
}

const noWebSocket = (problem: string): TlsError =>
  configurationError(`webSocket ${problem}`, "remove it: it is for ws: and wss: addresses");

const isTransport = (target: unknown): target is Transport =>
  typeof (target as Partial<Transport> | null | undefined)?.send === "function" &&
  typeof (target as Partial<Transport>).start === "function";

function urlOf(target: unknown): URL {
  // A URL may come from another realm, so `instanceof` would miss it.
  const text = typeof target === "string" ? target : (target as URL | null | undefined)?.href;
  const url = typeof text === "string" && URL.canParse(text) ? new URL(text) : undefined;
  if (url && (/^wss?:$/.test(url.protocol) || (url.protocol === "tcp:" && url.hostname && url.port))) return url;
  throw wrongOption("the address", target, "ws://…, wss://… or tcp://host:port");
}

/** The host without the brackets of an IPv6 address. */
const hostOf = (url: URL): string => url.hostname.replace(/^\[(.*)\]$/, "$1");
