/**
 * Private keys from files, and credentials that sign in JavaScript: loaded only by who needs them.
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
