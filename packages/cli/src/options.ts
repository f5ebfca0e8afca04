/**
 * Turns the flags that `serve` and `connect` share into options.
 * @module
 */
import { type CommonOptions, noble, nodeCrypto, type PresharedKey, type TraceListener } from "@handclasp/node";
import { UsageError } from "./errors.ts";
import type { Print } from "./events.ts";
import { keyLogTo } from "./files.ts";
import { commaList, groupsOf, suitesOf } from "./names.ts";
import type { Style } from "./style.ts";

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

/**
 * Turns the flags into options. `hasCertificates` is `false` if the client has no trust anchor, so that only a
 * pre-shared key authenticates.
 */
export function channelOptions(flags: ChannelFlags, hasCertificates = true): CommonOptions {
  const provider = flags.provider === "noble" ? noble : nodeCrypto;
  const suites = suitesOf(flags.suites, provider, flags.psk !== undefined, hasCertificates);
  const groups = groupsOf(flags.groups);
  return {
    provider,
    ...(suites && { suites }),
    ...(groups && { groups }),
    ...(flags.alpn !== undefined && { alpn: commaList("--alpn", flags.alpn) }),
    ...(flags.keylog !== undefined && { keyLog: keyLogTo(flags.keylog) }),
  };
}

/** The listener of `--trace`, whose code only that option loads. */
export async function traceOf(
  { trace, json }: ChannelFlags,
  print: Print,
  style: Style,
): Promise<TraceListener | undefined> {
  if (!trace) return undefined;
  const { jsonTrace, textTrace } = await import("./trace.ts");
  return json ? jsonTrace(print) : textTrace(print, style);
}

/** Parses `--psk IDENTITY:HEXKEY`. The error does not repeat the text, because it may be a secret. */
export function presharedKeys(texts: readonly string[] = []): PresharedKey[] {
  return texts.map((text) => {
    const [, identity, key] = /^(.+):((?:[0-9a-f]{2}){16,1024})$/i.exec(text) ?? [];
    if (!identity || !key) throw new UsageError("--psk: expected IDENTITY:HEXKEY with a key of 16 to 1024 bytes");
    return { identity, key: Buffer.from(key, "hex") };
  });
}
