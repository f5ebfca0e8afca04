/**
 * Private keys from files, and credentials that sign in JavaScript: loaded only by who needs them.
 * @module
 */
export { type NobleCredentialOptions, nobleCredential } from "./x509/nobleCredential.ts";
export {
  type FoundPrivateKey,
  findPrivateKey,
  type JsonWebKey,
  type Pbkdf2,
  type PrivateKey,
  type PrivateKeyOptions,
  type PrivateKeySource,
  privateKeyToPkcs8,
  readPrivateKey,
} from "./x509/privateKey.ts";
