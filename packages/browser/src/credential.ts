/**
 * Client certificates for pages. They have a separate entry, so that a page without a client certificate does not load
 * the code for them.
 * @module
 */
export { type BrowserCredentialOptions, browserCredential } from "./crypto/credential.ts";
