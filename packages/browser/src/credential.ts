/**
 * Certificates of a page's own, for servers that ask for one. An entry of its own: a page that has none does not load
 * what reads them.
 * @module
 */
export { type BrowserCredentialOptions, browserCredential } from "./crypto/credential.ts";
