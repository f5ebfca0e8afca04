/**
 * What stands in the files that users have, found and not yet read: for hosts that read keys themselves, and load nothing that does.
 * @module
 */
export { type FoundPrivateKey, findPrivateKey, type JsonWebKey, type PrivateKeySource } from "./x509/findPrivateKey.ts";
export { pemBlocks } from "./x509/pem.ts";
