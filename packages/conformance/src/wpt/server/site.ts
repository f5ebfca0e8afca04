/**
 * Serves WPT's files over HTTP as WPT's own server does, as far as the tests of WebSocket and fetch need it, and takes
 * the reports of the pages.
 * @module
 */
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createServer as createSecureServer, type Server as SecureServer } from "node:https";
import type { AddressInfo } from "node:net";
import { basename, extname, join } from "node:path";
import type { Duplex } from "node:stream";
import { text } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import { type Scope, scriptMeta } from "../tests.ts";
import { answerFetch } from "./fetchResources.ts";
import { injectedPath, wrapperPage, wrapperScript } from "./wrapper.ts";

/** The report of a page, with WPT's numbers of the statuses. */
export interface PageReport {
  readonly path: string;
  readonly status: number;
  readonly message: string | null;
  readonly tests: readonly { readonly name: string; readonly status: number; readonly message: string | null }[];
}

export interface SiteOptions {
  readonly tree: string;
  /** The certificate of `wss:`. */
  readonly certificate: { readonly cert: string; readonly key: string };
  /** By how much the harness multiplies its time limits. */
  readonly multiplier: number;
  /** Whether a script of ours runs first in every realm. */
  readonly injects: boolean;
  /** The script. */
  readonly injected: () => string;
}

export const reportPath = "/handclasp/report";
const types: Readonly<Record<string, string>> = { ".html": "text/html", ".js": "text/javascript; charset=utf-8" };

export class Site {
  readonly #options: SiteOptions;
  readonly #http: Server;
  readonly ws: Server;
  readonly wss: SecureServer;
  readonly #waiting = new Map<string, (report: PageReport) => void>();
  readonly #stash = new Map<string, string>();

  constructor(options: SiteOptions) {
    this.#options = options;
    this.#http = createServer((request, response) => {
      this.#answer(request, response).catch((error) => response.writeHead(500).end(String(error)));
    });
    this.ws = createServer(notFound);
    this.wss = createSecureServer(options.certificate, notFound);
  }

  async listen(): Promise<void> {
    for (const server of this.#servers) await once(server.listen(0, "127.0.0.1"), "listening");
  }

  get origin(): string {
    return `http://localhost:${portOf(this.#http)}`;
  }

  /** Serves HTTP over another connection. */
  accept(connection: Duplex): void {
    this.#http.emit("connection", connection);
  }

  /** Resolves with the report of a page. */
  reportOf(path: string, signal: AbortSignal): Promise<PageReport | undefined> {
    return new Promise((resolve) => {
      this.#waiting.set(path, resolve);
      signal.addEventListener("abort", () => resolve(undefined));
    });
  }

  close(): void {
    for (const server of this.#servers) {
      server.close();
      server.closeAllConnections();
    }
  }

  get #servers(): (Server | SecureServer)[] {
    return [this.#http, this.ws, this.wss];
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? "/", this.origin);
    const path = decodeURIComponent(url.pathname);
    const delay = /trickle\(d([\d.]+)\)/.exec(url.searchParams.get("pipe") ?? "")?.[1];
    if (delay) await sleep(Number(delay) * 1_000);
    const send = (type: string, body: string | Buffer): void =>
      void response.writeHead(200, { "content-type": type, "cache-control": "no-store" }).end(body);
    switch (path) {
      case reportPath: {
        const report = JSON.parse(await text(request)) as PageReport;
        this.#waiting.get(report.path)?.(report);
        this.#waiting.delete(report.path);
        return send("text/plain", "");
      }
      case injectedPath:
        return send("text/javascript", this.#options.injected());
      case "/resources/testharnessreport.js":
        return send("text/javascript", reportScript(this.#options.multiplier));
      case "/fetch/api/resources/stash-put.py":
        this.#stash.set(url.searchParams.get("key") ?? "", url.searchParams.get("value") ?? "");
        return send("text/plain", "");
      case "/fetch/api/resources/stash-take.py": {
        const key = url.searchParams.get("key") ?? "";
        const value = this.#stash.get(key) ?? null;
        this.#stash.delete(key);
        return send("application/json", JSON.stringify(value));
      }
      default:
        if (await answerFetch({ path, query: url.searchParams, request, response, stash: this.#stash })) return;
        if (!this.#sendWrapper(path, url.search, send)) this.#sendFile(path, response, send);
    }
  }

  /** Sends a generated page or script, unless the path names a file. */
  #sendWrapper(path: string, query: string, send: (type: string, body: string) => void): boolean {
    const [, base = "", kind = "", scope, type = ""] =
      /^(.*?)\.(any|window|worker)(?:\.(worker|sharedworker|serviceworker))?\.(html|js)$/.exec(path) ?? [];
    const file = join(this.#options.tree, `${base}.${kind}.js`);
    if (!base || (type === "js" && !scope) || !existsSync(file)) return false;
    const meta = scriptMeta(readFileSync(file, "utf8"));
    const name = `${basename(base)}.${kind}`;
    const { injects } = this.#options;
    const chosen = (scope ?? (kind === "worker" ? "worker" : "window")) as Scope;
    if (type === "html") send("text/html", wrapperPage(name, chosen, query, meta, injects));
    else send("text/javascript; charset=utf-8", wrapperScript(name, query, meta, injects));
    return true;
  }

  #sendFile(path: string, response: ServerResponse, send: (type: string, body: Buffer) => void): void {
    const inTree = path === "/resources/WebIDLParser.js" ? "/resources/webidl2/lib/webidl2.js" : path;
    const file = join(this.#options.tree, inTree);
    const isText = [".js", ".html", ".idl", ".txt", ".json", ".asis"].includes(extname(file));
    if (!isText || !file.startsWith(this.#options.tree) || !existsSync(file)) return notFound(undefined, response);
    if (file.endsWith(".asis")) return void response.socket?.end(readFileSync(file));
    // Latin-1 keeps every byte of a page whose encoding is another one.
    let body = readFileSync(file, "latin1");
    if (basename(file).includes(".sub.")) body = this.#substitute(body);
    if (this.#options.injects) body = inject(file, body);
    send(types[extname(file)] ?? "text/plain", Buffer.from(body, "latin1"));
  }

  /** Replaces the names in braces of a `.sub.` file. */
  #substitute(body: string): string {
    const ports: Readonly<Record<string, Server | SecureServer>> = { http: this.#http, ws: this.ws, wss: this.wss };
    return body.replace(/\{\{(\w+)(?:\[([^\]]*)\])?.*?\}\}/g, (whole, name: string, key: string) => {
      if (name === "host" || name === "domains") return "localhost";
      if (name === "hosts") return key === "alt" ? "127.0.0.1" : "localhost";
      if (name === "ports") return String(portOf(ports[key] ?? this.wss));
      return whole;
    });
  }
}

const portOf = (server: Server | SecureServer): number => (server.address() as AddressInfo).port;

const notFound = (_request: unknown, response: ServerResponse): void => void response.writeHead(404).end();

/** Puts the injected script before the first script of a page or worker that is a file. */
function inject(file: string, body: string): string {
  if (file.endsWith(".worker.js")) return `importScripts("${injectedPath}");\n${body}`;
  if (!file.endsWith(".html")) return body;
  const tag = `<script src="${injectedPath}"></script>`;
  return /<script/i.test(body) ? body.replace(/<script/i, `${tag}$&`) : body + tag;
}

/** The script with which the harness reports to its server. */
const reportScript = (multiplier: number): string => `setup({ timeout_multiplier: ${multiplier} });
add_completion_callback((tests, { status, message }) => {
  const report = {
    path: location.pathname + location.search,
    status,
    message,
    tests: tests.map(({ name, status, message }) => ({ name, status, message })),
  };
  const request = new XMLHttpRequest();
  request.open("POST", "${reportPath}");
  request.send(JSON.stringify(report));
});
`;
