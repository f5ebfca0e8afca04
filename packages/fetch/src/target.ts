/**
 * The ways to origins: the target of `createFetch`, and the routes that the program gives.
 * @module
 */
import type { ConnectOptions, TlsConnection } from "@handclasp/core/client";
import { configurationError, usageError, wrongOption } from "@handclasp/core/unstable";

import { failed, requestError } from "./errors.ts";
import type { Destination } from "./pool.ts";

/** Opens a channel to a URL: `connect` of @handclasp/browser or @handclasp/node. */
export type Connect<Options extends ConnectOptions> = (url: URL, options: Options) => Promise<TlsConnection>;

/** An address as `connect` takes it, with the options of `connect` for it. */
export type Address<Options extends ConnectOptions> = Omit<Options, "alpn"> & { readonly url: string | URL };

/**
 * Gives the way to an origin: an open channel, an address with its options, or `undefined` if requests may not go
 * there. Called when `fetch` has no connection to the origin.
 */
export type Route<Options extends ConnectOptions> = (
  origin: URL,
) => RouteResult<Options> | PromiseLike<RouteResult<Options>>;

type RouteResult<Options extends ConnectOptions> = TlsConnection | Address<Options> | undefined;

export const isChannel = (target: unknown): target is TlsConnection =>
  typeof (target as Partial<TlsConnection> | null | undefined)?.read === "function" &&
  typeof (target as Partial<TlsConnection>).closeWrite === "function";

/** The caller's channel. After its end, each request fails with the error that the channel gives. */
export const overChannel = (channel: TlsConnection): Destination => ({
  isSingle: true,
  async open() {
    const { alpn } = await channel.opened;
    // A server of another protocol could take a request for something else.
    if (alpn && alpn !== "http/1.1") throw usageError(`the channel is for the protocol ${alpn} instead of http/1.1`);
    return channel;
  },
});

/**
 * @throws TlsError `configuration`
 */
export function overAddress<Options extends ConnectOptions>(
  connect: Connect<Options>,
  { url, ...options }: Address<Options>,
): Destination {
  const address = addressOf(url);
  const lifetime = options.signal;
  return {
    isSingle: false,
    async open(signal) {
      // `connect` ends the channel when its signal aborts, so the request's signal may reach it only until it is open.
      const attempt = new AbortController();
      const stop = (): void => attempt.abort(signal?.reason);
      const end = (): void => attempt.abort(lifetime?.reason);
      signal?.addEventListener("abort", stop);
      lifetime?.addEventListener("abort", end);
      if (signal?.aborted) stop();
      if (lifetime?.aborted) end();
      const forget = (): void => lifetime?.removeEventListener("abort", end);
      try {
        const channel = await connect(address, {
          ...(options as unknown as Options),
          alpn: ["http/1.1"],
          signal: attempt.signal,
        });
        channel.closed.then(forget, forget);
        return channel;
      } catch (error) {
        forget();
        throw error;
      } finally {
        signal?.removeEventListener("abort", stop);
      }
    },
  };
}

/** @throws TypeError if there is no way to the origin */
export async function overRoute<Options extends ConnectOptions>(
  connect: Connect<Options>,
  route: Route<Options> | undefined,
  origin: string,
): Promise<Destination> {
  try {
    const target = await route?.(new URL(origin));
    if (target === undefined)
      throw requestError("no_route", `no channel leads to ${origin}`, "give the option `route`");
    if (isChannel(target)) return overChannel(target);
    if (typeof target !== "object" || !target)
      throw wrongOption("the result of route", target, "a channel or an object");
    checkAlpn(target);
    // The server must be the one that the request names, whatever carries the channel.
    const { serverName = hostOf(origin) } = target as { readonly serverName?: string };
    return overAddress(connect, { ...target, serverName });
  } catch (error) {
    throw failed(error);
  }
}

/** The host without the brackets of an IPv6 address. */
const hostOf = (origin: string): string => new URL(origin).hostname.replace(/^\[(.*)\]$/, "$1");

/** @throws TlsError `configuration` */
export function checkAlpn(options: object): void {
  if ("alpn" in options && options.alpn !== undefined)
    throw configurationError("alpn is set by fetch itself", "leave it out: the protocol is http/1.1");
}

/**
 * The address in the form that `connect` takes. In a page, it may be relative to the page's URL.
 * @throws TlsError `configuration`
 */
export function addressOf(given: unknown): URL {
  const text = typeof given === "string" ? given : (given as Partial<URL> | null | undefined)?.href;
  try {
    const url = new URL(text as string, globalThis.location?.href);
    url.protocol = url.protocol.replace(/^http/, "ws");
    if (text && url.host && /^(wss?|tcp):$/.test(url.protocol)) return url;
  } catch {
    // Refused below, like an address of another scheme.
  }
  throw wrongOption("the address", given, "ws://…, wss://…, in Node.js tcp://host:port, a channel or a route");
}
