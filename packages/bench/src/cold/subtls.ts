import { connect } from "node:net";
import { SocketReadQueue, startTls, TrustedCert } from "subtls";
import type { Handshake } from "./handshake.ts";

export const handshake: Handshake = async (ca, port) => {
  const roots = await TrustedCert.databaseFromPEM(ca);
  const socket = connect({ host: "127.0.0.1", port, noDelay: true });
  await new Promise((resolve, reject) => {
    socket.once("connect", resolve);
    socket.once("error", reject);
  });
  const queue = new SocketReadQueue(socket);
  return startTls("localhost", roots, queue.read.bind(queue), (bytes) => void socket.write(bytes));
};
