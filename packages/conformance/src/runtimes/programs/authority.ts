/**
 * For a page without WebCrypto, the runner makes keys, and signs with RSA keys.
 * @module
 */

import { browserCredential } from "@handclasp/browser/credential";
import { type Credential, rsa_pss_rsae_sha256 } from "@handclasp/core/client";
import { readCredential } from "@handclasp/core/unstable";
import type { IssuedCertificate, TestCa, TestCaOptions } from "@handclasp/testing";
import type { AuthorityAnswer, IssueAnswer, IssueRequest, SignAnswer, SignRequest } from "../protocol.ts";

declare const handclaspRunner: string;

/** A throw-away authority in the runner, for a page without WebCrypto. */
export async function runnersAuthority({ commonName }: TestCaOptions = {}): Promise<TestCa> {
  const { id, pem, key } = await post<AuthorityAnswer>("/authority", { ...(commonName && { commonName }) });
  return {
    pem,
    key,
    der: decode(pem.replace(/-----[^-]+-----|\s/g, "")),
    async issue({ notBefore, notAfter, ...options } = {}) {
      const request: IssueRequest = {
        ...options,
        id,
        ...(notBefore && { notBefore: notBefore.getTime() }),
        ...(notAfter && { notAfter: notAfter.getTime() }),
      };
      const { cert, key, chain } = await post<IssueAnswer>("/issue", request);
      if (options.algorithm === "rsa-2048") rsaKeys.add(key);
      return Object.defineProperty({ cert, key, chain: [] as Uint8Array[] }, "chain", {
        value: chain.map(decode),
        enumerable: false,
      });
    },
    intermediate: () => Promise.reject(new Error("the core suite needs no intermediate")),
  };
}

const rsaKeys = new Set<string>();

/** The package's credential, except for RSA keys, with which it cannot sign on an insecure origin. */
export async function runnersCredential(issued: IssuedCertificate): Promise<Credential> {
  if (!rsaKeys.has(issued.key)) return browserCredential(issued);
  return {
    chain: issued.chain,
    schemes: [rsa_pss_rsae_sha256],
    read: readCredential,
    async sign({ id: scheme }, message) {
      const request: SignRequest = { key: issued.key, scheme, message: btoa(String.fromCharCode(...message)) };
      return decode((await post<SignAnswer>("/sign", request)).signature);
    },
  };
}

const decode = (base64: string): Uint8Array => Uint8Array.from(atob(base64), (char) => char.charCodeAt(0));

async function post<Answer>(path: string, body: object): Promise<Answer> {
  const response = await fetch(handclaspRunner + path, { method: "POST", body: JSON.stringify(body) });
  if (!response.ok) throw new Error(`${path}: ${await response.text()}`);
  return (await response.json()) as Answer;
}
