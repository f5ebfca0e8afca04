/**
 * Runs one page of WPT in Node.js: makes globals of a page as far as the tests need them, and runs the page's scripts
 * in order.
 * @module
 */
import { runInThisContext } from "node:vm";
import { createFetch } from "@handclasp/node/fetch";
import { pageFetch } from "../inject/pageFetch.ts";
import { type PageReport, reportPath } from "../server/site.ts";
import type { Suite } from "../tests.ts";

const settings = JSON.parse(process.env.HANDCLASP_WPT_CHILD ?? "") as {
  url: string;
  limit: number;
  suite: Suite;
  ca?: string;
  carrier?: string;
};
const { url, limit, suite, ca, carrier } = settings;
const page = new URL(url);
const nodeFetch = globalThis.fetch;

/** The functions of testharness.js that this file calls. */
interface Harness {
  add_completion_callback(callback: (tests: PageReport["tests"], status: PageReport) => void): void;
  timeout(): void;
}

const define = (name: string | symbol, value: unknown): unknown =>
  Object.defineProperty(globalThis, name, { value, writable: true, enumerable: false, configurable: true });

for (const [name, value] of Object.entries(await classes())) if (value) define(name, value);
define("self", globalThis);
define("window", globalThis);
define("Window", Object.getPrototypeOf(globalThis).constructor);
define("location", page);
define("GLOBAL", { isWindow: () => false, isWorker: () => false, isShadowRealm: () => false });
if (suite === "websockets")
  define("fetch", (input: string, init?: RequestInit) => nodeFetch(new URL(input, page), init));
else {
  // With this, undici takes URLs of requests as relative to the page.
  define(Symbol.for("undici.globalOrigin.1"), page);
  if (ca && carrier) define("fetch", pageFetch(createFetch, { ca, carrier, page }));
}

let failure: string | undefined;
const onError = (error: unknown): void => {
  process.stderr.write(`${(error as Error | undefined)?.stack}\n`);
};
process.on("uncaughtException", onError);
process.on("unhandledRejection", onError);

const html = await load(url);
// The harness names tests after the title, where a page has none for them.
define("META_TITLE", /<title>([^<]*)<\/title>/.exec(html)?.[1]);
const scripts: { readonly source: string | undefined; readonly code: string }[] = [];
for (const [, attributes = "", code = ""] of html.matchAll(/<script([^>]*)>([\s\S]*?)<\/script>/gi)) {
  const source = /src=["']?([^"'\s>]+)/.exec(attributes)?.[1];
  // The globals above replace the one, and the callback below the other.
  if (source?.endsWith("testharnessreport.js") || code.includes("self.GLOBAL")) continue;
  scripts.push({ source, code: source ? await load(new URL(source, page).href) : code });
}
// All in one task: after the task that loads it, the harness ends as soon as no test is left.
for (const { source, code } of scripts) {
  try {
    runInThisContext(code, { filename: source ?? url });
  } catch (error) {
    onError(error);
    failure = String(error);
  }
  if (source === "/resources/testharness.js") reportAtEnd(globalThis as unknown as Harness);
}
setTimeout(() => (globalThis as unknown as Harness).timeout(), limit);

/** The classes under test: ours, those of undici at a path, or those that this Node.js has. */
async function classes(): Promise<Record<string, unknown>> {
  if (ca) return (await import("../inject/nodeClasses.ts")).nodeClasses(ca);
  const { HANDCLASP_WPT_UNDICI: path } = process.env;
  const given = path ? ((await import(path)) as Record<string, unknown>) : {};
  const names = ["WebSocket", "CloseEvent", "ErrorEvent", "MessageEvent", "WebSocketStream", "WebSocketError"];
  if (path) (given.setGlobalOrigin as (origin: URL) => void)(page);
  return Object.fromEntries(names.map((name) => [name, given[name]]));
}

async function load(address: string): Promise<string> {
  const response = await nodeFetch(address);
  if (!response.ok) throw new Error(`${address}: ${response.status}`);
  const bytes = new Uint8Array(await response.arrayBuffer());
  const isWindows1252 = new TextDecoder("latin1").decode(bytes.subarray(0, 1024)).includes("charset=windows-1252");
  return new TextDecoder(isWindows1252 ? "windows-1252" : "utf-8").decode(bytes);
}

function reportAtEnd(harness: Harness): void {
  harness.add_completion_callback((tests, { status, message }) => {
    const report: PageReport = {
      path: page.pathname + page.search,
      status: failure && status === 0 ? 1 : status,
      message: failure ?? message,
      tests: tests.map(({ name, status, message }) => ({ name, status, message })),
    };
    const body = JSON.stringify(report);
    void nodeFetch(new URL(reportPath, page), { method: "POST", body }).finally(() => process.exit(0));
  });
}
