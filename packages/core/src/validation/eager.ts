/**
 * Imports the explanations at once. The build for Node.js uses this file in place of `lazy.ts`, because Node.js takes
 * longer to load one more file than to load the code in it.
 * @module
 */
import type { Awaitable } from "../flow.ts";
import * as explain from "./explain.ts";

export const loadExplanations = (): Awaitable<typeof explain | undefined> => explain;
