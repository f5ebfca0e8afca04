import { testCa } from "@handclasp/testing";
import type { Engine, EngineName } from "./engines/engine.ts";
import { type NodeOptions, startNode } from "./engines/node.ts";
import { launchWithPlaywright } from "./engines/playwright.ts";
import { launchWebKit } from "./engines/webkit.ts";
import { bundlePageScript } from "./inject/bundle.ts";
import type { PageResult, Results } from "./results.ts";
import { serveChannels } from "./server/channelServer.ts";
import { serveHttp } from "./server/httpChannels.ts";
import { servePlainly } from "./server/plainServer.ts";
import { type PageReport, Site } from "./server/site.ts";
import { listPages, type Page, type Suite } from "./tests.ts";

export interface RunOptions {
  readonly tree: string;
  readonly suite: Suite;
  readonly engine: EngineName;
  /** Whether to test our class, against a server that speaks our framing. */
  readonly isOurs: boolean;
  readonly selects: (page: Page) => boolean;
  readonly multiplier: number;
  /** Called after each page, with the results until then and the number of all pages. */
  readonly onPage: (soFar: Results, all: number) => void;
}

/** Runs the tests, one page after another: several connections at once to one host wait for each other. */
export async function run(options: RunOptions): Promise<Results> {
  const { tree, suite, engine: name, isOurs, selects, multiplier, onPage } = options;
  const ca = await testCa();
  const certificate = await ca.issue();
  const isPage = name !== "node";
  const script = { text: undefined as string | undefined };
  const site = new Site({
    tree,
    certificate,
    multiplier,
    injects: isOurs && isPage,
    injected: () => script.text ?? "",
  });
  await site.listen();
  const carrier = suite === "fetch" && isOurs ? await serveHttp(site, certificate) : undefined;
  if (isOurs && isPage) script.text = await bundlePageScript(suite, ca.pem, carrier);
  if (isOurs) await serveChannels([site.ws, site.wss], certificate, site.origin);
  else for (const server of [site.ws, site.wss]) servePlainly(server);
  const engine = await launch(name, { ca: ca.pem, isOurs, multiplier, suite, ...(carrier && { carrier }) });
  const pages = listPages(tree, name, suite).filter(selects);
  const results: PageResult[] = [];
  try {
    for (const page of pages) {
      const result = await runPageTwice(page, site, engine, multiplier);
      results.push(result);
      onPage({ engine: name, version: engine.version, results }, pages.length);
      const last = results.slice(-maxSilentPages);
      if (last.length === maxSilentPages && last.every(({ tests }) => tests.length === 0))
        throw new Error(`no report from ${maxSilentPages} pages in a row; the last: ${result.failure}`);
    }
  } finally {
    await engine.close();
    site.close();
  }
  return { engine: name, version: engine.version, results };
}

function launch(name: EngineName, options: NodeOptions): Engine | Promise<Engine> {
  if (name === "node") return startNode(options);
  return name === "webkit" ? launchWebKit() : launchWithPlaywright(name);
}

/** As many pages without a report mean that the engine or the server is gone. */
const maxSilentPages = 8;
/** How much longer than the harness the runner waits for the report. */
const grace = 15_000;
const statuses = ["PASS", "FAIL", "TIMEOUT", "NOTRUN", "PRECONDITION_FAILED"];

/** Runs a page again if it sent no report at all: a busy browser sometimes loses a navigation. */
async function runPageTwice(page: Page, site: Site, engine: Engine, multiplier: number): Promise<PageResult> {
  const first = await runPage(page, site, engine, multiplier);
  return first.tests.length ? first : runPage(page, site, engine, multiplier);
}

async function runPage(page: Page, site: Site, engine: Engine, multiplier: number): Promise<PageResult> {
  const { path, file } = page;
  const giveUp = new AbortController();
  let reason = "no report";
  const onEnd = (why: string): void => {
    if (why) reason = why;
    // A report may be on its way.
    setTimeout(() => giveUp.abort(), 500);
  };
  const timer = setTimeout(() => giveUp.abort(), page.timeout * multiplier + grace);
  const reported = site.reportOf(path, giveUp.signal);
  let report: PageReport | undefined;
  try {
    const stop = await engine.open(site.origin + path, page, onEnd);
    report = await reported;
    await stop();
  } catch (error) {
    reason = String(error);
  }
  clearTimeout(timer);
  const tests = (report?.tests ?? []).map(({ name, status, message }) => {
    const isPassed = status === 0;
    return { name, status: statuses[status] ?? String(status), ...(!isPassed && { message }) };
  });
  // The harness itself times out together with a subtest.
  const failure = !report ? reason : report.status === 1 ? `the harness failed: ${report.message}` : undefined;
  return { path, file, tests, ...(failure && { failure }) };
}
