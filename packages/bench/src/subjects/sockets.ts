import { nodeCrypto, type TlsConnection } from "@handclasp/node";
import { toSocket } from "@handclasp/node/socket";
import { aes, handclasp } from "./handclasp.ts";
import { type Channel, noop, type Subject } from "./subject.ts";
import { streamChannel } from "./transports.ts";

/** The channel as a socket, which the benchmark uses as any other stream. */
const asSocket = (connection: TlsConnection): Channel =>
  streamChannel(toSocket(connection), () => connection.close().catch(noop));

export const socketOverWs: Subject = handclasp("ws", nodeCrypto, aes, asSocket);
export const socketOverTcp: Subject = handclasp("tcp", nodeCrypto, aes, asSocket);
