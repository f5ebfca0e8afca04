/**
 * `pnpm wpt`: runs the WebSocket tests of WPT with our class, against a server that speaks our framing, and with the
 * engine's own class, against an ordinary server that behaves alike. With `--suite fetch`, it runs the tests of fetch
 * with ours, in channels to the server, and with the engine's own.
 * @module
 */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { type EngineName, engineNames } from "./engines/engine.ts";
import { readExceptions } from "./exceptions.ts";
import { judge, reportOf, withRows } from "./report.ts";
import type { PageResult, Results } from "./results.ts";
import { run } from "./run.ts";
import { folders, isStream, type Page, type Suite, suites } from "./tests.ts";

const usage = `pnpm wpt [--suite ${suites.join("|")}] [--engine ${engineNames.join("|")}]…
  [--class WebSocket|WebSocketStream]
  [--only PATTERN] [--multiplier N] [--own FOLDER] [--save FOLDER] [--write]

HANDCLASP_WPT is a folder with \`websockets\`, \`fetch\`, \`xhr\`, \`resources\`, \`common\` and \`interfaces\` of
web-platform-tests. Default: the suite \`websockets\`.
Default: all engines and both classes. --only runs pages whose path matches the regular expression. --multiplier makes
the time limits of WPT longer. --save writes the results of our classes and of the engine's own to a folder, as
ENGINE-ours.json and ENGINE-own.json. --own reads the latter from there instead of running the tests. --write puts the
results of a whole run into docs/wpt.md or docs/wpt-fetch.md, whose exceptions are the only subtests that our classes
may lose and must lose.
HANDCLASP_WPT_UNDICI is the path of undici's index.js, whose WebSocket replaces the one inside Node.js.`;

const { values } = parseArgs({
  options: {
    engine: { type: "string", multiple: true, default: [...engineNames] },
    suite: { type: "string", default: "websockets" },
    only: { type: "string", default: "" },
    class: { type: "string" },
    multiplier: { type: "string", default: "2" },
    own: { type: "string" },
    save: { type: "string" },
    write: { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  },
});
const { HANDCLASP_WPT: tree = "" } = process.env;
const isWhole = !values.only && !values.class;
const suite = values.suite as Suite;
const isUsable =
  suites.includes(suite) &&
  existsSync(join(tree, folders[suite])) &&
  values.engine.every((name) => engineNames.some((known) => known === name)) &&
  [undefined, "WebSocket", "WebSocketStream"].includes(values.class) &&
  (isWhole || !values.write);
if (values.help || !isUsable) {
  console.error(usage);
  process.exit(values.help ? 0 : 2);
}

const selects = ({ file, path }: Page): boolean =>
  path.match(values.only) !== null && (!values.class || isStream(file) === (values.class === "WebSocketStream"));
const document = join(import.meta.dirname, `../../../docs/${suite === "fetch" ? "wpt-fetch" : "wpt"}.md`);
let isGood = true;
for (const engine of values.engine as EngineName[]) {
  const own = values.own
    ? (JSON.parse(readFileSync(join(values.own, `${engine}-own.json`), "utf8")) as Results)
    : await runAndSave(engine, false);
  const ours = await runAndSave(engine, true);
  const report = reportOf(own, ours, suite);
  const text = readFileSync(document, "utf8");
  isGood = judge(report, readExceptions(text), isWhole) && isGood;
  if (values.write) writeFileSync(document, withRows(text, report));
}
process.exit(isGood ? 0 : 1);

async function runAndSave(engine: EngineName, isOurs: boolean): Promise<Results> {
  const kind = isOurs ? "ours" : "own";
  const save = (results: Results): void => {
    if (values.save) writeFileSync(join(values.save, `${engine}-${kind}.json`), JSON.stringify(results, undefined, 1));
  };
  const onPage = (soFar: Results, all: number): void => {
    const done = soFar.results.length;
    const page = soFar.results[done - 1] as PageResult;
    const failed = page.tests.find(({ status }) => status !== "PASS");
    if (done % 50 === 0) save(soFar);
    if (!failed && !page.failure && done % 50 && done < all) return;
    const problem = page.failure ?? (failed && `${failed.status} ${failed.name}: ${failed.message ?? ""}`);
    const detail = problem ? ` ${problem.replace(/\s+/g, " ").slice(0, 200)}` : "";
    console.log(`${engine} ${kind} ${done}/${all} ${page.path}${detail}`);
  };
  const results = await run({ tree, suite, engine, isOurs, selects, multiplier: Number(values.multiplier), onPage });
  save(results);
  return results;
}
