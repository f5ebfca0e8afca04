/** Verifies chains for tests. A verdict is "ok" or the code of an error. */
import { noble } from "../../src/crypto/noble.ts";
import { TlsError } from "../../src/errors.ts";
import { runFlow } from "../../src/flow.ts";
import { CertificateError } from "../../src/x509/errors.ts";
import { type TrustOptions, trustPolicy } from "../../src/x509/trust.ts";
import { type VerifiedPeer, type VerifyRequest, verifyPeer } from "../../src/x509/verify.ts";
import { now } from "./make.ts";

type Encoded = { der: Uint8Array };

export interface VerifyOptions extends Partial<Omit<VerifyRequest, "chain" | "policy" | "reference">> {
  /** `null` to check no name. */
  reference?: string | null;
}

/** Verifies a chain for www.example.com with the noble provider, at the time `now` of `make.ts`. */
export async function verify(
  chain: readonly Encoded[],
  trust: Encoded[] | TrustOptions,
  verifyOptions: VerifyOptions = {},
): Promise<VerifiedPeer> {
  const { reference = "www.example.com", provider = noble, ...rest } = verifyOptions;
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

/** The error for a chain that must be refused. */
export async function refusal(...parameters: Parameters<typeof verify>): Promise<CertificateError> {
  try {
    await verify(...parameters);
  } catch (error) {
    if (error instanceof CertificateError && TlsError.is(error)) return error;
    throw error;
  }
  throw new Error("the chain was accepted");
}

/** The code of the error for a chain; `"ok"` if it is accepted. */
export const verdict = (...parameters: Parameters<typeof verify>): Promise<string> =>
  refusal(...parameters).then(
    ({ code }) => code,
    (error: Error) => {
      if (error.message === "the chain was accepted") return "ok";
      throw error;
    },
  );
