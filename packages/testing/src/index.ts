/**
 * The test kit of Handclasp, for Node.js and browsers: a throw-away CA, transports in memory, late providers, and
 * contract suites.
 * @module
 */
export * from "./asyncProvider.ts";
export * from "./certificateForKey.ts";
export * from "./certificates.ts";
export * from "./memoryPair.ts";
export * from "./sealed.ts";
export type { TestRunner } from "./suites/contract.ts";
export * from "./suites/coreSuite.ts";
export * from "./suites/providerContract.ts";
export * from "./suites/transportContract.ts";
