/**
 * The explanations, in the same file: what the build for Node.js takes in place of `late.ts`, because a file more costs more there than what is in it.
 * @module
 */
import type { Awaitable } from "../flow.ts";
import * as explain from "./explain.ts";

export const explanations = (): Awaitable<typeof explain | undefined> => explain;
