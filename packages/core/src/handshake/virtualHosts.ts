import type { ClientRules, ServerConfig } from "./config.ts";

/**
 * The configuration of each virtual host. The binding of sessions is computed once for each configuration, so each has
 * only one.
 */
const configs = new WeakMap<ServerConfig, Map<ClientRules, ServerConfig>>();

/**
 * The configuration with the rules for client certificates of this name. A session holds the name and the binding of
 * these rules, so it is not resumed under others.
 */
export function configForHost(config: ServerConfig, serverName: string | undefined): ServerConfig {
  if (serverName === undefined || !config.virtualHosts.size) return config;
  // `matchesReference` ignores a dot at the end too, so a client cannot evade the rules by it.
  const name = serverName.replace(/\.$/, "");
  const rules = config.virtualHosts.get(name) ?? config.virtualHosts.get(`*${name.slice(name.indexOf("."))}`);
  if (!rules) return config;
  const known = configs.get(config) ?? new Map<ClientRules, ServerConfig>();
  configs.set(config, known);
  const forHost = known.get(rules) ?? { ...config, ...rules };
  known.set(rules, forHost);
  return forHost;
}
