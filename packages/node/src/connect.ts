import {
  type ConnectOptions as CoreConnectOptions,
  connect as connectOver,
  type TlsConnection,
  type TlsError,
  type Transport,
} from "@handclasp/core";
import { clientOptions, configurationError, optionsOf, withExplanation, wrongOption } from "@handclasp/core/unstable";

import { certificateCacheOf } from "./certificates.ts";
import { nodeCrypto } from "./crypto/nodeCrypto.ts";
import { checkRoots } from "./systemRoots.ts";
import { type ConnectWebSocketOptions, checkWebSocketOptions, webSocketDialer } from "./transport/connectWebSocket.ts";
import { connectTcp } from "./transport/tcp.ts";

export interface ConnectOptions extends CoreConnectOptions {
  /**
   * The trusted CAs for the server's certificate, as PEM, DER or parsed. `await systemRoots()` returns the public CAs.
   * To use these over a WebSocket, also set `serverName`. It may be the URL's host only if you set `pins`, because the
   * endpoint of the outer TLS has a public certificate for that host.
   */
  readonly ca?: CoreConnectOptions["ca"];
  /** Options of the WebSocket that carries the connection, such as headers, agent and CA of the outer TLS. */
  readonly webSocket?: ConnectWebSocketOptions;
}

/**
 * Opens a channel to `ws:`, `wss:` or `tcp://host:port`, or over a transport of your own. With `ca` or a pinned CA, the
 * server's certificate must be for `serverName`, by default the URL's host. Without `ca`, `pins`, `trust`, `insecure`
 * or `psk`, `connect` rejects before it sends a byte.
 * @throws TlsError
 * @example
 * const channel = await connect("ws://localhost:8443/", { ca: await readFile("ca.pem", "utf8") });
 */
export async function connect(target: string | URL | Transport, options: ConnectOptions = {}): Promise<TlsConnection> {
  return withExplanation(() => {
    const { webSocket, ...coreOptions } = optionsOf(options, connectOptions());
    if (!isTransport(target)) return connectTo(urlOf(target), coreOptions, webSocket);
    checkRoots(coreOptions, undefined);
    if (webSocket) throw unusedWebSocket("the target is a transport");
    return connectOver(target, withDefaults(coreOptions));
  });
}

let optionRows: readonly string[] | undefined;

export function connectOptions(): readonly string[] {
  optionRows ??= [...clientOptions(), "object webSocket"];
  return optionRows;
}

async function connectTo(
  url: URL,
  options: CoreConnectOptions,
  webSocket: ConnectWebSocketOptions | undefined,
): Promise<TlsConnection> {
  const { serverName = hostOf(url), sessionScope = url.host } = options;
  const isWebSocket = url.protocol !== "tcp:";
  if (webSocket && !isWebSocket) throw unusedWebSocket("the address is tcp:");
  checkRoots(options, isWebSocket ? hostOf(url) : undefined);
  const outer = checkWebSocketOptions(webSocket ?? {}, "webSocket.");
  const dial = isWebSocket ? await webSocketDialer() : undefined;
  const open = (): Transport => dial?.(url, outer) ?? connectTcp({ host: hostOf(url), port: Number(url.port) });
  return connectOver(open, withDefaults({ ...options, serverName, sessionScope }));
}

function withDefaults(options: CoreConnectOptions): CoreConnectOptions {
  const { provider = nodeCrypto } = options;
  const { certificateCache = certificateCacheOf(provider) } = options;
  return { ...options, provider, certificateCache };
}

const unusedWebSocket = (why: string): TlsError =>
  configurationError(`webSocket is set, but ${why}`, "leave it out: it applies to ws: and wss: addresses alone");

const isTransport = (target: unknown): target is Transport =>
  typeof (target as Partial<Transport> | null | undefined)?.send === "function" &&
  typeof (target as Partial<Transport>).start === "function";

function urlOf(target: unknown): URL {
  // A URL object of another realm is not an `instanceof URL`.
  const text = typeof target === "string" ? target : (target as URL | null | undefined)?.href;
  const url = typeof text === "string" && URL.canParse(text) ? new URL(text) : undefined;
  if (url && (/^wss?:$/.test(url.protocol) || (url.protocol === "tcp:" && url.hostname && url.port))) return url;
  throw wrongOption("the address", target, "ws://…, wss://… or tcp://host:port");
}

/** The host without the brackets of an IPv6 address. */
const hostOf = (url: URL): string => url.hostname.replace(/^\[(.*)\]$/, "$1");
