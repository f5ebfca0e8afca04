/**
 * The check of the options of a socket or a stream.
 * @module
 */
import type { ConnectOptions } from "@handclasp/core/client";
import { configurationError, optionsOf, wrongOption } from "@handclasp/core/unstable";

import type { SocketOptions } from "./link.ts";

/**
 * @param rows the table of the options of `connect`
 * @throws TlsError `configuration`
 */
export function checkedOptions<Options extends ConnectOptions>(
  options: SocketOptions<Options>,
  rows: () => readonly string[],
): SocketOptions<Options> {
  const { reconnect } = (options ?? {}) as { readonly reconnect?: unknown };
  // Many people try this first.
  if (reconnect === true) throw wrongOption("reconnect", reconnect, "the result of a call: reconnect()");
  const known = optionsOf(options, ownRows(rows()));
  if ((known as Options).alpn)
    throw configurationError("alpn is set by the socket itself", "ask for protocols instead");
  return known;
}

const tables = new WeakMap<readonly string[], readonly string[]>();

function ownRows(base: readonly string[]): readonly string[] {
  const own = tables.get(base) ?? [
    ...base,
    "any carrier",
    "string|string[] protocols",
    "1~2147483647 maxMessage",
    "function reconnect.open",
  ];
  tables.set(base, own);
  return own;
}
