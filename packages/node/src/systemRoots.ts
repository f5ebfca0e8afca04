/**
 * The root certificates that Node.js ships.
 * @module
 */

import { type Certificate, parseCertificate, TlsError } from "@handclasp/core";
import { configurationError, parsePemCertificates } from "@handclasp/core/unstable";

let roots: Promise<readonly Certificate[]> | undefined;
const shippedRoots = new WeakSet<object>();

/**
 * The roots of the public certificate authorities that Node.js ships (`rootCertificates` of node:tls), for `ca`. The
 * first call in a process loads and parses them. The list omits roots that Handclasp cannot parse.
 * @example
 * const channel = await connect("tcp://example.com:8443", { ca: await systemRoots() });
 * const both = await connect("tcp://example.com:8443", { ca: [...(await systemRoots()), pem] });
 */
export function systemRoots(): Promise<readonly Certificate[]> {
  roots ??= read();
  return roots;
}

async function read(): Promise<readonly Certificate[]> {
  const { rootCertificates } = await import("node:tls");
  const parsed = rootCertificates.flatMap(parsePemCertificates).flatMap((der) => {
    try {
      return [parseCertificate(der)];
    } catch (error) {
      if (TlsError.is(error)) return [];
      throw error;
    }
  });
  for (const root of parsed) shippedRoots.add(root);
  return Object.freeze(parsed);
}

/**
 * Refuses a `ca` that cannot authenticate the server. The endpoint of a WebSocket's outer TLS has a public certificate
 * for the URL's host. In the inner TLS, a chain to a public root therefore does not prove that the peer is the inner
 * server.
 * @param host the URL's host if a WebSocket carries the connection, otherwise `undefined`
 * @throws TlsError `configuration`
 */
export function checkRoots(
  { ca, pins, serverName }: { readonly ca?: unknown; readonly pins?: unknown; readonly serverName?: unknown },
  host: string | undefined,
): void {
  const sources: readonly unknown[] = Array.isArray(ca) ? ca : [ca];
  if (sources.includes("system"))
    throw configurationError(
      'ca: "system" is not a certificate',
      "ca: await systemRoots(), or ca: [...(await systemRoots()), own]",
    );
  if (host === undefined || !sources.some(isShippedRoot)) return;
  const why = "the endpoint of the outer TLS has a public certificate for the host of the URL";
  if (serverName === undefined)
    throw configurationError(
      "systemRoots() over a WebSocket without serverName",
      `set serverName to a name that only the inner server has a certificate for: ${why}`,
    );
  if (typeof serverName === "string" && sameHost(serverName, host) && !(Array.isArray(pins) && pins.length))
    throw configurationError(
      `systemRoots() over a WebSocket with the serverName ${host}, which is the host of the URL`,
      `${why}: give the inner server another name, add pins, or trust your own CA`,
    );
}

const isShippedRoot = (source: unknown): boolean => shippedRoots.has(source as object);

/** Compares the names as URLs, because an address can be written in several ways. */
function sameHost(name: string, host: string): boolean {
  const bare = withoutDot(name);
  const url = `ws://${bare.includes(":") && !bare.startsWith("[") ? `[${bare}]` : bare}`;
  return URL.canParse(url) && new URL(url).hostname.replace(/^\[(.*)\]$/, "$1") === withoutDot(host);
}

const withoutDot = (name: string): string => name.replace(/\.$/, "");
