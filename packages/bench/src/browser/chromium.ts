/**
 * Runs Chromium with a page for each subject, and a Node process for the server of each page.
 * @module
 */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import { build, type Plugin } from "esbuild";
import type { Browser, CDPSession, Page } from "playwright";
import { type Cost, Worker } from "../pair.ts";
import type { Identity } from "../subjects/subject.ts";
import type { PageMethods, RecordRun } from "./page.ts";
import type { openers } from "./pageSubjects.ts";

const scripts = new URL("../../../scripts/lib/", import.meta.url); // relative to dist

async function executable(): Promise<string> {
  const { locate } = (await import(new URL("provision.mjs", scripts).href)) as {
    locate(name: string): Promise<NodeJS.ProcessEnv | undefined>;
  };
  const path = (await locate("chromium"))?.HANDCLASP_CHROMIUM;
  if (!path) throw new Error("no Chromium found: run `pnpm test:browser` to install it, or set HANDCLASP_CHROMIUM");
  return path;
}

export class Chromium {
  readonly #browser: Browser;
  readonly #session: CDPSession;
  readonly #url: string;
  readonly #close: () => void;

  private constructor(browser: Browser, session: CDPSession, url: string, close: () => void) {
    this.#browser = browser;
    this.#session = session;
    this.#url = url;
    this.#close = close;
  }

  static async start(): Promise<Chromium> {
    const executablePath = await executable();
    const { chromium } = await import("playwright");
    const { chromiumArgs } = (await import(new URL("chromiumArgs.mjs", scripts).href)) as { chromiumArgs: string[] };
    const http = createServer((request, response) => {
      const [type, content] =
        request.url === "/page.js"
          ? ["text/javascript", script]
          : ["text/html", '<!doctype html><meta charset="utf-8"><title>bench</title><script src="page.js"></script>'];
      response.setHeader("content-type", type).end(content);
    });
    const script = await bundle();
    await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
    const browser = await chromium.launch({ executablePath, args: chromiumArgs });
    const session = await browser.newBrowserCDPSession();
    const url = `http://127.0.0.1:${(http.address() as AddressInfo).port}/`;
    return new Chromium(browser, session, url, () => {
      http.closeAllConnections();
      http.close();
    });
  }

  async page(): Promise<Page> {
    const page = await this.#browser.newPage();
    const errors: Error[] = [];
    page.on("pageerror", (error) => errors.push(error));
    await page.goto(this.#url);
    if (errors[0]) throw new Error(`the page did not start: ${errors[0].message}`);
    return page;
  }

  /** The CPU time of all processes of Chromium in ms. A page runs in one process, and its sockets in another one. */
  async cpu(): Promise<number> {
    const { processInfo } = await this.#session.send("SystemInfo.getProcessInfo");
    return 1000 * processInfo.reduce((sum, { cpuTime }) => sum + cpuTime, 0);
  }

  async stop(): Promise<void> {
    this.#close();
    await this.#browser.close();
  }
}

async function bundle(): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL("../src/browser/page.ts", import.meta.url))],
    bundle: true,
    format: "iife",
    platform: "browser",
    target: "es2022",
    logLevel: "error",
    define: { global: "globalThis" },
    plugins: [nodeCrypto],
    write: false,
  });
  return outputFiles[0]?.text ?? "";
}

/** Some stacks import WebCrypto from the module "crypto" of Node.js. In a page, WebCrypto is a global. */
const nodeCrypto: Plugin = {
  name: "node-crypto",
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^crypto$/ }, ({ path }) => ({ path, namespace: "page" }));
    onLoad({ filter: /.*/, namespace: "page" }, () => ({ contents: "export const webcrypto = globalThis.crypto;" }));
  },
};

/** A subject's page: the opener of its channels, and the subject of subjects/all.ts that is its server. */
export interface PageSubject {
  readonly opener: keyof typeof openers;
  readonly server: string;
}

/** A page and its server. Both run until the end of all rounds. */
export class PagePair {
  readonly name: string;
  readonly #chromium: Chromium;
  readonly #page: Page;
  readonly #server: Worker;

  private constructor(name: string, chromium: Chromium, page: Page, server: Worker) {
    this.name = name;
    this.#chromium = chromium;
    this.#page = page;
    this.#server = server;
  }

  static async start(
    name: string,
    { opener, server: serverName }: PageSubject,
    chromium: Chromium,
    identity: Identity,
  ): Promise<PagePair> {
    const server = new Worker(serverName);
    try {
      const { port } = await server.call("serve", identity);
      const pair = new PagePair(name, chromium, await chromium.page(), server);
      await pair.call("prepare", { opener, port, ca: identity.ca });
      return pair;
    } catch (error) {
      server.stop();
      throw error;
    }
  }

  async stop(): Promise<void> {
    this.#server.stop();
    await this.#page.close();
  }

  call<M extends keyof PageMethods>(method: M, ...params: Parameters<PageMethods[M]>): ReturnType<PageMethods[M]> {
    const invocation = { method, params: params[0] };
    return this.#page.evaluate(
      ({ method, params }) => globalThis.bench[method](params as never) as Promise<never>,
      invocation,
    ) as ReturnType<PageMethods[M]>;
  }

  async connect(count: number): Promise<void> {
    await this.call("openSockets", { count });
    await this.#connect(count);
  }

  async #connect(count: number): Promise<void> {
    await this.call("connect");
    await this.#server.call("waitForChannels", { count });
  }

  async #cost(action: () => Promise<unknown>): Promise<Cost> {
    await this.#server.call("startCpuClock");
    const before = await this.#chromium.cpu();
    const start = performance.now();
    await action();
    const wall = performance.now() - start;
    const client = (await this.#chromium.cpu()) - before;
    return { wall, client, server: await this.#server.call("readCpuClock") };
  }

  /** Sends `count` writes of `size` bytes in one direction. */
  async transfer(direction: Direction, size: number, count: number): Promise<Cost> {
    const chunks = { size, count };
    return direction === "down"
      ? this.#down(size * count, () => this.#server.call("pump", chunks))
      : this.#up(size * count, () => this.call("pump", chunks));
  }

  /** Sends WebSocket messages of these sizes in one direction. */
  async replay(direction: Direction, sizes: readonly number[]): Promise<Cost> {
    const bytes = sizes.reduce((sum, size) => sum + size, 0);
    return direction === "down"
      ? this.#down(bytes, () => this.#server.call("replay", { sizes }))
      : this.#up(bytes, () => this.call("replay", { sizes }));
  }

  async #down(bytes: number, send: () => Promise<void>): Promise<Cost> {
    await this.call("expectBytes", { bytes });
    return this.#cost(() => Promise.all([send(), this.call("waitForBytes")]));
  }

  async #up(bytes: number, send: () => Promise<void>): Promise<Cost> {
    await this.call("expectBytes", { bytes: Number.POSITIVE_INFINITY });
    await this.#server.call("expectBytes", { bytes });
    return this.#cost(() => Promise.all([send(), this.#server.call("waitForBytes")]));
  }

  /** The lengths of the WebSocket messages of the last transfer, in bytes. */
  async messageSizes(direction: Direction): Promise<readonly number[]> {
    const { sent, received } = await this.call("messageSizes");
    return direction === "down" ? received : sent;
  }

  /** Seals or opens records in the page. The page measures the wall time. */
  async records(run: RecordRun): Promise<Cost> {
    const before = await this.#chromium.cpu();
    const wall = await this.call("records", run);
    return { wall, client: (await this.#chromium.cpu()) - before, server: 0 };
  }

  /**
   * Performs `count` handshakes in sequence, each over a WebSocket that is already open. Closing the channels is not
   * timed.
   */
  async handshakes(count: number): Promise<Cost> {
    await this.call("openSockets", { count });
    const cost = await this.#cost(() => this.#connect(count));
    await this.call("closeAll");
    await this.#server.call("closeAll");
    return cost;
  }
}

export type Direction = "down" | "up";
