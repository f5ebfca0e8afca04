/**
 * The rules that decide by Origin and Host which requests may become a WebSocket. A browser lets every page open a
 * WebSocket to every address, and sends the page's origin in the Origin header. With DNS rebinding, a page's own host
 * name resolves to 127.0.0.1, so that the page reaches servers of this computer. The Host header shows that name.
 * @module
 */

import type { IncomingMessage } from "node:http";
import { isIP } from "node:net";
import { TlsError } from "@handclasp/core";
import { configurationError, printable } from "@handclasp/core/unstable";

export interface RequestRules {
  /**
   * The origins of pages that may connect although their host differs from the Host header, such as
   * `"https://app.example"`, written exactly as a browser sends them. `"null"` allows pages with an opaque origin
   * (files, sandboxed frames), which every site can make. A request without an Origin header does not come from a page,
   * and is not checked against this list.
   */
  origins?: readonly string[];
  /**
   * The names that the Host header may have, without port. A listener on a loopback address accepts these names in
   * addition to `localhost`, `*.localhost` and loopback addresses. Any other listener accepts only these names, or
   * every name if the option is not set.
   */
  hosts?: readonly string[];
}

/**
 * Called for a request that was refused because of its Origin or Host, at most once a minute for the same pair of
 * values; and if `allow` failed, at most once a minute.
 */
export type OnRefused = (error: TlsError, request: IncomingMessage) => void;

/** The shortest time between two reports of the same refusal, in milliseconds. */
export const reportInterval = 60_000;
/**
 * The most pairs of values that are reported in that time. A peer can send any number of pairs, and each reported pair
 * takes memory.
 */
const maxReported = 64;
/** The most characters of a header that are kept and reported. Host names have at most 253. */
const maxShownLength = 300;

/**
 * Makes a function that decides whether a request is accepted, and calls `onRefused` if it refuses the request.
 * `isLoopback` says whether the server listens on a loopback address.
 * @throws TlsError `configuration` for an entry that no browser sends
 */
export function requestRules(
  { origins, hosts }: RequestRules,
  onRefused: OnRefused | undefined,
  now: () => number = () => performance.now(),
): (request: IncomingMessage, isLoopback: boolean) => boolean {
  const allowedOrigins = new Set((origins ?? []).map(toOrigin));
  const allowedHosts = new Set((hosts ?? []).map(toHost));
  const reportedAt = new Map<string, number>();

  const shouldReport = (key: string): boolean => {
    const time = now();
    for (const [other, since] of reportedAt) if (time - since >= reportInterval) reportedAt.delete(other);
    if (reportedAt.has(key) || reportedAt.size >= maxReported) return false;
    reportedAt.set(key, time);
    return true;
  };

  return (request, isLoopback) => {
    const { host: firstHost = "", origin } = request.headers;
    // If there are several Host headers, Node.js takes the first, but a proxy may have used another (RFC 9112 §3.2).
    const host = request.headersDistinct?.host?.join(", ") ?? firstHost;
    const name = hostOf(host);
    const isHostAllowed =
      (!isLoopback && hosts === undefined) ||
      (name !== undefined && (allowedHosts.has(name) || (isLoopback && isLoopbackName(name))));
    const isOriginAllowed =
      origin === undefined || allowedOrigins.has(origin) || (name !== undefined && hostOfOrigin(origin) === name);
    if (isHostAllowed && isOriginAllowed) return true;
    if (onRefused && shouldReport(JSON.stringify([toPrintable(host), origin && toPrintable(origin)])))
      reportRefusal(onRefused, refusal(host, origin, isHostAllowed, isOriginAllowed), request);
    return false;
  };
}

/** Calls `onRefused`. If `onRefused` throws or rejects, the error goes to the console and does not end the process. */
export function reportRefusal(onRefused: OnRefused | undefined, error: TlsError, request: IncomingMessage): void {
  const failed = (thrown: unknown): void => console.error("handclasp: onRefused of the application threw:", thrown);
  try {
    const result: unknown = onRefused?.(error, request);
    Promise.resolve(result).catch(failed);
  } catch (thrown) {
    failed(thrown);
  }
}

/** True for 127.0.0.0/8, also as an IPv4-mapped IPv6 address, and for ::1. */
export const isLoopbackAddress = (address: string | undefined): boolean =>
  address !== undefined && /^(::ffff:)?127\.|^::1$/i.test(address);

const isLoopbackName = (name: string): boolean =>
  /^([a-z0-9_-]+\.)*localhost$/.test(name) || name === "[::1]" || (isIP(name) === 4 && isLoopbackAddress(name));

/** The host name in a Host header, in lower case. An IPv6 address is in brackets. */
const hostOf = (host: string): string | undefined =>
  /^(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(:\d*)?$/.exec(host.toLowerCase())?.[1];

const hostOfOrigin = (origin: string): string | undefined => {
  const [, authority] = /^[a-z][a-z0-9+.-]*:\/\/(.+)$/i.exec(origin) ?? [];
  return authority && hostOf(authority);
};

function refusal(host: string, origin: string | undefined, isHostAllowed: boolean, isOriginAllowed: boolean): TlsError {
  const values =
    `Origin ${origin === undefined ? "absent" : JSON.stringify(toPrintable(origin))}, ` +
    `Host ${JSON.stringify(toPrintable(host))}`;
  const name = hostOf(host);
  const options = [
    ...(isHostAllowed ? [] : [name && `hosts: [${JSON.stringify(toPrintable(name))}]`]),
    ...(isOriginAllowed ? [] : [origin && isOrigin(origin) && `origins: [${JSON.stringify(toPrintable(origin))}]`]),
  ];
  const reason = isHostAllowed
    ? "the page's origin is on another host, and is not in `origins`"
    : "the Host header has no name of this listener";
  return new TlsError(undefined, `a WebSocket was refused: ${reason} (${values})`, {
    code: isHostAllowed ? "origin_refused" : "host_refused",
    advice: !options.every(Boolean)
      ? "no option can allow it: it is not a valid origin or host"
      : origin === "null" && !isOriginAllowed
        ? `every site can make a page with the origin null, and ${options.join(", ")} would allow them all`
        : `if you trust it, allow it with ${options.join(", ")}`,
  });
}

const toPrintable = (header: string): string => printable(header, maxShownLength);

/** True for an origin as browsers write it: in lower case, without path and without the scheme's default port. */
const isOrigin = (text: string): boolean =>
  text === "null" ||
  (/^https?:/i.test(text)
    ? URL.canParse(text) && new URL(text).origin === text
    : /^(?!wss?:)[a-z][a-z0-9+.-]*:\/\//.test(text) && hostOfOrigin(text) !== undefined && text === text.toLowerCase());

function toOrigin(text: string): string {
  if (isOrigin(text)) return text;
  // Pages have http: and https: origins, also those that open a ws: or wss: WebSocket.
  const url = text.replace(/^ws/i, "http");
  const written = URL.canParse(url) ? new URL(url).origin : "null";
  throw configurationError(
    `origins: ${JSON.stringify(toPrintable(text))} is not an origin`,
    written === "null"
      ? 'list each origin, such as "https://app.example", or "null"'
      : `write ${JSON.stringify(written)}`,
  );
}

function toHost(text: string): string {
  const bracketed = isIP(text) === 6 ? `[${text}]` : text;
  const name = hostOf(bracketed);
  // Browsers send the canonical form of an IPv6 address.
  if (name?.length === bracketed.length && URL.canParse(`ws://${name}`))
    return name.startsWith("[") ? new URL(`ws://${name}`).hostname : name;
  throw configurationError(
    `hosts: ${JSON.stringify(toPrintable(text))} is not a host`,
    'give a name or an address without port, such as "app.example"',
  );
}
