/**
 * The style sheet of the inspector.
 * @module
 */
import { base } from "./base.ts";
import { details } from "./details.ts";
import { ladder } from "./ladder.ts";

export const styles: string = base + ladder + details;
