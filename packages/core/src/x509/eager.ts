/**
 * The same as `lazy.ts`, in the same file.
 * @module
 */
import type { Awaitable } from "../flow.ts";
import * as its from "./constraints.ts";

export const loadConstraints = (): Awaitable<typeof its> => its;
