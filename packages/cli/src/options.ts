/**
 * What both sides of a channel take, from flags to options.
 * @module
 */
import { type CommonOptions, noble, nodeCrypto, type PresharedKey } from "@handclasp/node";
import { UsageError } from "./errors.ts";
import type { Events } from "./events.ts";
import { keyLogTo } from "./files.ts";
import { commaList, groupsOf, suitesOf } from "./names.ts";

export interface ChannelFlags {
  readonly alpn?: string;
  readonly suites?: string;
  readonly psk?: readonly string[];
  readonly groups?: string;
  readonly keylog?: string;
  readonly provider: "node" | "noble";
  readonly json?: boolean;
  readonly trace?: boolean;
}

/** `certificates` false: nobody is trusted to issue any, so that a pre-shared key has to do. */
export function channelOptions(flags: ChannelFlags, events: Events, certificates = true): CommonOptions {
  const provider = flags.provider === "noble" ? noble : nodeCrypto;
  const suites = suitesOf(flags.suites, provider, flags.psk !== undefined, certificates);
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

/** Of `--psk IDENTITY:HEXKEY`. What is wrong with one is told without it. */
export function presharedKeys(texts: readonly string[] = []): PresharedKey[] {
  return texts.map((text) => {
    const [, identity, key] = /^(.+):((?:[0-9a-f]{2}){16,1024})$/i.exec(text) ?? [];
    if (!identity || !key) throw new UsageError("--psk: expected IDENTITY:HEXKEY, the key of 16 bytes or more");
    return { identity, key: Buffer.from(key, "hex") };
  });
}
