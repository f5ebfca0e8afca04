/**
 * Verifies a corpus of certification paths and compares the verdicts with the expected verdicts. This module uses no
 * API of Node.js, so it also runs in a page.
 * @module
 */

import { type CryptoProvider, TlsError } from "@handclasp/core";
import { fromBase64 } from "@handclasp/core/unstable";

import { type Certificate, parseCertificate, type VerifyRequest, verifyCertificatePath } from "@handclasp/core/x509";

/** One case of the file. `roots`, `ints` and `leaf` are indexes into the list of certificates. */
export interface LimboCase {
  readonly id: string;
  /** Only `must` counts. `strict` cases have rules that private CAs often break, and `skip` cases are out of scope. */
  readonly tier: "must" | "strict" | "skip";
  readonly kind: "SERVER" | "CLIENT";
  readonly expect: "SUCCESS" | "FAILURE";
  readonly roots: readonly number[];
  readonly ints: readonly number[];
  readonly leaf: number;
  /** The time of verification. Default: now. */
  readonly time?: string | null;
  /** The reference identifier. If absent, no name is checked. */
  readonly name?: { readonly kind: "DNS" | "IP" | "RFC822"; readonly value: string } | null;
  /** The usages that the leaf must have. Default: the usage of `kind`. */
  readonly eku?: readonly string[] | null;
  /** The maximum number of intermediates. */
  readonly maxDepth?: number | null;
  /**
   * True if the case also runs without a name and must have the same verdict. A name mismatch would hide the fault.
   */
  readonly alsoWithoutName?: boolean;
}

export interface LimboCorpus {
  /** The certificates in DER. */
  readonly certs: readonly Uint8Array[];
  readonly cases: readonly LimboCase[];
}

/** One run of a case. */
export interface LimboVerdict {
  readonly id: string;
  readonly expected: LimboCase["expect"];
  /**
   * `ERROR` means an error that is not a `TlsError` with fault `"peer"`. `ERROR` is always wrong.
   */
  readonly got: LimboCase["expect"] | "ERROR";
  /** The error's code and message (with `ERROR`, its stack), or the path that was found. */
  readonly reason: string;
  /** The duration. A test must not judge it: it depends on the load of the machine. */
  readonly ms: number;
  readonly right: boolean;
}

/** The time limit of one run of a case, which `pnpm limbo` applies. */
export const limboMilliseconds = 2000;

/** The OIDs of the usage names in the corpus. The corpus may also contain dotted OIDs, which need no entry. */
const usages: Readonly<Record<string, string>> = {
  anyExtendedKeyUsage: "2.5.29.37.0",
  serverAuth: "1.3.6.1.5.5.7.3.1",
  clientAuth: "1.3.6.1.5.5.7.3.2",
  codeSigning: "1.3.6.1.5.5.7.3.3",
  emailProtection: "1.3.6.1.5.5.7.3.4",
  timeStamping: "1.3.6.1.5.5.7.3.8",
  OCSPSigning: "1.3.6.1.5.5.7.3.9",
};

/**
 * Reads a corpus file. Throws an Error if the file is not a corpus. A fault in one case becomes that case's verdict.
 */
export function readLimbo(text: string): LimboCorpus {
  let file: { certs?: unknown; testcases?: unknown } | null;
  try {
    file = JSON.parse(text) as typeof file;
  } catch (error) {
    throw new Error(`no corpus: not JSON (${(error as Error).message})`);
  }
  if (!Array.isArray(file?.certs) || !Array.isArray(file.testcases))
    throw new Error('no corpus: expected an object with the lists "certs" and "testcases"');
  const certs = file.certs.map((base64, i) => {
    try {
      return fromBase64(base64 as string);
    } catch {
      throw new Error(`no corpus: certs[${i}] is not base64`);
    }
  });
  return { certs, cases: file.testcases as LimboCase[] };
}

/** The verdicts on a case. There are two if the case also runs without a name. Never rejects. */
export async function judge(corpus: LimboCorpus, one: LimboCase, provider: CryptoProvider): Promise<LimboVerdict[]> {
  const verdicts = [await timed(one.id, one, () => verify(corpus, one, provider, one.name))];
  if (one.alsoWithoutName)
    verdicts.push(await timed(`${one.id} (without a name)`, one, () => verify(corpus, one, provider, null)));
  return verdicts;
}

async function timed(id: string, { expect }: LimboCase, run: () => Promise<string>): Promise<LimboVerdict> {
  const start = performance.now();
  let got: LimboVerdict["got"] = "SUCCESS";
  let reason: string;
  try {
    reason = await run();
  } catch (error) {
    const typed = TlsError.is(error) && error.fault === "peer";
    got = typed ? "FAILURE" : "ERROR";
    reason = typed ? `${error.code}: ${error.message}` : ((error as Error | undefined)?.stack ?? String(error));
  }
  return { id, expected: expect, got, reason, ms: performance.now() - start, right: got === expect };
}

/** Verifies the path and returns the subjects of its certificates. */
async function verify(
  { certs }: LimboCorpus,
  one: LimboCase,
  provider: CryptoProvider,
  name: LimboCase["name"],
): Promise<string> {
  const der = (index: number): Uint8Array => {
    const found = certs[index];
    if (!found) throw new RangeError(`${index} is not an index below ${certs.length}`);
    return found;
  };
  if (one.kind !== "SERVER" && one.kind !== "CLIENT") throw new TypeError(`kind ${String(one.kind)}`);
  const now = one.time == null ? Date.now() : Date.parse(one.time);
  if (Number.isNaN(now)) throw new TypeError(`time ${one.time}`);
  const request: VerifyRequest = {
    chain: [der(one.leaf)],
    intermediates: one.ints.map(der),
    policy: { anchors: one.roots.map(der).flatMap(anchor), pins: [] },
    purpose: one.kind === "SERVER" ? "server" : "client",
    now,
    provider,
    // The verifier does not check a mail address.
    ...(name && name.kind !== "RFC822" && { reference: name.value }),
    ...(one.maxDepth != null && { maxDepth: one.maxDepth }),
  };
  let found = "";
  for (const usage of one.eku?.length ? one.eku : [undefined]) {
    const wanted = usage === undefined ? {} : { extendedKeyUsage: usages[usage] ?? usage };
    const { path } = await verifyCertificatePath({ ...request, ...wanted });
    found = path.map(({ subject }) => subject.text || "no subject").join(" < ");
  }
  return found;
}

/** Leaves a certificate that cannot be parsed out of the trust anchors. */
function anchor(der: Uint8Array): Certificate[] {
  try {
    return [parseCertificate(der)];
  } catch (error) {
    if (TlsError.is(error)) return [];
    throw error;
  }
}
