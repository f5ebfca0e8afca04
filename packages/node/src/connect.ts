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
  return withExplanation(() => {
    const { webSocket, ...given } = optionsOf(options, connectOptions());
    if (!isTransport(target)) return connectTo(urlOf(target), given, webSocket);
    checkRoots(given, undefined);
    if (webSocket) throw noWebSocket("beside a transport, which carries the channel");
    return connectOver(target, withDefaults(given));
  });
}

let all: readonly string[] | undefined;

function connectOptions(): readonly string[] {
  all ??= [...clientOptions(), "object webSocket"];
  return all;
}

async function connectTo(
  url: URL,
  options: CoreConnectOptions,
  webSocket: ConnectWebSocketOptions | undefined,
): Promise<TlsConnection> {
  const { serverName = hostOf(url), sessionScope = url.host } = options;
  const isWebSocket = url.protocol !== "tcp:";
  if (webSocket && !isWebSocket) throw noWebSocket("beside tcp:");
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

const noWebSocket = (where: string): TlsError =>
  configurationError(`webSocket ${where}`, "leave it out: it is for addresses with ws: and wss:");

const isTransport = (target: unknown): target is Transport =>
  typeof (target as Partial<Transport> | null | undefined)?.send === "function" &&
  typeof (target as Partial<Transport>).start === "function";

function urlOf(target: unknown): URL {
  // A URL may be one of another realm.
  const text = typeof target === "string" ? target : (target as URL | null | undefined)?.href;
  const url = typeof text === "string" && URL.canParse(text) ? new URL(text) : undefined;
  if (url && (/^wss?:$/.test(url.protocol) || (url.protocol === "tcp:" && url.hostname && url.port))) return url;
  throw wrongOption("the address", target, "ws://…, wss://… or tcp://host:port");
}

/** The host without the brackets of an IPv6 address. */
const hostOf = (url: URL): string => url.hostname.replace(/^\[(.*)\]$/, "$1");
