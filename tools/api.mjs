/**
 * Writes `api/`: a report for each entry of each library package, with the declarations that users see, for review.
 *
 *   node tools/api.mjs            writes the reports from the declarations in dist
 *   node tools/api.mjs --check    fails if a report differs, or belongs to no entry
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

const ignored = { logLevel: /** @type {ExtractorLogLevel} */ ("none"), addToApiReportFile: false };
const reported = { logLevel: /** @type {ExtractorLogLevel} */ ("none"), addToApiReportFile: true };

/** @type {IExtractorMessagesConfig} */
const messages = {
  compilerMessageReporting: { default: { logLevel: /** @type {ExtractorLogLevel} */ ("error") } },
  // Docstrings are Markdown for editors, without release tags.
  extractorMessageReporting: { default: ignored, "ae-forgotten-export": reported },
  tsdocMessageReporting: { default: ignored },
};

/**
 * @typedef {{ report: string, folder: string, types: string }} Entry the name of an entry's report, the folder of its
 *   package and the path of its declarations
 */

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

const entries = ["core", "node", "redis", "browser", "inspector", "testing"].flatMap(entriesOf);
const files = entries.map(({ types }) => types);

function configOf(/** @type {Entry} */ { report, folder, types }, /** @type {string} */ temporary) {
  return ExtractorConfig.prepare({
    packageJsonFullPath: join(folder, "package.json"),
    configObjectFullPath: undefined,
    configObject: {
      projectFolder: folder,
      mainEntryPointFilePath: types,
      // Without the condition handclasp-source, packages find each other's declarations, as a user's program does.
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
    // All entries share one program, because reading the declarations takes most of the time.
    compilerState ??= CompilerState.create(config, { additionalEntryPoints: files });
    const { errorCount } = Extractor.invoke(config, { compilerState, localBuild: true, messageCallback });
    if (errorCount > 0) process.exitCode = 1;
    writeOrCompare(entry.report, withoutLines(readFileSync(join(temporary, entry.report), "utf8")));
  }
  const expected = new Set(entries.map(({ report }) => report));
  for (const name of readdirSync(reports).filter((file) => !expected.has(file))) {
    if (check) complain(`api/${name} belongs to no entry`);
    else rmSync(join(reports, name));
  }
} finally {
  rmSync(temporary, { recursive: true });
}

function writeOrCompare(/** @type {string} */ name, /** @type {string} */ report) {
  const path = join(reports, name);
  if (existsSync(path) && readFileSync(path, "utf8") === report) return;
  if (check) complain(`api/${name} differs from the declarations`);
  else writeFileSync(path, report);
}

/**
 * Removes the line numbers that the extractor adds to some messages. With these numbers, a report would change whenever
 * lines are added or removed above.
 */
function withoutLines(/** @type {string} */ report) {
  return report.replaceAll(/^(\/\/ \S+\.ts):\d+:\d+ - /gm, "$1 - ");
}

/** Prints only errors, because the extractor also reports its progress. */
function messageCallback(/** @type {ExtractorMessage} */ message) {
  if (message.logLevel === "error") console.error(message.formatMessageWithLocation(root));
  message.handled = true;
}

function complain(/** @type {string} */ problem) {
  console.error(`${problem}: run \`pnpm api\` and review its changes`);
  process.exitCode = 1;
}
