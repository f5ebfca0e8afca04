/**
 * All entries in one module, except `keys` and `noble`, which import `@noble/curves` and `@noble/ciphers`. In Node.js,
 * each of these entries re-exports names of this module (the condition `node` in package.json), because Node.js takes
 * longer to load one more file than to load the code in it.
 * @module
 */
export * from "./describe.ts";
export * from "./index.ts";
export * from "./pem.ts";
export * from "./starttls.ts";
export * from "./trace.ts";
export * from "./unstable/adapters.ts";
export * from "./unstable/engine.ts";
export * from "./x509.ts";
