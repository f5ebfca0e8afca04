/**
 * Lists the pages of WPT's folders `websockets` and `fetch/api`: each test file in each global scope and variant that
 * it asks for.
 * @module
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

export type Scope = "window" | "worker" | "sharedworker" | "serviceworker";

export interface Page {
  /** The test file, such as `/websockets/Close-1000.any.js`. */
  readonly file: string;
  /** The path that a browser opens, such as `/websockets/Close-1000.any.worker.html?wss`. */
  readonly path: string;
  readonly scope: Scope;
  /** The time that the harness allows, in milliseconds. */
  readonly timeout: number;
}

export const suites = ["websockets", "fetch"] as const;
export type Suite = (typeof suites)[number];

/** The folder of each suite. */
export const folders: Readonly<Record<Suite, string>> = { websockets: "websockets", fetch: "fetch/api" };

/** Files of `fetch/api` that are not judged, with the reason. `createFetch` has none of these things. */
export const outsideFetch: readonly (readonly [pattern: RegExp, reason: string])[] = [
  [/\/cors\/|mode-no-cors|mode-same-origin|headers-no-cors/, "CORS"],
  [
    /\/credentials\/|redirect-back-to-original-origin|redirect-origin/,
    "cookies, HTTP authentication and other origins",
  ],
  [/\/policies\/|referrer/, "policies of pages and the Referer header"],
  [/request-cache|conditional-get|\/abort\/cache/, "the cache"],
  [/keepalive/, "requests that outlive their page"],
  [/integrity/, "subresource integrity"],
  [/scheme-|redirect-to-dataurl|mediasource/, "URLs of other schemes"],
  [/\.h2\./, "HTTP/2"],
  [/forbidden-headers|private-network|request-bad-port|\/request\/request-headers/, "what a browser forbids to pages"],
  [/\/gc\.|huge-fetch/, "the garbage collector, and a response of 8 GB"],
  [/\/multi-globals\/|\/destination\/|idlharness|\.window\.js$/, "realms of pages"],
  [/\.html$/, "pages"],
];

/** Files of `websockets` that are not judged, with the reason. */
export const outside: readonly (readonly [pattern: RegExp, reason: string])[] = [
  [/\/cookies\//, "cookies at the upgrade"],
  [/\/unload-a-document\//, "what a page that is left does to its sockets"],
  [/\/back-forward-cache/, "the back/forward cache"],
  [/\/mixed-content/, "mixed content"],
  [/\/basic-auth/, "a user name and a password at the upgrade"],
  [/\/Create-blocked-port/, "ports that browsers block"],
  [/\/referrer\.any/, "the Referer header of the upgrade"],
  [/\/security\/002/, "a header that XMLHttpRequest may not set; no WebSocket takes part"],
  [/\/received-301/, "redirects of the upgrade"],
  [/\/opening-handshake\/003/, "the Origin header of the upgrade"],
];

/** Whether a file tests WebSocketStream. */
export const isStream = (file: string): boolean => file.startsWith("/websockets/stream/");

/** Files for a page, which a process of Node.js cannot run. */
const needsPage = /\/multi-globals\/|\/remove-own-iframe|\.worker\.js$|\/Create-on-worker-shutdown/;
/** HTTP/2 changes only the upgrade, which the browser does itself. */
const otherCarrier = /wpt_flags=h2/;

/** The `// META:` lines of a script, or the `<meta>` elements of a page. */
export interface Meta {
  readonly scripts: readonly string[];
  readonly variants: readonly string[];
  readonly scopes: readonly Scope[];
  readonly isLong: boolean;
  readonly title: string | undefined;
}

const scopesOf: Readonly<Record<string, readonly Scope[]>> = {
  window: ["window"],
  dedicatedworker: ["worker"],
  sharedworker: ["sharedworker"],
  serviceworker: ["serviceworker"],
  worker: ["worker", "sharedworker", "serviceworker"],
};

/** Reads the metadata of a script of the kinds `.any.js`, `.window.js` and `.worker.js`. */
export function scriptMeta(source: string): Meta {
  const lines = [...source.matchAll(/^\/\/ META: (\w+)=(.*?)\r?$/gm)].map(([, key = "", value = ""]) => ({
    key,
    value,
  }));
  const all = (key: string): string[] => lines.filter((line) => line.key === key).map(({ value }) => value);
  const globals = all("global")[0]?.split(",") ?? ["window", "dedicatedworker"];
  return {
    scripts: all("script"),
    variants: all("variant"),
    scopes: globals.flatMap((name) => scopesOf[name] ?? []),
    isLong: all("timeout")[0] === "long",
    title: all("title")[0],
  };
}

function pageMeta(source: string): Meta {
  const all = (name: string): string[] =>
    [...source.matchAll(new RegExp(`<meta name="?${name}"? content="?([^">]*)`, "g"))].map(([, value = ""]) => value);
  return {
    scripts: [],
    variants: all("variant"),
    scopes: ["window"],
    isLong: all("timeout")[0] === "long",
    title: undefined,
  };
}

/** @param engine Node.js has only the scope `window` */
export function listPages(tree: string, engine: string, suite: Suite = "websockets"): Page[] {
  const root = join(tree, folders[suite]);
  const files = readdirSync(root, { recursive: true, encoding: "utf8" })
    .map((file) => `/${folders[suite]}/${file}`)
    .filter((file) => /\.(js|html)$/.test(file) && !/\/(resources|support|handlers)\//.test(file))
    .filter((file) => !(suite === "fetch" ? outsideFetch : outside).some(([pattern]) => pattern.test(file)))
    .filter((file) => engine !== "node" || !needsPage.test(file))
    .sort();
  return files.flatMap((file) => pagesOf(file, readFileSync(join(tree, file), "latin1"), engine));
}

function pagesOf(file: string, source: string, engine: string): Page[] {
  const kind = /\.(any|window|worker)\.js$/.exec(file)?.[1];
  if (!kind && !(file.endsWith(".html") && source.includes("testharness.js"))) return [];
  const meta = kind ? scriptMeta(source) : pageMeta(source);
  const scopes = kind === "window" ? (["window"] as const) : kind === "worker" ? (["worker"] as const) : meta.scopes;
  const variants = (meta.variants.length ? meta.variants : [""]).filter((variant) => !otherCarrier.test(variant));
  const timeout = meta.isLong ? 60_000 : 10_000;
  return scopes
    .filter((scope) => engine !== "node" || scope === "window")
    .flatMap((scope) => {
      const suffix = kind === "any" && scope !== "window" ? `.${scope}.html` : ".html";
      return variants.map((variant) => ({
        file,
        path: file.replace(/\.(js|html)$/, suffix) + variant,
        scope,
        timeout,
      }));
    });
}
