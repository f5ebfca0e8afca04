import { TlsError } from "../errors.ts";
import { callHook, type Flow } from "../flow.ts";
import type { ClientHello } from "../wire/messages.ts";
import type { ServerConfig } from "./config.ts";
import type { Offer } from "./session.ts";

/** The configuration for this client, where a function of the user's chooses the certificates. */
export function* chooseCredentials(
  config: ServerConfig,
  { cipherSuites }: ClientHello,
  offer: Offer,
  raw: Uint8Array,
): Flow<ServerConfig> {
  const { chooseCredentials: choose } = config;
  if (!choose) return config;
  const { serverName = null, alpn = [] } = offer;
  // Copies: whoever sorts a list must not change what is negotiated from.
  const hello = { serverName, alpn: [...alpn], cipherSuites: [...cipherSuites], raw: raw.slice() };
  const chosen = yield* callHook(() => choose(hello));
  if (!chosen.credentials.length)
    throw new TlsError("unrecognized_name", `no certificate for ${serverName ?? "a client that names no server"}`);
  return { ...config, ...chosen };
}
