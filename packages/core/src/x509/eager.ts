/**
 * Imports the rules of name constraints at once. The build for Node.js uses this file in place of `lazy.ts`.
 * @module
 */
import type { Awaitable } from "../flow.ts";
import * as constraints from "./constraints.ts";

export const loadConstraints = (): Awaitable<typeof constraints> => constraints;
