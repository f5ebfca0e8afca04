/**
 * What the RFCs demand (MUST, MUST NOT, SHALL, REQUIRED, and the SHOULDs that matter to security), in our words, and where it is obeyed.
 * `docs/rfc-coverage.md` is made from it.
 * @module
 */
import { beside } from "./beside.ts";
import { rfc7366, rfc8422 } from "./ciphers.ts";
import { hellos } from "./hellos.ts";
import { rfc5746 } from "./renegotiation.ts";
import { rfc5077, rfc7627 } from "./resumption.ts";
import { rfc5246 } from "./rfc5246.ts";
import type { Rfc } from "./statement.ts";

/** The six that are covered as a whole. */
export const six: readonly Rfc[] = [rfc5246, rfc5746, rfc7627, rfc5077, rfc7366, rfc8422];

/** All of them. */
export const rfcs: readonly Rfc[] = [...six, ...[...beside, ...hellos].sort((a, b) => a.number - b.number)];
