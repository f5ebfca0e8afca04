/**
 * The same as `late.ts`, in the same file.
 * @module
 */
import type { Awaitable } from "../flow.ts";
import * as its from "./constraints.ts";

export const constraints = (): Awaitable<typeof its> => its;
