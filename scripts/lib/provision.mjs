/**
 * Finds or installs the browsers and peers that the tests run against, and hands over their paths in environment
 * variables. In this order: what such a variable names already; what the system has; what Playwright has downloaded
 * before; Debian's and Ubuntu's packages; Playwright's download.
 */
import { existsSync, readdirSync } from "node:fs";
import { delimiter, isAbsolute, join } from "node:path";
import { aptInstall, hasApt } from "./apt.mjs";
import { run } from "./process.mjs";
import { step } from "./steps.mjs";

/**
 * @typedef {object} Tool
 * @property {string} name
 * @property {Program[]} programs all of which it takes
 * @property {string[]} packages Debian's
 * @property {"chromium" | "firefox" | "webkit"} [playwright] the browser of Playwright's own that can stand in
 *
 * @typedef {object} Program
 * @property {string} variable
 * @property {string[]} candidates names on the PATH, or absolute paths with at most one folder left open (*)
 * @property {string} [probe] the argument with which it ends at once and well; none where it needs a display for that
 */

const mac = "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome";

/** Tests cannot do without; the others are named as skipped. */
const required = ["chromium"];

/** @type {Tool[]} */
const tools = [
  {
    name: "chromium",
    programs: [
      {
        variable: "HANDCLASP_CHROMIUM",
        candidates: ["chromium", "chromium-browser", "google-chrome-stable", "google-chrome", mac],
        probe: "--version",
      },
    ],
    packages: ["chromium"],
    playwright: "chromium",
  },
  {
    name: "firefox",
    programs: [{ variable: "HANDCLASP_FIREFOX", candidates: ["firefox-esr"], probe: "--version" }],
    packages: ["firefox-esr"],
    playwright: "firefox",
  },
  {
    name: "webkit",
    programs: [
      { variable: "HANDCLASP_WEBKIT_DRIVER", candidates: ["WebKitWebDriver"], probe: "--help" },
      { variable: "HANDCLASP_MINIBROWSER", candidates: ["/usr/lib/*/webkit2gtk-4.1/MiniBrowser"] },
      { variable: "HANDCLASP_XVFB", candidates: ["Xvfb"], probe: "-help" },
    ],
    packages: ["webkit2gtk-driver", "xvfb"],
    playwright: "webkit",
  },
  {
    name: "openssl",
    programs: [{ variable: "HANDCLASP_OPENSSL", candidates: ["openssl"], probe: "version" }],
    packages: ["openssl"],
  },
];

/**
 * Needs to run after the installation, since it asks Playwright too.
 *
 * @returns {Promise<{env: NodeJS.ProcessEnv, missing: Record<string, string>}>} the variables, and why a tool is not to be had
 */
export async function provision() {
  /** @type {NodeJS.ProcessEnv} */
  const env = {};
  /** @type {Record<string, string>} */
  const missing = {};
  // One after the other: they would wait for each other's lock.
  for (const tool of tools) {
    const { found, note } = await step(tool.name, () => obtain(tool));
    if (found) Object.assign(env, found);
    else missing[tool.name] = note;
  }
  return { env: { ...env, HANDCLASP_MISSING: JSON.stringify(missing) }, missing };
}

/**
 * The variables of a tool that is here already; `undefined` where it would have to be installed.
 *
 * @public packages/bench imports it when it runs, by its URL
 * @param {string} name
 * @returns {Promise<NodeJS.ProcessEnv | undefined>}
 */
export async function locate(name) {
  const tool = tools.find((tool) => tool.name === name);
  return tool && ((await onSystem(tool)) ?? (await playwrightsOwn(tool)));
}

/**
 * @param {Tool} tool
 * @returns {Promise<import("./steps.mjs").StepResult & {found?: NodeJS.ProcessEnv, note: string}>}
 */
async function obtain(tool) {
  /** @type {string[]} */
  const output = [];
  const ways = [
    () => onSystem(tool),
    () => playwrightsOwn(tool),
    () => packaged(tool, output),
    () => downloaded(tool, output),
  ];
  for (const way of ways) {
    const found = await way();
    if (found) return { ok: true, found, note: Object.values(found).join(" ") };
  }
  const reason = output.find((line) => /^E: |error/i.test(line)) ?? "no way to install it is known here";
  const note = `not to be had: ${reason.trim()}`;
  return { ok: false, skipped: !required.includes(tool.name), note, output: output.join("\n") };
}

/**
 * @param {Tool} tool
 * @returns {Promise<NodeJS.ProcessEnv | undefined>}
 */
async function onSystem({ programs }) {
  /** @type {NodeJS.ProcessEnv} */
  const found = {};
  for (const { variable, candidates, probe } of programs) {
    const named = process.env[variable];
    for (const path of named ? [named] : candidates.flatMap(paths)) {
      if (probe && !(await run(path, [probe], { minutes: 1 })).ok) continue; // a stub that only tells how to install it
      found[variable] = path;
      break;
    }
    if (!found[variable]) return undefined;
  }
  return found;
}

/** @param {Tool} tool */
async function playwrightsOwn({ playwright: name, programs: [program] }) {
  if (!name || !program) return undefined;
  const playwright = await import("playwright");
  const path = playwright[name].executablePath();
  return existsSync(path) ? { [program.variable]: path } : undefined;
}

/**
 * @param {Tool} tool
 * @param {string[]} output
 */
async function packaged(tool, output) {
  if (!hasApt()) return undefined;
  const result = await aptInstall(tool.packages);
  output.push(...result.output.split("\n"));
  return result.ok ? onSystem(tool) : undefined;
}

/**
 * @param {Tool} tool
 * @param {string[]} output
 */
async function downloaded(tool, output) {
  if (!tool.playwright) return undefined;
  const result = await run("playwright", ["install", "--with-deps", tool.playwright], { minutes: 5 });
  output.push(...result.output.split("\n"));
  return result.ok ? playwrightsOwn(tool) : undefined;
}

/**
 * Where a candidate is on this machine.
 *
 * @param {string} candidate
 * @returns {string[]}
 */
function paths(candidate) {
  if (!isAbsolute(candidate)) {
    const folders = (process.env.PATH ?? "").split(delimiter);
    return folders.map((folder) => join(folder, candidate)).filter((path) => existsSync(path));
  }
  const [before = "", after] = candidate.split("*");
  const all =
    after === undefined || !existsSync(before) ? [before] : readdirSync(before).map((open) => before + open + after);
  return all.filter((path) => existsSync(path));
}
