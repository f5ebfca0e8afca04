/**
 * `pnpm bogo`: runs BoringSSL's runner against the shim, with each provider, and writes docs/bogo.md.
 * @module
 */
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import {
  type BogoConfig,
  type BogoResult,
  type RunnerOutput,
  readExpectedFailures,
  readResult,
  report,
  unusedMappings,
} from "./results.ts";

const usage = `pnpm bogo [TESTS]: BoringSSL's test runner against Handclasp.
TESTS are patterns, separated by semicolons, such as 'Basic-*;ALPN*'. Without TESTS, all tests run, and the command
writes docs/bogo.md.
The runner is not part of Handclasp. Build it from BoringSSL's sources, with Go:
  cd boringssl/ssl/test/runner && go test -c -o /path/to/runner
Set HANDCLASP_BOGO_RUNNER to its path, and HANDCLASP_BOGO_REVISION to the commit that it was built from.`;

const providers = ["node", "noble"];

const file = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const configFile = file("../bogo/config.json");

const { HANDCLASP_BOGO_RUNNER: runner, HANDCLASP_BOGO_REVISION: revision = "unknown revision" } = process.env;
if (!runner) {
  console.error(usage);
  process.exit(2);
}
const tests = process.argv[2];
const results: BogoResult[] = [];
for (const provider of providers)
  results.push(readResult(provider, await run(runner, "bogo-shim.js", ["-shim-extra-flags", `-provider;${provider}`])));
for (const { provider, passed, failed, unimplemented } of results) {
  console.log(`${provider}: ${passed} passed, ${failed.length} failed, ${unimplemented.length} unimplemented`);
  for (const name of failed) console.log(`  failed: ${name}`);
  for (const name of unimplemented) console.log(`  unimplemented: ${name}`);
}
process.exitCode = results.every(({ failed }) => failed.length === 0) ? 0 : 1;
if (tests === undefined) {
  const config = JSON.parse(readFileSync(configFile, "utf8")) as BogoConfig;
  const failures = readExpectedFailures(await run(runner, "bogo-failing.js"));
  for (const code of unusedMappings(config, failures)) {
    console.log(`bogo/config.json: no test expects ${code}; remove it from ErrorMap`);
    process.exitCode = 1;
  }
  const [date = ""] = new Date().toISOString().split("T");
  writeFileSync(file("../../../docs/bogo.md"), report({ results, failures, config, date, revision }));
}

async function run(program: string, shim: string, flags: readonly string[] = []): Promise<RunnerOutput> {
  const folder = mkdtempSync(join(tmpdir(), "handclasp-bogo-"));
  const output = join(folder, "results.json");
  const args = [
    ["-shim-path", file(shim)],
    ["-shim-config", configFile],
    flags,
    ["-json-output", output],
    ["-num-workers", String(availableParallelism())],
    ["-allow-unimplemented"],
    tests === undefined ? [] : ["-test", tests],
  ].flat();
  try {
    await new Promise<void>((resolve, reject) => {
      const child = spawn(program, args, { stdio: ["ignore", "ignore", "inherit"] });
      child.on("error", reject);
      child.on("close", () => resolve());
    });
    return JSON.parse(readFileSync(output, "utf8")) as RunnerOutput;
  } finally {
    rmSync(folder, { recursive: true });
  }
}
