/**
 * What both sides of a channel take, from flags to options.
 * @module
 */
import { type CommonOptions, noble, nodeCrypto } from "@handclasp/node";
import type { Events } from "./events.ts";
import { keyLogTo } from "./files.ts";
import { commaList, groupsOf, suitesOf } from "./names.ts";

export interface ChannelFlags {
  readonly alpn?: string;
  readonly suites?: string;
  readonly groups?: string;
  readonly keylog?: string;
  readonly provider: "node" | "noble";
  readonly json?: boolean;
  readonly trace?: boolean;
}

export function channelOptions(flags: ChannelFlags, events: Events): CommonOptions {
  const provider = flags.provider === "noble" ? noble : nodeCrypto;
  const suites = suitesOf(flags.suites, provider);
  const groups = groupsOf(flags.groups);
  return {
    provider,
    ...(suites && { suites }),
    ...(groups && { groups }),
    ...(flags.alpn !== undefined && { alpn: commaList("--alpn", flags.alpn) }),
    ...(flags.keylog !== undefined && { keyLog: keyLogTo(flags.keylog) }),
    ...(flags.trace && { trace: events.trace }),
  };
}
