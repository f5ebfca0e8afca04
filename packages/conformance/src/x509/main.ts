/**
 * `pnpm -s limbo FILE`: checks path validation with a corpus file. It ends with the line `must: N of M`.
 */
import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { type CryptoProvider, noble } from "@handclasp/core";
import { nodeCrypto } from "@handclasp/node";
import { judge, type LimboCase, type LimboCorpus, type LimboVerdict, limboMilliseconds, readLimbo } from "./limbo.ts";

const providers: Readonly<Record<string, readonly CryptoProvider[]>> = {
  noble: [noble],
  node: [nodeCrypto],
  both: [noble, nodeCrypto],
};

const usage = `usage: limbo [--provider noble|node|both] FILE
Verifies each case of the tier "must" in FILE with each provider (default: both).
Exit code 0: all verdicts are right. 1: some are wrong. 2: FILE or an option is invalid.`;

try {
  const { corpus, selected } = read(process.argv.slice(2));
  process.exitCode = (await run(corpus, selected)) ? 0 : 1;
} catch (error) {
  console.error(`limbo: ${(error as Error).message}`);
  process.exitCode = 2;
}

function read(args: string[]): { corpus: LimboCorpus; selected: readonly CryptoProvider[] } {
  const { values, positionals } = parseArgs({
    args,
    options: { provider: { type: "string", default: "both" } },
    allowPositionals: true,
  });
  const selected = providers[values.provider];
  const [path, ...more] = positionals;
  if (!selected || path === undefined || more.length) throw new Error(usage);
  const corpus = readLimbo(readFileSync(path, "utf8"));
  if (!corpus.cases.some(({ tier }) => tier === "must")) throw new Error(`${path} has no case of the tier "must"`);
  return { corpus, selected };
}

/** A case counts as right only if all its runs are right, and in time, with every provider. */
async function run(corpus: LimboCorpus, selected: readonly CryptoProvider[]): Promise<boolean> {
  const cases = corpus.cases.filter(({ tier }) => tier === "must");
  const wrong = new Set<LimboCase>();
  for (const provider of selected) {
    const start = performance.now();
    let slowest: LimboVerdict | undefined;
    for (const one of cases) {
      for (const verdict of await judge(corpus, one, provider)) {
        if (verdict.ms > (slowest?.ms ?? 0)) slowest = verdict;
        const { id, expected, got, reason, ms } = verdict;
        const isSlow = ms > limboMilliseconds;
        if (verdict.right && !isSlow) continue;
        wrong.add(one);
        const time = isSlow ? `${Math.round(ms)} ms, at most ${limboMilliseconds} are allowed; ` : "";
        console.log(`wrong: ${id} with ${provider.name}: ${time}expected ${expected}, got ${got}: ${reason}`);
      }
    }
    const took = Math.round(performance.now() - start);
    console.log(`${provider.name}: ${took} ms; slowest ${slowest?.id}, ${Math.round(slowest?.ms ?? 0)} ms`);
  }
  const right = cases.length - wrong.size;
  console.log(`must: ${right} of ${cases.length}`);
  return right === cases.length;
}
