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
 * Opens a channel from a page: to a `ws:` or `wss:` URL, or over a transport of your own. With `ca` or a pinned CA, the
 * server's certificate must be for `serverName`, by default the URL's host. Without `ca`, `pins`, `trust`, `insecure`
 * or `psk`, `connect` rejects before it sends a byte.
 * @throws TlsError
 * @example
 * const channel = await connect("wss://relay.example/device", { ca: pem, serverName: "device.internal" });
 */
export async function connect(target: string | URL | Transport, options: ConnectOptions = {}): Promise<TlsConnection> {
  return withExplanation(() => {
    const known = optionsOf(options, clientOptions());
    const { provider = defaultProvider() } = known;
    if (isTransport(target)) return connectOver(target, { ...known, provider });
    const url = urlOf(target);
    const { sessionScope = url.host, serverName = url.hostname.replace(/^\[(.*)\]$/, "$1") } = known;
    return connectOver(() => openWebSocket(url), { ...known, provider, sessionScope, serverName });
  });
}

/** Looks for an address first: a program that adds `start` to Object.prototype must not make transports of URLs. */
const isTransport = (target: string | Partial<URL & Transport> | null): target is Transport =>
  typeof target === "object" && !target?.href && typeof target?.start === "function";

/** Resolves the address against the page's URL. `http:` and `https:` become `ws:` and `wss:`. */
function urlOf(target: string | URL): URL {
  try {
    const text = typeof target === "string" ? target : target.href;
    const url = new URL(text, globalThis.location?.href);
    url.protocol = url.protocol.replace(/^http/, "ws");
    if (text && /^wss?:$/.test(url.protocol)) return url;
  } catch {
    // The text is not a URL. It is refused below, like a URL of another scheme.
  }
  throw wrongOption("the address", target, "ws://…, wss://… or a transport");
}
