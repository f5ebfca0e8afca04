/**
 * Client certificates for pages. They have an entry of their own, so that a page without one does not load the code
 * that reads them.
 * @module
 */
export { type BrowserCredentialOptions, browserCredential } from "./crypto/credential.ts";
