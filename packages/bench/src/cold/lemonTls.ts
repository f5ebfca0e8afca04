import { connect } from "node:net";
import { TLSSocket } from "lemon-tls";
import type { Handshake } from "./handshake.ts";

const version = { minVersion: "TLSv1.2", maxVersion: "TLSv1.2" } as const;

export const handshake: Handshake = (ca, port) =>
  new Promise((resolve, reject) => {
    const stream = connect({ host: "127.0.0.1", port, noDelay: true });
    stream.once("error", reject);
    stream.once("connect", () => {
      const socket = new TLSSocket(stream, { servername: "localhost", ca, ...version });
      socket.once("secureConnect", () => resolve(socket));
      socket.once("error", reject);
    });
  });
