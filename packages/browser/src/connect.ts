import {
  type ConnectOptions,
  connect as connectOver,
  type TlsConnection,
  type Transport,
} from "@handclasp/core/client";
import { clientOptions, optionsOf, withExplanation, wrongOption } from "@handclasp/core/unstable";

import { defaultProvider } from "./crypto/webCrypto.ts";
import { openWebSocket } from "./transport/webSocket.ts";

/**
 * Opens a channel from a page: to a `ws:` or `wss:` URL, or over a transport of your own. The server's certificate must
 * be for the URL's host, unless `serverName` says another. Without `ca`, `pins` or `insecure` it is refused before any
 * byte is sent.
 * @throws TlsError
 * @example
 * const channel = await connect("wss://relay.example/device", { ca: pem, serverName: "device.internal" });
 */
export async function connect(target: string | URL | Transport, options: ConnectOptions = {}): Promise<TlsConnection> {
  return withExplanation(() => {
    const given = optionsOf(options, clientOptions());
    const { provider = defaultProvider() } = given;
    if (isTransport(target)) return connectOver(target, { ...given, provider });
    const url = urlOf(target);
    const { sessionScope = url.host, serverName = url.hostname.replace(/^\[(.*)\]$/, "$1") } = given;
    return connectOver(() => openWebSocket(url), { ...given, provider, sessionScope, serverName });
  });
}

const isTransport = (target: unknown): target is Transport =>
  typeof (target as Partial<Transport> | undefined)?.start === "function";

/** Relative ones are the page's, and a page's scheme stands for the one of its WebSockets. */
function urlOf(target: string | URL): URL {
  try {
    const text = typeof target === "string" ? target : target.href;
    const url = new URL(text, globalThis.location?.href);
    url.protocol = url.protocol.replace(/^http/, "ws");
    if (text && /^wss?:$/.test(url.protocol)) return url;
  } catch {
    // The error below covers every invalid address.
  }
  throw wrongOption("the address", target, "ws://…, wss://… or a transport");
}
