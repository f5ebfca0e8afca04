/**
 * `fetch` over a channel.
 * @module
 */
import type { TlsConnection } from "@handclasp/core";
import { withExplanationSync } from "@handclasp/core/unstable/engine";
import {
  type FetchOptions as AddressOptions,
  type Fetch,
  type FetchOwnOptions,
  fetchOver,
  type Route as RouteOf,
} from "@handclasp/fetch";

import { type ConnectOptions, connect, connectOptions } from "./connect.ts";

export type * from "@handclasp/fetch";

/** The options of {@link createFetch} for an address. */
export type FetchOptions = AddressOptions<ConnectOptions>;

/** Gives the ways to origins. */
export type Route = RouteOf<ConnectOptions>;

/**
 * Makes a `fetch` whose requests travel in channels: to a server at a `ws:`, `wss:` or `tcp:` URL, over an open
 * channel, or by routes. docs/fetch.md says what differs from Node's own `fetch`.
 * @throws TlsError `configuration`
 * @example
 * const fetch = createFetch("tcp://device.example:443", { ca: await readFile("ca.pem", "utf8") });
 * const status = await (await fetch("/status")).json();
 */
export function createFetch(target: string | URL, options?: FetchOptions): Fetch;
export function createFetch(target: TlsConnection | Route, options?: FetchOwnOptions<ConnectOptions>): Fetch;
export function createFetch(target: string | URL | TlsConnection | Route, options: FetchOptions = {}): Fetch {
  return withExplanationSync(() => fetchOver<ConnectOptions>(connect, connectOptions, target, options));
}
