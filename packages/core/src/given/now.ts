/**
 * The explanations, in the same file: what the build for Node.js takes in place of `late.ts`, because a file more costs more there than what is in it.
 * @module
 */
import * as explain from "./explain.ts";

export const explanations = async (): Promise<typeof explain> => explain;
