/**
 * Visits every page of the built site in Chromium, served under a path of its own: `pnpm docs:check`.
 *
 * A page fails if a request fails or goes to another host, if axe-core finds something, if the page is wider than 320
 * pixels, or if it weighs more than the limit. The search must find each error code. `--screenshots FOLDER` writes
 * pictures of some pages, `--only TEXT` visits only the pages whose path contains the text.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { gzipSync } from "node:zlib";
import { chromium } from "playwright";
import { chromiumArgs } from "../scripts/lib/chromiumArgs.mjs";
import { limit } from "./lib/weight.mjs";

const { values } = parseArgs({ options: { screenshots: { type: "string" }, only: { type: "string" } } });
const site = fileURLToPath(new URL("dist/site", import.meta.url));
const prefix = "/some/deep/path/";
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** @type {Record<string, string>} */
const types = { ".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml" };
const server = createServer((request, response) => {
  const { pathname } = new URL(request.url ?? "/", "http://localhost");
  const file = join(site, decodeURIComponent(pathname.slice(prefix.length)) || "index.html");
  if (!pathname.startsWith(prefix) || !existsSync(file)) return void response.writeHead(404).end();
  response.setHeader("content-type", types[extname(file)] ?? "application/octet-stream");
  response.end(readFileSync(file));
});
await new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(undefined)));
const { port } = /** @type {import("node:net").AddressInfo} */ (server.address());
const root = `http://127.0.0.1:${port}${prefix}`;

const browser = await chromium.launch({
  args: chromiumArgs,
  ...(process.env.HANDCLASP_CHROMIUM && { executablePath: process.env.HANDCLASP_CHROMIUM }),
});
/** The pages that axe-core looks at as a whole. */
const whole = ["index.html", "guide/proxies.html", "architecture.html", "reference/index.html"];
/** Runs in the page: whether an entry of the header is outside the window. */
const tooWide = `[...document.querySelectorAll(".VPNavBar a, .VPNavBar button")]
  .some((one) => one.getBoundingClientRect().right > innerWidth)`;

/** Runs in the page: the elements that make it too wide. */
const widest = `[...document.querySelectorAll("body *")]
  .filter((one) => one.getBoundingClientRect().right > innerWidth + 1)
  .map((one) => one.outerHTML.slice(0, 120)).slice(0, 3).join(" | ")`;

let problems = 0;
const pages = readdirSync(site, { recursive: true, encoding: "utf8" })
  .map((name) => name.replaceAll("\\", "/"))
  .filter((name) => name.endsWith(".html") && name !== "404.html" && name.includes(values.only ?? ""));
try {
  let heaviest = 0;
  for (const name of pages) {
    const start = performance.now();
    const weight = await visit(name);
    heaviest = Math.max(heaviest, weight);
    console.log(`${((performance.now() - start) / 1000).toFixed(1).padStart(6)} s  ${name}`);
  }
  await search();
  if (values.screenshots) await screenshots(values.screenshots);
  console.log(`${pages.length} pages of at most ${(heaviest / 1000).toFixed(1)} kB (gzip), ${problems} problems`);
} finally {
  await browser.close();
  server.close();
}
process.exitCode = problems > 0 ? 1 : 0;

/** @param {string} problem */
function reportProblem(problem) {
  problems++;
  console.log(problem);
}

/**
 * Visits a page as its first one, with an empty cache, and returns the bytes of its responses (gzip).
 *
 * @param {string} name
 */
async function visit(name) {
  const report = (/** @type {string} */ problem) => reportProblem(`${name}: ${problem}`);
  const context = await browser.newContext({ viewport: { width: 320, height: 640 }, reducedMotion: "reduce" });
  const page = await context.newPage();
  /** @type {Promise<number>[]} */
  const sizes = [];
  page.on("requestfailed", (request) => report(`${request.url()} failed`));
  page.on("request", (request) => request.url().startsWith(root) || report(`asks ${request.url()}`));
  page.on("pageerror", (error) => report(error.message));
  page.on("response", (response) => {
    if (!response.ok()) report(`${response.status()} ${response.url()}`);
    sizes.push(response.body().then((body) => gzipSync(body, { level: 9 }).length));
  });
  await page.goto(root + name, { waitUntil: "load" });
  // The header has its entries from 768 pixels on.
  for (const width of whole.includes(name) ? [768, 320] : [320]) {
    await page.setViewportSize({ width, height: 640 });
    const found = await page.evaluate("document.documentElement.scrollWidth");
    if (Number(found) > width) report(`${found} pixels wide at ${width}: ${await page.evaluate(widest)}`);
    const header = await page.evaluate(tooWide);
    if (header) report(`the header is too wide at ${width}`);
  }
  await page.evaluate(axe);
  // The header and the sidebars are the same on all pages of a kind.
  const where = whole.includes(name) ? null : { include: [".VPContent"] };
  // Colours differ between the schemes, and nothing else does.
  for (const [scheme, rules] of /** @type {const} */ ([
    ["light", {}],
    ["dark", { runOnly: ["color-contrast"] }],
  ])) {
    await page.emulateMedia({ colorScheme: scheme });
    for (const found of /** @type {string[]} */ (await page.evaluate(violations, { where, rules })))
      report(`${scheme}: ${found}`);
  }
  const weight = (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
  if (weight > limit) report(`${weight} bytes (gzip)`);
  await context.close();
  return weight;
}

/** Runs in the page: what axe-core finds. @param {{where: object | null, rules: object}} options */
async function violations({ where, rules }) {
  // @ts-expect-error: the page has loaded it
  const { violations } = await globalThis.axe.run(where ?? document, { resultTypes: ["violations"], ...rules });
  return violations.map(
    (/** @type {{id: string, nodes: {html: string}[]}} */ { id, nodes }) =>
      `axe: ${id} (${nodes.length}): ${nodes
        .slice(0, 3)
        .map(({ html }) => html.slice(0, 160))
        .join(" | ")}`,
  );
}

/** Searches for each error code. The first result must be its entry. */
async function search() {
  const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
  const codes = [...readFileSync(join(site, "../source/errors.md"), "utf8").matchAll(/^### (\w+)$/gm)].map(
    ([, code = ""]) => code,
  );
  await page.goto(`${root}guide/why.html`, { waitUntil: "networkidle" });
  await page.locator(".DocSearch-Button").click();
  const input = page.locator("#localsearch-input");
  for (const code of codes) {
    await input.fill(code);
    // Results of the code before may still be there.
    const anchor = `errors.html#${code.toLowerCase()}`;
    const first = page.locator(`.VPLocalSearchBox .results li:first-child .result[href$="${anchor}"]`);
    await first
      .waitFor({ timeout: 15_000 })
      .catch(() => reportProblem(`the search for ${code} does not begin with it`));
  }
  await page.locator(".VPLocalSearchBox .result").first().click();
  await page.waitForURL(`${root}errors.html#${codes.at(-1)?.toLowerCase()}`);
  console.log(`searched for ${codes.length} error codes`);
  await page.close();
}

/** @param {string} folder */
async function screenshots(folder) {
  mkdirSync(folder, { recursive: true });
  for (const colorScheme of /** @type {const} */ (["light", "dark"]))
    for (const width of [390, 768, 1280]) {
      const page = await browser.newPage({ viewport: { width, height: 900 }, colorScheme });
      for (const name of ["index", "guide/proxies", "errors", "reference/@handclasp/core"]) {
        await page.goto(`${root}${name}.html`);
        await page.screenshot({ path: join(folder, `${name.replaceAll("/", "-")}-${width}-${colorScheme}.png`) });
      }
      await page.close();
    }
}
