/**
 * The same as `lazy.ts`, without a chunk of its own: the build for Node.js takes this file.
 * @module
 */
import type { Awaitable } from "../flow.ts";
import * as constraints from "./constraints.ts";

export const loadConstraints = (): Awaitable<typeof constraints> => constraints;
