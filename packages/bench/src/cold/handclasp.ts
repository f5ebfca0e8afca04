import { connect } from "@handclasp/node";
import type { Handshake } from "./handshake.ts";

export const handshake: Handshake = (ca, port) => connect(`tcp://127.0.0.1:${port}`, { ca, serverName: "localhost" });
