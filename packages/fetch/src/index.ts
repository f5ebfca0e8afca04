/**
 * `fetch` over a channel. Pages import it from `@handclasp/browser/fetch` and programs of Node.js from
 * `@handclasp/node/fetch`, which connect it to a carrier.
 * @module
 */
import type { ConnectOptions, TlsConnection } from "@handclasp/core/client";
import { configurationError, optionsOf, wrongOption } from "@handclasp/core/unstable";

import { type Fetch, makeFetch } from "./fetch.ts";
import { defaultLimits, type FetchLimits, type Limits, limitRows } from "./limits.ts";
import {
  type Address,
  addressOf,
  type Connect,
  checkAlpn,
  isChannel,
  overAddress,
  overChannel,
  type Route,
} from "./target.ts";

export type { Fetch } from "./fetch.ts";
export type { FetchLimits } from "./limits.ts";
export type { FetchInit } from "./request.ts";
export type { Address, Connect, Route } from "./target.ts";

/** The options of `createFetch` for every target. */
export interface FetchOwnOptions<Options extends ConnectOptions> extends FetchLimits {
  /**
   * The origin of the server, such as `"https://device.internal"`, which relative URLs and Host are made of. Default:
   * `https://` with `serverName`, or with the host and port of the address.
   */
  readonly origin?: string | URL;
  /** Gives the ways to other origins. Default: requests and redirects to other origins reject. */
  readonly route?: Route<Options>;
}

/** The options of `createFetch` for an address: those of `connect` except `alpn`, and its own. */
export type FetchOptions<Options extends ConnectOptions> = Omit<Options, "alpn"> & FetchOwnOptions<Options>;

/** The place to which requests go: an address as `connect` takes it, an open channel, or routes. */
export type FetchTarget<Options extends ConnectOptions> = string | URL | TlsConnection | Route<Options>;

const ownRows: readonly string[] = ["any origin", "function route", ...limitRows];
const tables = new WeakMap<readonly string[], readonly string[]>();

/**
 * Makes a `fetch`.
 * @param rows the table of the options of `connect`
 * @throws TlsError `configuration`
 */
export function fetchOver<Options extends ConnectOptions>(
  connect: Connect<Options>,
  rows: () => readonly string[],
  target: FetchTarget<Options>,
  options: FetchOptions<Options> | FetchOwnOptions<Options>,
): Fetch {
  const hasAddress = typeof target !== "function" && !isChannel(target);
  const known = optionsOf(options, hasAddress ? tableOf(rows()) : ownRows);
  const { origin, route } = known;
  const { limits, channelOptions } = split(known);
  if (!hasAddress) {
    if (typeof target !== "function")
      return makeFetch({ connect, base: baseOf(origin, target), destination: overChannel(target), route, limits });
    if (route) throw configurationError("route is given twice", "leave the option out: the target is a route");
    const base = origin === undefined ? undefined : givenBase(origin);
    return makeFetch({ connect, base, destination: undefined, route: target, limits });
  }
  checkAlpn(known);
  const url = addressOf(target);
  // The certificate is checked for this name, whatever carries the channel.
  const { serverName = url.host } = channelOptions as { serverName?: string };
  const base = origin === undefined ? baseFor(serverName) : givenBase(origin);
  const destination = overAddress(connect, { ...channelOptions, url } as unknown as Address<Options>);
  return makeFetch({ connect, base, destination, route, limits });
}

function tableOf(base: readonly string[]): readonly string[] {
  const table = tables.get(base) ?? [...base, ...ownRows];
  tables.set(base, table);
  return table;
}

function split(options: object): { readonly limits: Limits; readonly channelOptions: object } {
  const limits: Limits = { ...defaultLimits };
  const channelOptions = {};
  for (const [name, value] of Object.entries(options))
    if (name in defaultLimits) Object.assign(limits, { [name]: value });
    else if (name !== "origin" && name !== "route") Object.assign(channelOptions, { [name]: value });
  return { limits, channelOptions };
}

function baseOf(origin: string | URL | undefined, channel: TlsConnection): URL {
  if (origin !== undefined) return givenBase(origin);
  const { serverName } = channel.session;
  if (serverName) return baseFor(serverName);
  throw configurationError("the channel has no serverName", "give the option `origin`");
}

/** The base for a name, an IP address, or a host with a port. */
function baseFor(host: string): URL {
  const isAddress = host.split(":").length > 2 && !host.startsWith("[");
  return new URL(`https://${isAddress ? `[${host}]` : host}/`);
}

function givenBase(origin: unknown): URL {
  const text = typeof origin === "string" ? origin : (origin as Partial<URL> | null)?.href;
  try {
    const url = new URL(text as string);
    if (/^https?:$/.test(url.protocol) && url.href === `${url.origin}/`) return url;
  } catch {
    // Refused below, like a URL with a path.
  }
  throw wrongOption("origin", origin, "https://host or https://host:port");
}
