/**
 * Keeps `api/`: for each entry of each library package, the declarations that its users see, as a file to review.
 *
 *   node tools/api.mjs            writes the reports anew, from the declarations in dist
 *   node tools/api.mjs --check    fails where a report differs
 */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { CompilerState, Extractor, ExtractorConfig } from "@microsoft/api-extractor";

/** @import { ExtractorLogLevel, ExtractorMessage, IExtractorMessagesConfig } from "@microsoft/api-extractor" */

const root = fileURLToPath(new URL("..", import.meta.url));
const reports = join(root, "api");
const check = process.argv.includes("--check");

const none = { logLevel: /** @type {ExtractorLogLevel} */ ("none"), addToApiReportFile: false };
const inReport = { logLevel: /** @type {ExtractorLogLevel} */ ("none"), addToApiReportFile: true };

/** @type {IExtractorMessagesConfig} */
const messages = {
  compilerMessageReporting: { default: { logLevel: /** @type {ExtractorLogLevel} */ ("error") } },
  // Docstrings are markdown for editors, with no release tags.
  extractorMessageReporting: { default: none, "ae-forgotten-export": inReport },
  tsdocMessageReporting: { default: none },
};

/** @typedef {{ report: string, folder: string, types: string }} Entry names of its report and declarations */

/** @returns {Entry[]} */
function entriesOf(/** @type {string} */ name) {
  const folder = join(root, "packages", name);
  /** @type {{ exports: Record<string, { types: string }> }} */
  const manifest = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  return Object.entries(manifest.exports).map(([path, { types }]) => ({
    report: `${[name, ...path.split("/").slice(1)].join("-")}.api.md`,
    folder,
    types: join(folder, types),
  }));
}

const entries = ["core", "node", "browser", "testing"].flatMap(entriesOf);
const files = entries.map(({ types }) => types);

function configOf(/** @type {Entry} */ { report, folder, types }, /** @type {string} */ temporary) {
  return ExtractorConfig.prepare({
    packageJsonFullPath: join(folder, "package.json"),
    configObjectFullPath: undefined,
    configObject: {
      projectFolder: folder,
      mainEntryPointFilePath: types,
      // No condition of the workspace: packages find each other's declarations, as they find an installed package's.
      compiler: {
        overrideTsconfig: {
          files,
          compilerOptions: {
            target: "ES2022",
            lib: ["ES2022", "DOM"],
            types: ["node"],
            typeRoots: [join(root, "node_modules/@types")],
            module: "NodeNext",
            strict: true,
            skipLibCheck: true,
          },
        },
      },
      apiReport: {
        enabled: true,
        reportFileName: report,
        reportFolder: temporary,
        reportTempFolder: join(temporary, "compared"),
      },
      docModel: { enabled: false },
      dtsRollup: { enabled: false },
      tsdocMetadata: { enabled: false },
      newlineKind: "lf",
      messages,
    },
  });
}

const temporary = mkdtempSync(join(tmpdir(), "handclasp-api-"));
try {
  mkdirSync(reports, { recursive: true });
  /** @type {CompilerState | undefined} */
  let compilerState;
  for (const entry of entries) {
    const config = configOf(entry, temporary);
    // One program for all entries: most of the time goes into reading declarations.
    compilerState ??= CompilerState.create(config, { additionalEntryPoints: files });
    const { errorCount } = Extractor.invoke(config, { compilerState, localBuild: true, messageCallback });
    if (errorCount > 0) process.exitCode = 1;
    settle(entry.report, withoutLines(readFileSync(join(temporary, entry.report), "utf8")));
  }
  const expected = new Set(entries.map(({ report }) => report));
  for (const name of readdirSync(reports).filter((file) => !expected.has(file))) {
    if (check) complain(`api/${name} is the report of no entry`);
    else rmSync(join(reports, name));
  }
} finally {
  rmSync(temporary, { recursive: true });
}

function settle(/** @type {string} */ name, /** @type {string} */ report) {
  const path = join(reports, name);
  if (existsSync(path) && readFileSync(path, "utf8") === report) return;
  if (check) complain(`api/${name} differs from the declarations`);
  else writeFileSync(path, report);
}

/** The extractor names lines of sources beside some messages: a report would change with every line above them. */
function withoutLines(/** @type {string} */ report) {
  return report.replaceAll(/^(\/\/ \S+\.ts):\d+:\d+ - /gm, "$1 - ");
}

/** The extractor says what it does too. */
function messageCallback(/** @type {ExtractorMessage} */ message) {
  if (message.logLevel === "error") console.error(message.formatMessageWithLocation(root));
  message.handled = true;
}

function complain(/** @type {string} */ what) {
  console.error(`${what}: run \`pnpm api\` and review what it changed`);
  process.exitCode = 1;
}
