/**
 * The demands of the RFCs in our words (MUST, MUST NOT, SHALL, REQUIRED, and each SHOULD that matters to security),
 * with the code that obeys them. `docs/rfc-coverage.md` is generated from them.
 * @module
 */
import { rfc7366, rfc8422 } from "./ciphers.ts";
import { helloExtensions } from "./helloExtensions.ts";
import { rfc5746 } from "./renegotiation.ts";
import { rfc5077, rfc7627 } from "./resumption.ts";
import { rfc5246 } from "./rfc5246.ts";
import type { Rfc } from "./statement.ts";
import { statusAndExporters } from "./statusAndExporters.ts";

/** The RFCs whose demands are all covered. */
export const fullyCovered: readonly Rfc[] = [rfc5246, rfc5746, rfc7627, rfc5077, rfc7366, rfc8422];

/** All RFCs of the document. If an RFC is not in `fullyCovered`, only the demands on the parts in use are covered. */
export const rfcs: readonly Rfc[] = [
  ...fullyCovered,
  ...[...statusAndExporters, ...helloExtensions].sort((a, b) => a.number - b.number),
];
