/**
 * Gives client certificates to pages that ask for one over a channel. The page's side is
 * `@handclasp/browser/enrolment`.
 * @module
 */
export type { ClientNames } from "./enrolment/certificate.ts";
export {
  type EnrolmentRequest,
  type IssuedToClient,
  Issuer,
  type IssuerOptions,
  type Renewal,
} from "./enrolment/issuer.ts";
export { enrolmentProtocol } from "./enrolment/question.ts";
export type { RevocationStore } from "./enrolment/revocations.ts";
