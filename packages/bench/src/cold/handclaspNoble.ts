import { connect, noble } from "@handclasp/node";
import type { Handshake } from "./handshake.ts";

/** `noble` is core's default provider. The client imports it from @handclasp/node, which has a TCP transport. */
export const handshake: Handshake = (ca, port) =>
  connect(`tcp://127.0.0.1:${port}`, { ca, serverName: "localhost", provider: noble });
