/**
 * The provider `noble`, loaded at once, so that it is synchronous from its first call on.
 * @module
 */
export { noble } from "./crypto/noble.ts";
