/**
 * The explanations without a chunk of their own. The build for Node.js takes this file in place of `lazy.ts`, because
 * loading one more file costs more there than the code in it.
 * @module
 */
import type { Awaitable } from "../flow.ts";
import * as explain from "./explain.ts";

export const loadExplanations = (): Awaitable<typeof explain | undefined> => explain;
