/**
 * `fetch` over channels.
 * @module
 */
import type { ConnectOptions } from "@handclasp/core/client";
import { optionsOf, usageError } from "@handclasp/core/unstable";

import { bytesOf } from "./bytes.ts";
import type { HttpConnection } from "./connection.ts";
import { acceptedCodings } from "./contentCoding.ts";
import { closedError, failed, requestError } from "./errors.ts";
import { Exchange, type WireRequest } from "./exchange.ts";
import { defaultGrace, type Limits, maxRedirects } from "./limits.ts";
import { markHandled } from "./markHandled.ts";
import { type Destination, Pool } from "./pool.ts";
import { redirectOf } from "./redirect.ts";
import { checkRequest, type FetchInit, type FetchRequest } from "./request.ts";
import { responseOf } from "./response.ts";
import { discard } from "./responseBody.ts";
import type { ResponseHead } from "./responseParser.ts";
import { type Connect, overRoute, type Route } from "./target.ts";

/** A `fetch` whose requests travel in channels of Handclasp. */
export interface Fetch {
  /** As the platform's `fetch`. A relative URL is relative to the option `origin`. */
  (input: string | URL | Request, init?: FetchInit): Promise<Response>;
  /**
   * Closes unused connections at once and the others when their responses end. Later requests reject. A request that
   * waits for a connection rejects too. At the end of the grace period, the other requests and the bodies that were not
   * read to their end fail with the cause `closed_locally`. Resolves when all connections are given up, at the latest
   * then.
   * @param options.grace the time that responses have to be complete, in milliseconds. Default 5,000. Only the first
   * call's counts.
   * @throws TlsError `configuration` if an option is unknown or wrong
   * @example
   * import type { Fetch } from "@handclasp/fetch";
   * const shutDown = (channelFetch: Fetch) => channelFetch.close({ grace: 60_000 });
   */
  close(options?: { readonly grace?: number }): Promise<void>;
}

export interface FetchSetup<Options extends ConnectOptions> {
  readonly connect: Connect<Options>;
  /** The base of relative URLs. */
  readonly base: URL | undefined;
  /** The way to the origin of `base`. */
  readonly destination: Destination | undefined;
  /** The ways to all other origins. */
  readonly route: Route<Options> | undefined;
  readonly limits: Limits;
}

export function makeFetch<Options extends ConnectOptions>(setup: FetchSetup<Options>): Fetch {
  const fetcher = new Fetcher(setup);
  return Object.assign(
    (input: string | URL | Request, init?: FetchInit): Promise<Response> => markHandled(fetcher.fetch(input, init)),
    { close: (options?: { readonly grace?: number }): Promise<void> => fetcher.close(options) },
  );
}

interface Answer {
  readonly head: ResponseHead;
  readonly exchange: Exchange;
}

/** The methods that a client may repeat by itself (RFC 9110 §9.2.2). */
const idempotent: readonly string[] = ["GET", "HEAD", "OPTIONS", "PUT", "DELETE"];

class Fetcher<Options extends ConnectOptions> {
  readonly #setup: FetchSetup<Options>;
  /** The connections, by origin. An origin without connections has no entry. */
  readonly #pools = new Map<string, Promise<Pool>>();
  /** The exchanges that have a connection. */
  readonly #exchanges = new Set<Exchange>();
  /** Set by `close`. */
  #closed: Promise<void> | undefined;
  #onAllClosed: (() => void) | undefined;
  /** The error of all exchanges, once the grace period of `close` is over. */
  #lateError: TypeError | undefined;

  constructor(setup: FetchSetup<Options>) {
    this.#setup = setup;
  }

  async fetch(input: string | URL | Request, init: FetchInit | undefined): Promise<Response> {
    const { readBody, ...checked } = checkRequest(input, init, this.#setup.base);
    const request = { ...checked, body: await readBody() };
    try {
      return await this.#follow(request);
    } catch (error) {
      request.body?.cancel(error);
      throw error;
    }
  }

  async #follow(first: FetchRequest): Promise<Response> {
    let request = first;
    for (let redirects = 0; ; redirects++) {
      const { head, exchange } = await this.#send(request);
      let next: FetchRequest | undefined;
      try {
        next = redirectOf(request, head);
        if (next && redirects === maxRedirects)
          throw failed(requestError("redirect_refused", `the server redirects more than ${maxRedirects} times`));
        if (!next) return responseOf(request, head, exchange, redirects > 0);
      } catch (error) {
        exchange.fail(error);
        throw error;
      }
      await untilAborted(request.signal, exchange, () => discard(exchange));
      request = next;
    }
  }

  close(options: { readonly grace?: number } = {}): Promise<void> {
    const { grace = defaultGrace } = optionsOf(options, ["ms|0~0 grace"]);
    this.#closed ??= new Promise<void>((resolve) => {
      const timer = setTimeout(() => {
        this.#lateError = failed(closedError(grace));
        for (const exchange of this.#exchanges) exchange.fail(this.#lateError);
        resolve();
      }, grace);
      this.#onAllClosed = () => {
        clearTimeout(timer);
        resolve();
      };
      for (const pool of this.#pools.values()) void pool.then((one) => one.close(), ignore);
      if (!this.#pools.size) this.#onAllClosed();
    });
    return this.#closed;
  }

  /** Sends a request, and a second time if the server closed the used connection before it read the first. */
  async #send(request: FetchRequest): Promise<Answer> {
    const { method, body, signal } = request;
    const wire = headOf(request);
    const mayRepeat = idempotent.includes(method) && (!body || body.isReplayable);
    for (let isFresh = false; ; isFresh = true) {
      const pool = await this.#usablePool(request.url.origin, signal);
      const connection = await pool.take(signal, isFresh);
      const exchange = this.#exchangeOn(connection, pool, { method, head: wire, body: body?.open() });
      try {
        return { head: await untilAborted(signal, exchange, () => exchange.start()), exchange };
      } catch (error) {
        // A new connection was not used before, so the second attempt is the last.
        if (!mayRepeat || !connection.isReused || !exchange.isLost) throw error;
      }
    }
  }

  #exchangeOn(connection: HttpConnection, pool: Pool, request: WireRequest): Exchange {
    const exchange = new Exchange(connection, request, this.#setup.limits, (isReusable) => {
      this.#exchanges.delete(exchange);
      pool.give(connection, isReusable);
    });
    this.#exchanges.add(exchange);
    if (this.#lateError) exchange.fail(this.#lateError);
    return exchange;
  }

  /** The pool may lose its last connection while the request waits for it. The next one is another. */
  async #usablePool(origin: string, signal: AbortSignal | undefined): Promise<Pool> {
    for (;;) {
      if (this.#closed) throw failed(usageError("this fetch is closed"));
      const pool = await orAborted(this.#poolOf(origin), signal);
      if (!pool.isGone) return pool;
    }
  }

  #poolOf(origin: string): Promise<Pool> {
    let pool = this.#pools.get(origin);
    if (!pool) {
      pool = this.#makePool(origin);
      this.#pools.set(origin, pool);
      pool.catch(() => this.#forget(origin));
    }
    return pool;
  }

  async #makePool(origin: string): Promise<Pool> {
    const { base, destination, connect, route, limits } = this.#setup;
    const isOwn = destination && origin === base?.origin;
    const way = isOwn ? destination : await overRoute(connect, route, origin);
    return new Pool(way, limits, () => this.#forget(origin));
  }

  #forget(origin: string): void {
    this.#pools.delete(origin);
    if (!this.#pools.size) this.#onAllClosed?.();
  }
}

const ignore = (): void => {};

/** Runs a part of an exchange, and ends the exchange if the signal aborts meanwhile. */
async function untilAborted<T>(signal: AbortSignal | undefined, exchange: Exchange, run: () => Promise<T>): Promise<T> {
  const onAbort = (): void => exchange.fail(signal?.reason);
  signal?.addEventListener("abort", onAbort);
  if (signal?.aborted) onAbort();
  try {
    return await run();
  } finally {
    signal?.removeEventListener("abort", onAbort);
  }
}

/** Returns the result of a promise, unless the signal aborts before. */
async function orAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return promise;
  let onAbort = ignore;
  const aborted = new Promise<void>((resolve) => {
    onAbort = resolve;
    signal.addEventListener("abort", onAbort);
    if (signal.aborted) resolve();
  });
  try {
    await Promise.race([promise, aborted]);
    signal.throwIfAborted();
    return await promise;
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}

/** Characters that end neither the target of a request nor its line. The URL standard leaves no other. */
const requestTarget = /^\/[\x21-\x7e]*$/;

/** The request line and the fields. */
function headOf({ url, method, headers, body }: FetchRequest): Uint8Array {
  const target = url.pathname + url.search;
  if (!requestTarget.test(target)) throw new TypeError("the URL's path has characters that HTTP does not allow");
  const fields = new Headers(headers);
  fields.delete("host");
  if (!fields.has("accept")) fields.set("accept", "*/*");
  // A range of the coded bytes could not be decoded.
  if (!fields.has("accept-encoding"))
    fields.set("accept-encoding", fields.has("range") ? "identity" : acceptedCodings());
  const lines = [`${method} ${target} HTTP/1.1`, `host: ${url.host}`, ...[...fields].map((field) => field.join(": "))];
  if (body && body.length === undefined) lines.push("transfer-encoding: chunked");
  else if (body || method === "POST" || method === "PUT") lines.push(`content-length: ${body?.length ?? 0}`);
  return bytesOf(`${lines.join("\r\n")}\r\n\r\n`);
}
