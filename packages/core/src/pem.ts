/**
 * Finds certificates and private keys in PEM without parsing them, for adapters whose platform parses keys.
 * @module
 */
export { type FoundPrivateKey, findPrivateKey, type JsonWebKey, type PrivateKeySource } from "./x509/findPrivateKey.ts";
export { pemBlocks } from "./x509/pem.ts";
