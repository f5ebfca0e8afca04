/**
 * The provider `noble` with all its code, so that it is synchronous from the first call.
 * @module
 */
export { noble } from "./crypto/noble.ts";
