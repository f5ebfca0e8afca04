/** Verdicts in one word, for tests. */
import { noble } from "../../src/crypto/noble.ts";
import { TlsError } from "../../src/errors.ts";
import { runFlow } from "../../src/flow.ts";
import { CertificateError } from "../../src/x509/errors.ts";
import {
  type TrustOptions,
  trustPolicy,
  type VerifiedPeer,
  type VerifyRequest,
  verifyPeer,
} from "../../src/x509/verify.ts";
import { now } from "./make.ts";

type Made = { der: Uint8Array };

export interface Ask extends Partial<Omit<VerifyRequest, "chain" | "policy" | "reference">> {
  /** `null`: no name is checked. */
  reference?: string | null;
}

/** Verifies a chain for www.example.com on the clock of the tests, with noble. */
export async function verify(
  chain: readonly Made[],
  trust: Made[] | TrustOptions,
  ask: Ask = {},
): Promise<VerifiedPeer> {
  const { reference = "www.example.com", provider = noble, ...rest } = ask;
  const options = Array.isArray(trust) ? { ca: trust.map(({ der }) => der) } : trust;
  return await runFlow(
    verifyPeer({
      chain: chain.map(({ der }) => der),
      policy: trustPolicy(options),
      purpose: "server",
      now,
      provider,
      ...(reference !== null && { reference }),
      ...rest,
    }),
  );
}

/** The error of a chain that must be refused. */
export async function refusal(...parameters: Parameters<typeof verify>): Promise<CertificateError> {
  try {
    await verify(...parameters);
  } catch (error) {
    if (error instanceof CertificateError && TlsError.is(error)) return error;
    throw error;
  }
  throw new Error("the chain was accepted");
}

/** Its code, `"ok"` for a chain that is accepted. */
export const verdict = (...parameters: Parameters<typeof verify>): Promise<string> =>
  refusal(...parameters).then(
    ({ code }) => code,
    (error: Error) => {
      if (error.message === "the chain was accepted") return "ok";
      throw error;
    },
  );
