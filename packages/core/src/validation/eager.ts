/**
 * The explanations, in the same file: what the build for Node.js takes in place of `lazy.ts`, because a file more costs more there than what is in it.
 * @module
 */
import type { Awaitable } from "../flow.ts";
import * as explain from "./explain.ts";

export const loadExplanations = (): Awaitable<typeof explain | undefined> => explain;
