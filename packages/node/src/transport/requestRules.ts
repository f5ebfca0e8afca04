/**
 * Which requests may become a WebSocket, by their Origin and Host headers. A browser lets every page open a WebSocket
 * to every address and says which page it is, in Origin. A name that its owner points at 127.0.0.1 brings a page to
 * servers that only this computer reaches (DNS rebinding); the Host header tells.
 * @module
 */

import type { IncomingMessage } from "node:http";
import { isIP } from "node:net";
import { TlsError } from "@handclasp/core";
import { configurationError, printable } from "@handclasp/core/unstable";

export interface RequestRules {
  /**
   * Origins of pages that may connect from a host other than the Host header's: `"https://app.example"`, exactly as a
   * browser says it; `"null"` for pages without an origin (files, sandboxed frames), which any site can make one of its
   * pages. A request without Origin does not come from a page and needs none of them.
   */
  origins?: readonly string[];
  /**
   * Names that the Host header may have, without port. A listener on a loopback address takes these beside `localhost`,
   * `*.localhost` and loopback addresses; any other listener takes only these, and every name where they are not given.
   */
  hosts?: readonly string[];
}

/** Told of a request that was refused for its Origin or Host: at most once a minute for the same two values. */
export type OnRefused = (error: TlsError, request: IncomingMessage) => void;

/** How long the same two values are not told again, ms. */
export const quiet = 60_000;
/** How many pairs of values are told in that time: a peer can send any number of them, and each one is kept. */
const maxTold = 64;
/** Characters of a header that are kept and told: names of hosts have 253 at most. */
const maxShown = 300;

/**
 * Says whether a request is let in, and tells `onRefused` why not. `isLoopback`: it came to a loopback address.
 * @throws TlsError `configuration` for an entry that no browser sends
 */
export function requestRules(
  { origins, hosts }: RequestRules,
  onRefused: OnRefused | undefined,
  now: () => number = () => performance.now(),
): (request: IncomingMessage, isLoopback: boolean) => boolean {
  const listed = new Set((origins ?? []).map(checkedOrigin));
  const named = new Set((hosts ?? []).map(checkedHost));
  const told = new Map<string, number>();

  const isNews = (key: string): boolean => {
    const at = now();
    for (const [old, since] of told) if (at - since >= quiet) told.delete(old);
    if (told.has(key) || told.size >= maxTold) return false;
    told.set(key, at);
    return true;
  };

  return (request, isLoopback) => {
    const { host: sent = "", origin } = request.headers;
    // Of several, Node.js takes the first; a proxy before us may have gone by another (RFC 9112 §3.2).
    const host = request.headersDistinct?.host?.join(", ") ?? sent;
    const name = hostOf(host);
    const hostFits =
      (!isLoopback && hosts === undefined) ||
      (name !== undefined && (named.has(name) || (isLoopback && isLoopbackName(name))));
    const originFits =
      origin === undefined || listed.has(origin) || (name !== undefined && hostOfOrigin(origin) === name);
    if (hostFits && originFits) return true;
    if (onRefused && isNews(JSON.stringify([shown(host), origin && shown(origin)])))
      tell(onRefused, refusal(host, origin, hostFits, originFits), request);
    return false;
  };
}

/** Tells of a refusal. A function that throws, or rejects, must not end the process. */
export function tell(onRefused: OnRefused | undefined, error: TlsError, request: IncomingMessage): void {
  const failed = (thrown: unknown): void => console.error("handclasp: onRefused of the application threw:", thrown);
  try {
    const told: unknown = onRefused?.(error, request);
    if (told instanceof Promise) told.catch(failed);
  } catch (thrown) {
    failed(thrown);
  }
}

/** 127.0.0.0/8 and ::1, the former as IPv6 writes it too. */
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
  const values = `Origin ${origin === undefined ? "absent" : JSON.stringify(shown(origin))}, Host ${JSON.stringify(shown(host))}`;
  const name = hostOf(host);
  const options = [
    ...(hostFits ? [] : [name && `hosts: [${JSON.stringify(shown(name))}]`]),
    ...(originFits ? [] : [origin && isOrigin(origin) && `origins: [${JSON.stringify(shown(origin))}]`]),
  ];
  const why = hostFits
    ? "the page's origin is of another host, and is none of `origins`"
    : "the Host header names no host of this listener";
  return new TlsError(undefined, `a WebSocket was refused: ${why} (${values})`, {
    code: hostFits ? "origin_refused" : "host_refused",
    advice: options.every(Boolean)
      ? `if it is yours, let it in with ${options.join(", ")}`
      : "no option lets it in: it is no origin or no host",
  });
}

const shown = (header: string): string => printable(header, maxShown);

/** As a browser writes it: no path, no port that goes without saying, lower case. */
const isOrigin = (text: string): boolean =>
  text === "null" ||
  (/^https?:/i.test(text)
    ? URL.canParse(text) && new URL(text).origin === text
    : /^(?!wss?:)[a-z][a-z0-9+.-]*:\/\//.test(text) && hostOfOrigin(text) !== undefined && text === text.toLowerCase());

function checkedOrigin(text: string): string {
  if (isOrigin(text)) return text;
  // A page that opens wss: has an origin of https:.
  const url = text.replace(/^ws/i, "http");
  const meant = URL.canParse(url) ? new URL(url).origin : "null";
  throw configurationError(
    `origins: ${JSON.stringify(shown(text))} is no origin`,
    meant === "null" ? 'name each one, such as "https://app.example", or "null"' : `write ${JSON.stringify(meant)}`,
  );
}

function checkedHost(text: string): string {
  const bare = isIP(text) === 6 ? `[${text}]` : text;
  const name = hostOf(bare);
  // Browsers write the one form of an IPv6 address.
  if (name?.length === bare.length && URL.canParse(`ws://${name}`))
    return name.startsWith("[") ? new URL(`ws://${name}`).hostname : name;
  throw configurationError(
    `hosts: ${JSON.stringify(shown(text))} is no host`,
    'a name or an address without port, such as "app.example"',
  );
}
