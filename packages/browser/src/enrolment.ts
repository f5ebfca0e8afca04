/**
 * A page's own client certificate: a key that no script can read, a request for a certificate over a channel, and its
 * renewal and revocation. The server's side is `@handclasp/node/enrolment`.
 * @module
 */
export { type EnrolOptions, enrolmentProtocol, Identity, type IdentityOptions } from "./enrolment/identity.ts";
