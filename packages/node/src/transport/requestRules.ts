/**
 * Decides by Origin and Host which requests may become a WebSocket. A browser lets every page open a WebSocket to every
 * address, and names the page's origin in Origin. A page whose host name resolves to 127.0.0.1 reaches servers that
 * only this computer should reach (DNS rebinding); the Host header reveals that name.
 * @module
 */

import type { IncomingMessage } from "node:http";
import { isIP } from "node:net";
import { TlsError } from "@handclasp/core";
import { configurationError, printable } from "@handclasp/core/unstable";

export interface RequestRules {
  /**
   * The origins of pages that may connect although their host is not that of the Host header, exactly as a browser
   * sends them: `"https://app.example"`. `"null"` lets in pages without an origin (files, sandboxed frames); any site
   * can make such a page. A request without Origin does not come from a page, and is not checked against `origins`.
   */
  origins?: readonly string[];
  /**
   * The names that the Host header may have, without port. A listener on a loopback address accepts them in addition to
   * `localhost`, `*.localhost` and loopback addresses. Any other listener accepts only them, or without them every
   * name.
   */
  hosts?: readonly string[];
}

/** Called for a request that was refused for its Origin or Host, at most once a minute for the same two values. */
export type OnRefused = (error: TlsError, request: IncomingMessage) => void;

/** The time in which `onRefused` is called only once for the same Origin and Host, ms. */
export const reportInterval = 60_000;
/**
 * The most pairs of Origin and Host that are reported in that time. Each is remembered, and a peer can send any number.
 */
const maxReported = 64;
/** The most characters of a header that are remembered and reported. A host name has at most 253. */
const maxHeader = 300;

/**
 * Returns a function that says whether a request is accepted, and calls `onRefused` if not. Its `isLoopback` says
 * whether the request arrived at a loopback address.
 * @throws TlsError `configuration` for an entry that no browser would send
 */
export function requestRules(
  { origins, hosts }: RequestRules,
  onRefused: OnRefused | undefined,
  now: () => number = () => performance.now(),
): (request: IncomingMessage, isLoopback: boolean) => boolean {
  const allowedOrigins = new Set((origins ?? []).map(checkedOrigin));
  const allowedHosts = new Set((hosts ?? []).map(checkedHost));
  const reported = new Map<string, number>();

  const shouldReport = (key: string): boolean => {
    const at = now();
    for (const [old, since] of reported) if (at - since >= reportInterval) reported.delete(old);
    if (reported.has(key) || reported.size >= maxReported) return false;
    reported.set(key, at);
    return true;
  };

  return (request, isLoopback) => {
    const { host: firstHost = "", origin } = request.headers;
    // `headers.host` is the first of several Host headers, but a proxy may have used another one (RFC 9112 §3.2).
    const host = request.headersDistinct?.host?.join(", ") ?? firstHost;
    const name = hostOf(host);
    const hostFits =
      (!isLoopback && hosts === undefined) ||
      (name !== undefined && (allowedHosts.has(name) || (isLoopback && isLoopbackName(name))));
    const originFits =
      origin === undefined || allowedOrigins.has(origin) || (name !== undefined && hostOfOrigin(origin) === name);
    if (hostFits && originFits) return true;
    if (onRefused && shouldReport(JSON.stringify([excerpt(host), origin && excerpt(origin)])))
      report(onRefused, refusal(host, origin, hostFits, originFits), request);
    return false;
  };
}

/** Calls `onRefused`. An error that it throws or rejects with must not end the process. */
export function report(onRefused: OnRefused | undefined, error: TlsError, request: IncomingMessage): void {
  const onThrow = (thrown: unknown): void => console.error("handclasp: onRefused of the application threw:", thrown);
  try {
    const returned: unknown = onRefused?.(error, request);
    if (returned instanceof Promise) returned.catch(onThrow);
  } catch (thrown) {
    onThrow(thrown);
  }
}

/** True for ::1, for 127.0.0.0/8 and for its IPv4-mapped IPv6 addresses. */
export const isLoopbackAddress = (address: string | undefined): boolean =>
  address !== undefined && /^(::ffff:)?127\.|^::1$/i.test(address);

const isLoopbackName = (name: string): boolean =>
  /^([a-z0-9_-]+\.)*localhost$/.test(name) || name === "[::1]" || (isIP(name) === 4 && isLoopbackAddress(name));

/** The name in a Host header, in lower case; an IPv6 address is in brackets. */
const hostOf = (host: string): string | undefined =>
  /^(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(:\d*)?$/.exec(host.toLowerCase())?.[1];

const hostOfOrigin = (origin: string): string | undefined => {
  const [, authority] = /^[a-z][a-z0-9+.-]*:\/\/(.+)$/i.exec(origin) ?? [];
  return authority && hostOf(authority);
};

function refusal(host: string, origin: string | undefined, hostFits: boolean, originFits: boolean): TlsError {
  const shownOrigin = origin === undefined ? "absent" : JSON.stringify(excerpt(origin));
  const values = `Origin ${shownOrigin}, Host ${JSON.stringify(excerpt(host))}`;
  const name = hostOf(host);
  const options = [
    ...(hostFits ? [] : [name && `hosts: [${JSON.stringify(excerpt(name))}]`]),
    ...(originFits ? [] : [origin && isOrigin(origin) && `origins: [${JSON.stringify(excerpt(origin))}]`]),
  ];
  const why = hostFits
    ? "the page comes from another host, and its origin is not in `origins`"
    : "the Host header is not a name of this listener";
  return new TlsError(undefined, `a WebSocket was refused: ${why} (${values})`, {
    code: hostFits ? "origin_refused" : "host_refused",
    advice: options.every(Boolean)
      ? `if you trust it, pass ${options.join(", ")}`
      : "no option accepts it, because it is not a valid origin or host",
  });
}

const excerpt = (header: string): string => printable(header, maxHeader);

/** Whether the text is an origin as browsers write it: lower case, without path and without default port. */
const isOrigin = (text: string): boolean =>
  text === "null" ||
  (/^https?:/i.test(text)
    ? URL.canParse(text) && new URL(text).origin === text
    : /^(?!wss?:)[a-z][a-z0-9+.-]*:\/\//.test(text) && hostOfOrigin(text) !== undefined && text === text.toLowerCase());

function checkedOrigin(text: string): string {
  if (isOrigin(text)) return text;
  // The origin of a page is https:, even if its WebSockets are wss:.
  const url = text.replace(/^ws/i, "http");
  const intended = URL.canParse(url) ? new URL(url).origin : "null";
  throw configurationError(
    `origins: ${JSON.stringify(excerpt(text))} is not an origin`,
    intended === "null"
      ? 'list each origin, such as "https://app.example", or "null"'
      : `use ${JSON.stringify(intended)}`,
  );
}

function checkedHost(text: string): string {
  const bare = isIP(text) === 6 ? `[${text}]` : text;
  const name = hostOf(bare);
  // Browsers write an IPv6 address in its canonical form.
  if (name?.length === bare.length && URL.canParse(`ws://${name}`))
    return name.startsWith("[") ? new URL(`ws://${name}`).hostname : name;
  throw configurationError(
    `hosts: ${JSON.stringify(excerpt(text))} is not a host`,
    'use a name or an address without port, such as "app.example"',
  );
}
