/** Uses of a channel with the streams of Node.js. scripts/consumers.mjs compiles this file and never runs it. */
import type { Socket } from "node:net";
import { Duplex, Readable } from "node:stream";
import { connect, connectTcp, type TlsConnection } from "@handclasp/node";
import { toSocket } from "@handclasp/node/socket";
import { plain } from "@handclasp/node/starttls";

export * from "./channel.ts";

export const open = (ca: string): Promise<TlsConnection> => connect("tcp://localhost:8443", { ca });

export function asNodeStreams(channel: TlsConnection): Readable[] {
  const { readable, writable } = channel;
  return [Duplex.fromWeb({ readable, writable }), Readable.fromWeb(channel.readable)];
}

export const asSocket = (channel: TlsConnection): Socket => toSocket(channel);

export const later = (ca: string): Promise<TlsConnection> =>
  plain(connectTcp({ host: "localhost", port: 25 })).startTls({ ca, serverName: "localhost" });
