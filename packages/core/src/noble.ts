/**
 * noble at once: for who wants a provider that is synchronous from its first call on.
 * @module
 */
export { noble } from "./crypto/noble.ts";
