import { connect } from "node:tls";
import type { Handshake } from "./handshake.ts";

export const handshake: Handshake = (ca, port) =>
  new Promise((resolve, reject) => {
    const socket = connect({ host: "127.0.0.1", port, ca, servername: "localhost", maxVersion: "TLSv1.2" });
    socket.once("secureConnect", () => resolve(socket));
    socket.once("error", reject);
  });
