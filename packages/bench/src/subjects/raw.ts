import type { Subject } from "./subject.ts";
import {
  listenStreams,
  listenWebSockets,
  openStream,
  openWebSocket,
  streamChannel,
  webSocketChannel,
} from "./transports.ts";

/** The transport without TLS. */
export const rawWebSocket: Subject = {
  server: (_, onChannel) => listenWebSockets((ws) => onChannel(webSocketChannel(ws))),
  client: async (_, port) => () =>
    new Promise((resolve, reject) => {
      const ws = openWebSocket(port);
      const channel = webSocketChannel(ws);
      ws.once("open", () => resolve(channel));
      ws.once("error", reject);
    }),
};

export const rawTcp: Subject = {
  server: (_, onChannel) => listenStreams("tcp", (stream) => onChannel(streamChannel(stream))),
  client: async (_, port) => async () => streamChannel(await openStream("tcp", port)),
};
