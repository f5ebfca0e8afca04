/**
 * The results of the runner, and docs/bogo.md.
 * @module
 */

/** The runner's configuration: bogo/config.json. */
export interface BogoConfig {
  /** The reasons why tests do not run, by the name or pattern of the tests. */
  readonly DisabledTests: Readonly<Record<string, string>>;
  /** The codes of Handclasp that the runner accepts for an error code of BoringSSL. */
  readonly ErrorMap: Readonly<Record<string, readonly string[]>>;
}

/** The prefix of the reason if the tests are outside TLS 1.2, or outside the features of Handclasp. */
export const outOfScope = "out of scope: ";

/** The tests in scope that do not run. The configuration lists each by its name, so that they can be counted. */
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
  /** The tests for which the shim lacks a flag or a value. They do not count as passed. */
  readonly unimplemented: readonly string[];
}

export function readResult(provider: string, { tests }: RunnerOutput): BogoResult {
  const named = (outcome: string): string[] => Object.keys(tests).filter((name) => tests[name]?.actual === outcome);
  return { provider, passed: named("PASS").length, failed: named("FAIL"), unimplemented: named("SKIP") };
}

/** The failure that a negative test expects. The runner does not compare an empty text. */
export interface ExpectedFailure {
  /** BoringSSL's error code. The shim must print it, or a code to which `ErrorMap` maps it. */
  readonly code: string;
  /** The error that the runner itself must report: `remote error: …` for an alert from the shim. */
  readonly runnerError: string;
}

/**
 * Reads the expected failure of each negative test from the runner's output for the shim that always fails
 * (`failing.ts`). The runner reports a wrong failure and names the right one. A test that accepts every failure passes.
 */
export function readExpectedFailures({ tests }: RunnerOutput): readonly ExpectedFailure[] {
  return Object.values(tests).flatMap(({ actual, error = "" }) => {
    if (actual === "PASS") return { code: "", runnerError: "" };
    const [, runnerError, code] = /\nwant:\n\tlocal: (".*")\n\tremote: (".*?")(?: mapped| \(no|\n)/.exec(error) ?? [];
    if (runnerError === undefined || code === undefined) return [];
    return { code: JSON.parse(code) as string, runnerError: JSON.parse(runnerError) as string };
  });
}

/** The mappings of `ErrorMap` whose code no test expects. */
export function unusedMappings({ ErrorMap }: BogoConfig, failures: readonly ExpectedFailure[]): readonly string[] {
  const expected = new Set(failures.map(({ code }) => code));
  return Object.keys(ErrorMap).filter((code) => !expected.has(code));
}

export interface BogoReport {
  readonly results: readonly BogoResult[];
  readonly failures: readonly ExpectedFailure[];
  readonly config: BogoConfig;
  readonly date: string;
  readonly revision: string;
}

/** The text of docs/bogo.md. */
export function report({ results, failures, config, date, revision }: BogoReport): string {
  const off = switchedOff(config);
  const reasons = new Map<string, string[]>();
  for (const [name, reason] of off) reasons.set(reason, [...(reasons.get(reason) ?? []), name]);
  const rows = results.map(
    ({ provider, passed, failed, unimplemented }) =>
      `| ${provider} | ${passed} | ${failed.length} | ${unimplemented.length} | ${off.length} |`,
  );
  const groups = [...reasons].map(([reason, names]) => `- ${reason}. ${names.map((name) => `\`${name}\``).join(" ")}`);
  return `# BoringSSL's tests

\`pnpm bogo\` writes this document; do not edit it. BoGo is BoringSSL's test runner: it plays the other side of a \
connection, and deliberately breaks the protocol in many of its tests. The shim, which the runner starts once for \
each test, is \`packages/conformance/src/bogo\`. \
The tests that do not run, and the error codes of Handclasp that count for an \
error code of BoringSSL, are in \`packages/conformance/bogo/config.json\`.

Runner: ${revision}. Date: ${date}.

| provider | passed | failed | unimplemented | switched off |
|---|---|---|---|---|
${rows.join("\n")}

Tests of other protocols and versions, of features that Handclasp does not have, and of BoringSSL's own interfaces \
are out of scope, and are not counted.

## Comparisons of the runner

${comparisons(failures, config)}

A test that expects success fails if the shim prints an error, if an \`-expect\` flag does not hold (resumption, \
ALPN, server name, group, signature scheme, certificates and others), or if the runner sees a wrong message. The \
group, the signature scheme, the OCSP response and the certificate timestamps of a resumed session are not checked, \
because Handclasp does not keep them. The shim trusts every certificate, as BoringSSL's own shim does, so these tests \
verify no certification path. They do verify each signature of a handshake.

## Signatures

With the provider \`node\`, \`nodeCredential\` signs with every key, through node:crypto. With \`noble\`, \
\`nobleCredential\` signs with EC and Ed25519 keys, in JavaScript. It refuses RSA keys, so with those \
\`nodeCredential\` signs for \`noble\` too. RSA decryption, for the RSA key exchange, is node:crypto's with either \
provider.

## Switched off, with the reasons

${groups.join("\n")}
`;
}

function comparisons(failures: readonly ExpectedFailure[], { ErrorMap }: BogoConfig): string {
  const count = (matches: (failure: ExpectedFailure) => boolean): number => failures.filter(matches).length;
  const isAlert = ({ runnerError }: ExpectedFailure): boolean => runnerError.startsWith("remote error: ");
  const several = Object.values(ErrorMap).filter((codes) => codes.length > 1).length;
  const uncompared = count(({ code, runnerError }) => !code && !runnerError);
  return `${failures.length} of the tests that run expect the connection to fail. In these, the runner compares:

- the error code that the shim prints, in ${count(({ code }) => code !== "")} tests;
- the alert that the shim sends, in ${count(isAlert)} tests;
- an error of the runner's own that is not an alert, in \
${count((failure) => failure.runnerError !== "" && !isAlert(failure))} tests;
- nothing but the failure itself, in ${uncompared} tests.

A test can compare more than one of these: ${count((failure) => failure.code !== "" && isAlert(failure))} compare \
both the code and the alert. ${Object.keys(ErrorMap).length} codes of BoringSSL are mapped to codes of Handclasp; \
${several} of them to more than one, each of which the runner accepts. No mapping accepts every error, and each is \
used by a test.`;
}
