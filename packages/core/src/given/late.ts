/**
 * Where the explanations come from: a chunk of its own, since a page whose options are right never needs it. The build for Node.js takes `now.ts` instead.
 * @module
 */
export const explanations = (): Promise<typeof import("./explain.ts")> => import("./explain.ts");
