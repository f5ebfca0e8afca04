/**
 * The work of each runtime: the core suite in memory, an echo over the runtime's own WebSocket, and a resumption. The
 * code uses only what all runtimes have.
 * @module
 */
import { type ConnectOptions, type CryptoProvider, keepSessions, type TlsConnection } from "@handclasp/core/client";
import { type CoreSuiteOptions, coreSuite } from "@handclasp/testing";
import type { Failure, Report, Settings } from "../protocol.ts";

/** The part of a runtime that the program gets from the adapter under test. */
export interface Host extends Pick<CoreSuiteOptions, "credential" | "hasRawRsa" | "authority"> {
  readonly provider: CryptoProvider;
  connect(address: string, options: ConnectOptions): Promise<TlsConnection>;
}

/** The address of the runner, which esbuild puts here. */
declare const handclaspRunner: string;
/** A regular expression for the names of the core suite's tests that run, which esbuild puts here. */
declare const handclaspOnly: string;

const size = 2 ** 20;

/** Runs everything and sends the report to the runner. */
export async function runProgram(makeHost: () => Host): Promise<Report> {
  const report = await reportOf(makeHost).catch(
    (error: unknown): Report => ({
      provider: "none",
      suite: { passed: 0, failures: [{ test: "the program", error: describe(error) }] },
      echoed: 0,
      isResumed: false,
    }),
  );
  await fetch(`${handclaspRunner}/report`, { method: "POST", body: JSON.stringify(report) });
  return report;
}

async function reportOf(makeHost: () => Host): Promise<Report> {
  const settings = (await (await fetch(`${handclaspRunner}/settings`)).json()) as Settings;
  const host = makeHost();
  const failures: Failure[] = [];
  let passed = 0;
  for (const { name, run } of testsOf(host)) {
    try {
      await withLimit(run());
      passed++;
    } catch (error) {
      failures.push({ test: name, error: describe(error) });
    }
  }
  const attempt = <T>(test: string, run: () => Promise<T>): Promise<T | undefined> =>
    run().catch((error: unknown) => void failures.push({ test, error: describe(error) }));
  const sessions = keepSessions();
  const options = { ca: settings.ca, serverName: "localhost", sessions };
  const echoed = await attempt("echo", () => echo(host, settings.address, options));
  const isResumed = await attempt("resumption", () => isSecondResumed(host, settings.address, options));
  return {
    provider: host.provider.name,
    suite: { passed, failures },
    echoed: echoed ?? 0,
    isResumed: isResumed ?? false,
  };
}

/** Only a test that hangs takes so long, in milliseconds, even on a busy machine. */
const testLimit = 240_000;

async function withLimit(test: Promise<void>): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no end in ${testLimit / 1000} s`)), testLimit);
  });
  await Promise.race([test, late]).finally(() => clearTimeout(timer));
}

interface Test {
  readonly name: string;
  readonly run: () => Promise<void>;
}

function testsOf(host: Host): Test[] {
  const tests: Test[] = [];
  const only = new RegExp(handclaspOnly);
  coreSuite(
    {
      describe: (_name, body) => body(),
      test: (name, run) => void (only.test(name) && tests.push({ name, run })),
    },
    { ...host, name: host.provider.name },
  );
  return tests;
}

/** Sends a mebibyte and returns how many bytes came back unchanged. */
async function echo(host: Host, address: string, options: ConnectOptions): Promise<number> {
  const channel = await host.connect(address, options);
  const sent = Uint8Array.from({ length: size }, (_, i) => (i * 31 + (i >> 8)) & 0xff);
  const done = channel.write(sent);
  let echoed = 0;
  while (echoed < size) {
    const bytes = await channel.read();
    if (!bytes) throw new Error(`the server ended the channel after ${echoed} bytes`);
    for (const byte of bytes) if (byte !== sent[echoed++]) throw new Error(`byte ${echoed - 1} came back altered`);
  }
  await done;
  await channel.close();
  return echoed;
}

async function isSecondResumed(host: Host, address: string, options: ConnectOptions): Promise<boolean> {
  const channel = await host.connect(address, options);
  await channel.close();
  return channel.session.resumed;
}

const describe = (error: unknown): string => {
  const { stack, message } = error as Error;
  return message && stack && !stack.includes(message) ? `${message}\n${stack}` : (stack ?? String(error));
};
