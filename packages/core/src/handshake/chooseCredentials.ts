import { TlsError } from "../errors.ts";
import { callHook, type Flow } from "../flow.ts";
import type { ClientHello } from "../wire/messages.ts";
import type { Offer } from "./agreement.ts";
import type { ServerConfig } from "./config.ts";

/** Returns the configuration for this client. If the server has a function that chooses credentials, calls it. */
export function* chooseCredentials(
  config: ServerConfig,
  { cipherSuites }: ClientHello,
  offer: Offer,
  raw: Uint8Array,
): Flow<ServerConfig> {
  const { chooseCredentials: choose } = config;
  if (!choose) return config;
  const { serverName = null, alpn = [] } = offer;
  // Copies, so that a function that sorts a list does not change the negotiation.
  const hello = { serverName, alpn: [...alpn], cipherSuites: [...cipherSuites], raw: raw.slice() };
  const chosen = yield* callHook(() => choose(hello));
  if (!chosen.credentials.length)
    throw new TlsError("unrecognized_name", `no certificate for ${serverName ?? "a client that names no server"}`);
  return { ...config, ...chosen };
}
