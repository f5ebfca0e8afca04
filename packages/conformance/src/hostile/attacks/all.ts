/**
 * All attacks, grouped by their target.
 * @module
 */
import type { Attack } from "../attack.ts";
import { certificates } from "./certificates.ts";
import { closing } from "./closing.ts";
import { ends } from "./ends.ts";
import { wsFragments } from "./fragments.ts";
import { handshakes } from "./handshakes.ts";
import { records } from "./records.ts";
import { resets } from "./resets.ts";

export const attacks: Readonly<Record<string, readonly Attack[]>> = {
  records,
  fragments: wsFragments,
  handshakes,
  certificates,
  ends,
  resets,
  closing,
};
