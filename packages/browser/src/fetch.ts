/**
 * `fetch` over a channel.
 * @module
 */
import type { ConnectOptions, TlsConnection } from "@handclasp/core/client";
import { clientOptions } from "@handclasp/core/unstable";
import {
  type FetchOptions as AddressOptions,
  type Fetch,
  type FetchOwnOptions,
  fetchOver,
  type Route as RouteOf,
} from "@handclasp/fetch";

import { connect } from "./connect.ts";

export type * from "@handclasp/fetch";

/** The options of {@link createFetch} for an address. */
export type FetchOptions = AddressOptions<ConnectOptions>;

/** Gives the ways to origins. */
export type Route = RouteOf<ConnectOptions>;

/**
 * Makes a `fetch` whose requests travel in channels: to the server behind a WebSocket URL, over an open channel, or by
 * routes. docs/fetch.md says what differs from the page's own `fetch`.
 * @throws TlsError `configuration`
 * @example
 * const fetch = createFetch("wss://relay.example/device", { ca: pem, serverName: "device.internal" });
 * const status = await (await fetch("/status")).json();
 */
export function createFetch(target: string | URL, options?: FetchOptions): Fetch;
export function createFetch(target: TlsConnection | Route, options?: FetchOwnOptions<ConnectOptions>): Fetch;
export function createFetch(target: string | URL | TlsConnection | Route, options: FetchOptions = {}): Fetch {
  return fetchOver<ConnectOptions>(connect, clientOptions, target, options);
}
