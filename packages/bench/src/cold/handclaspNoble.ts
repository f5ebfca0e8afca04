import { connect, noble } from "@handclasp/node";
import type { Handshake } from "./handshake.ts";

/** The provider is core's default; the import path is the one that has a TCP transport. */
export const handshake: Handshake = (ca, port) =>
  connect(`tcp://127.0.0.1:${port}`, { ca, serverName: "localhost", provider: noble });
