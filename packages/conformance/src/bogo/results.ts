/**
 * What came of a run of the runner, and docs/bogo.md.
 * @module
 */

/** The configuration that the runner reads: bogo/config.json. */
export interface BogoConfig {
  /** Patterns of tests that are off, with the reason. */
  readonly DisabledTests: Readonly<Record<string, string>>;
  /** BoringSSL's errors, and ours that are as good. */
  readonly ErrorMap: Readonly<Record<string, readonly string[]>>;
}

/** What begins the reason of a pattern that is no matter of TLS 1.2. */
export const outOfScope = "out of scope: ";

/** The tests of TLS 1.2 that we switch off: by their names alone, never by patterns, so that they can be counted. */
export const switchedOff = ({ DisabledTests }: BogoConfig): readonly (readonly [name: string, reason: string])[] =>
  Object.entries(DisabledTests).filter(([, reason]) => !reason.startsWith(outOfScope));

/** The file that the runner writes. */
export interface RunnerOutput {
  readonly tests: Readonly<Record<string, { readonly actual: "PASS" | "FAIL" | "SKIP"; readonly error?: string }>>;
}

export interface BogoResult {
  readonly provider: string;
  readonly passed: number;
  readonly failed: readonly string[];
  /** The shim has nothing for what the test wants: no pass. */
  readonly unimplemented: readonly string[];
}

export function readResult(provider: string, { tests }: RunnerOutput): BogoResult {
  const named = (outcome: string): string[] => Object.keys(tests).filter((name) => tests[name]?.actual === outcome);
  return { provider, passed: named("PASS").length, failed: named("FAIL"), unimplemented: named("SKIP") };
}

/** docs/bogo.md. */
export function report(results: readonly BogoResult[], config: BogoConfig, date: string, revision: string): string {
  const off = switchedOff(config);
  const reasons = new Map<string, string[]>();
  for (const [name, reason] of off) reasons.set(reason, [...(reasons.get(reason) ?? []), name]);
  const rows = results.map(
    ({ provider, passed, failed, unimplemented }) =>
      `| ${provider} | ${passed} | ${failed.length} | ${unimplemented.length} | ${off.length} |`,
  );
  const why = [...reasons].map(([reason, names]) => `### ${reason}\n\n${names.map((name) => `- ${name}`).join("\n")}`);
  return `# BoringSSL's tests

Made by \`pnpm bogo\`; do not edit. BoGo is the test runner of BoringSSL: it plays the other side of a connection, and plays it wrong
in all the ways that its authors know. The shim is \`packages/conformance/src/bogo\`, what is off and what our errors are called
stands in \`packages/conformance/bogo/config.json\`. Error codes and alerts are compared, not only that there was one.

Runner: ${revision}. Date: ${date}.

| provider | passed | failed | unimplemented | switched off |
|---|---|---|---|---|
${rows.join("\n")}

Other protocols and versions are out of scope, and not counted.

## Switched off, and why

${why.join("\n\n")}
`;
}
