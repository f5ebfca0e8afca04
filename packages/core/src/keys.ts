/**
 * Reads private keys in the formats that key files use, and makes credentials that sign in JavaScript. A program that
 * needs neither does not load this module.
 * @module
 */

export {
  type FoundPrivateKey,
  findPrivateKey,
  type JsonWebKey,
  type PrivateKeySource,
} from "./x509/findPrivateKey.ts";
export { type NobleCredentialOptions, nobleCredential } from "./x509/nobleCredential.ts";
export {
  type Pbkdf2,
  type PrivateKey,
  type PrivateKeyOptions,
  privateKeyToPkcs8,
  readPrivateKey,
} from "./x509/privateKey.ts";
