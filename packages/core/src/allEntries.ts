/**
 * Every entry that needs nothing of `@noble/curves` and `@noble/ciphers`, in one: what Node.js loads in place of each (the condition `node` in package.json), because there a file more costs
 * more than what is in it.
 * @module
 */
export * from "./describe.ts";
export * from "./index.ts";
export * from "./pem.ts";
export * from "./trace.ts";
export * from "./unstable/adapters.ts";
export * from "./unstable/engine.ts";
export * from "./x509.ts";
