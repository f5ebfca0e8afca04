/** Uses of a channel with the streams of Node.js. scripts/consumers.mjs compiles this file and never runs it. */
import { Duplex, Readable } from "node:stream";
import { connect, type TlsConnection } from "@handclasp/node";

export * from "./channel.ts";

export const open = (ca: string): Promise<TlsConnection> => connect("tcp://localhost:8443", { ca });

export function asNodeStreams(channel: TlsConnection): Readable[] {
  const { readable, writable } = channel;
  return [Duplex.fromWeb({ readable, writable }), Readable.fromWeb(channel.readable)];
}
