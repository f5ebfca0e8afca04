/** The messages between the programs in the runtimes and the runner: JSON over HTTP. */
import type { IssueOptions, TestCaOptions } from "@handclasp/testing";

/** `GET /settings`: where a program finds the runner's echo server. */
export interface Settings {
  /** The `ws:` address of an echo server for the name `localhost`. */
  readonly address: string;
  /** PEM of its CA. */
  readonly ca: string;
}

/** `POST /report`: the result of a program. The runner adds the name and the version. */
export interface Report {
  /** The name of the provider. */
  readonly provider: string;
  readonly suite: { readonly passed: number; readonly failures: readonly Failure[] };
  /** The bytes that came back from the server in the channel, all as they were sent. */
  readonly echoed: number;
  /** Whether a second channel resumed the session of the first. */
  readonly isResumed: boolean;
}

export interface Failure {
  readonly test: string;
  readonly error: string;
}

/** `POST /authority`: makes an authority in the runner, for a runtime that can make no keys. */
export type AuthorityRequest = TestCaOptions;
export interface AuthorityAnswer {
  readonly id: number;
  readonly pem: string;
  readonly key: string;
}

/** `POST /issue`: issues a certificate with the authority `id`. Dates are in milliseconds since 1970. */
export interface IssueRequest extends Omit<IssueOptions, "notBefore" | "notAfter"> {
  readonly id: number;
  readonly notBefore?: number;
  readonly notAfter?: number;
}
export interface IssueAnswer {
  readonly cert: string;
  readonly key: string;
  /** The DER of each certificate of the chain, in Base64. */
  readonly chain: readonly string[];
}

/** `POST /sign`: signs with a key of `/issue`, for a runtime that cannot sign with it. Bytes are in Base64. */
export interface SignRequest {
  readonly key: string;
  /** The number of the signature scheme. */
  readonly scheme: number;
  readonly message: string;
}
export interface SignAnswer {
  readonly signature: string;
}
