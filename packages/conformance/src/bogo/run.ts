/**
 * `pnpm bogo`: runs BoringSSL's runner against the shim, with each provider, and writes docs/bogo.md.
 * @module
 */
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type BogoConfig, type BogoResult, type RunnerOutput, readResult, report } from "./results.ts";

const usage = `pnpm bogo [TESTS]: BoringSSL's test runner against Handclasp.
TESTS are patterns between semicolons, such as 'Basic-*;ALPN*'; without any, all are run and docs/bogo.md is written.
The runner is not part of Handclasp. Build it from BoringSSL's sources, which takes Go:
  cd boringssl/ssl/test/runner && go test -c -o /path/to/runner
and say where it is in HANDCLASP_BOGO_RUNNER, and what was built, a commit, in HANDCLASP_BOGO_REVISION.`;

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
for (const provider of providers) results.push(await run(runner, provider));
for (const { provider, passed, failed, unimplemented } of results) {
  console.log(`${provider}: ${passed} passed, ${failed.length} failed, ${unimplemented.length} unimplemented`);
  for (const name of failed) console.log(`  failed: ${name}`);
  for (const name of unimplemented) console.log(`  unimplemented: ${name}`);
}
if (tests === undefined) {
  const config = JSON.parse(readFileSync(configFile, "utf8")) as BogoConfig;
  const [date = ""] = new Date().toISOString().split("T");
  writeFileSync(file("../../../docs/bogo.md"), report(results, config, date, revision));
}
process.exitCode = results.every(({ failed }) => failed.length === 0) ? 0 : 1;

async function run(program: string, provider: string): Promise<BogoResult> {
  const folder = mkdtempSync(join(tmpdir(), "handclasp-bogo-"));
  const output = join(folder, "results.json");
  const args = [
    ["-shim-path", file("bogo-shim.js")],
    ["-shim-config", configFile],
    ["-shim-extra-flags", `-provider;${provider}`],
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
    return readResult(provider, JSON.parse(readFileSync(output, "utf8")) as RunnerOutput);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
