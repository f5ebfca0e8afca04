/**
 * Finds or installs the browsers and OpenSSL, which the tests use, and returns their paths as environment variables. It
 * tries these sources in turn: a variable that is already set or otherwise the system's programs, Playwright's earlier
 * downloads, packages of Debian and Ubuntu, a download by Playwright.
 */
import { existsSync, readdirSync } from "node:fs";
import { delimiter, isAbsolute, join } from "node:path";
import { aptInstall, hasApt } from "./apt.mjs";
import { run } from "./process.mjs";
import { step } from "./steps.mjs";

/**
 * @typedef {object} Tool
 * @property {string} name
 * @property {Program[]} programs the programs of the tool, which needs all of them
 * @property {string[]} packages the Debian packages that contain the programs
 * @property {"chromium" | "firefox" | "webkit"} [playwright] Playwright's browser that can replace it
 *
 * @typedef {object} Program
 * @property {string} variable
 * @property {string[]} candidates names on the PATH, or absolute paths with at most one * for a folder
 * @property {string} [probe] an argument with which the program ends at once with exit code 0; absent if the program
 *   has no such argument
 */

const mac = "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome";

/** The tools that the tests require. If another tool is missing, its tests are skipped. */
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
  {
    name: "tshark",
    programs: [{ variable: "HANDCLASP_TSHARK", candidates: ["tshark"], probe: "--version" }],
    packages: ["tshark"],
  },
];

/**
 * Finds or installs all tools. Call it after `install`, because it imports Playwright.
 *
 * @returns {Promise<{env: NodeJS.ProcessEnv, missing: Record<string, string>}>} the variables, and for each missing
 *   tool the reason
 */
export async function provision() {
  /** @type {NodeJS.ProcessEnv} */
  const env = {};
  /** @type {Record<string, string>} */
  const missing = {};
  // One after the other, because the installations share a lock.
  for (const tool of tools) {
    const { found, note } = await step(tool.name, () => obtain(tool));
    if (found) Object.assign(env, found);
    else missing[tool.name] = note;
  }
  return { env: { ...env, HANDCLASP_MISSING: JSON.stringify(missing) }, missing };
}

/**
 * Returns the variables of a tool that is installed already, or `undefined`.
 *
 * @public packages/bench imports it at run time, by its URL
 * @param {string} name
 * @returns {Promise<NodeJS.ProcessEnv | undefined>}
 */
export async function locate(name) {
  const tool = tools.find((tool) => tool.name === name);
  return tool && ((await findOnSystem(tool)) ?? (await findPlaywrightsOwn(tool)));
}

/**
 * @param {Tool} tool
 * @returns {Promise<import("./steps.mjs").StepResult & {found?: NodeJS.ProcessEnv, note: string}>}
 */
async function obtain(tool) {
  /** @type {string[]} */
  const output = [];
  const sources = [
    () => findOnSystem(tool),
    () => findPlaywrightsOwn(tool),
    () => installPackage(tool, output),
    () => download(tool, output),
  ];
  for (const source of sources) {
    const found = await source();
    if (found) return { ok: true, found, note: Object.values(found).join(" ") };
  }
  const reason =
    output.find((line) => /^E: |error/i.test(line)) ?? "there is no known way to install it on this machine";
  const note = `not available: ${reason.trim()}`;
  return { ok: false, skipped: !required.includes(tool.name), note, output: output.join("\n") };
}

/**
 * @param {Tool} tool
 * @returns {Promise<NodeJS.ProcessEnv | undefined>}
 */
async function findOnSystem({ programs }) {
  /** @type {NodeJS.ProcessEnv} */
  const found = {};
  for (const { variable, candidates, probe } of programs) {
    const preset = process.env[variable];
    for (const path of preset ? [preset] : candidates.flatMap(existingPaths)) {
      if (probe && !(await run(path, [probe], { minutes: 1 })).ok) continue; // for example a stub
      found[variable] = path;
      break;
    }
    if (!found[variable]) return undefined;
  }
  return found;
}

/** @param {Tool} tool */
async function findPlaywrightsOwn({ playwright: name, programs: [program] }) {
  if (!name || !program) return undefined;
  const playwright = await import("playwright");
  const path = playwright[name].executablePath();
  return existsSync(path) ? { [program.variable]: path } : undefined;
}

/**
 * @param {Tool} tool
 * @param {string[]} output
 */
async function installPackage(tool, output) {
  if (!hasApt()) return undefined;
  const result = await aptInstall(tool.packages);
  output.push(...result.output.split("\n"));
  return result.ok ? findOnSystem(tool) : undefined;
}

/**
 * @param {Tool} tool
 * @param {string[]} output
 */
async function download(tool, output) {
  if (!tool.playwright) return undefined;
  const result = await run("playwright", ["install", "--with-deps", tool.playwright], { minutes: 5 });
  output.push(...result.output.split("\n"));
  return result.ok ? findPlaywrightsOwn(tool) : undefined;
}

/**
 * Returns the paths of a candidate that exist on this machine.
 *
 * @param {string} candidate
 * @returns {string[]}
 */
function existingPaths(candidate) {
  if (!isAbsolute(candidate)) {
    const folders = (process.env.PATH ?? "").split(delimiter);
    return folders.map((folder) => join(folder, candidate)).filter((path) => existsSync(path));
  }
  const [before = "", after] = candidate.split("*");
  const all =
    after === undefined || !existsSync(before) ? [before] : readdirSync(before).map((name) => before + name + after);
  return all.filter((path) => existsSync(path));
}
