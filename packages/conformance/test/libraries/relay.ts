/** A TLS server of node:tls that knows nothing of Handclasp, behind a relay from WebSocket to TCP. */
import { once } from "node:events";
import { type AddressInfo, createConnection, type Socket } from "node:net";
import * as tls from "node:tls";
import { testCa } from "@handclasp/testing";
import { createWebSocketStream, type WebSocket, WebSocketServer } from "ws";

export const ca = await testCa();
const { cert, key } = await ca.issue();

export interface Relayed {
  readonly url: string;
  /** The relay's WebSockets and its TCP connections to the server. */
  readonly pairs: readonly { readonly webSocket: WebSocket; readonly tcp: Socket }[];
  /** The path and the subprotocols of each upgrade. */
  readonly upgrades: readonly (readonly [string | undefined, string | undefined])[];
  close(): Promise<void>;
}

export async function relayTo(options: tls.TlsOptions, handler: (socket: tls.TLSSocket) => void): Promise<Relayed> {
  const server = tls.createServer({ cert, key, ...options }, (socket) => {
    socket.on("error", () => {});
    handler(socket);
  });
  server.listen(0, "localhost");
  const relay = new WebSocketServer({ port: 0, host: "localhost" });
  await Promise.all([once(server, "listening"), once(relay, "listening")]);
  const pairs: Relayed["pairs"][number][] = [];
  const upgrades: Relayed["upgrades"][number][] = [];
  relay.on("connection", (webSocket, request) => {
    upgrades.push([request.url, request.headers["sec-websocket-protocol"]]);
    const tcp = createConnection((server.address() as AddressInfo).port, "localhost");
    pairs.push({ webSocket, tcp });
    const stream = createWebSocketStream(webSocket);
    for (const end of [stream, tcp]) end.on("error", () => webSocket.terminate());
    stream.pipe(tcp).pipe(stream);
  });
  return {
    url: `ws://localhost:${(relay.address() as AddressInfo).port}/relay?to=server`,
    pairs,
    upgrades,
    close: async () => {
      for (const { webSocket, tcp } of pairs) {
        webSocket.terminate();
        tcp.destroy();
      }
      server.close();
      relay.close();
      await Promise.all([once(server, "close"), once(relay, "close")]);
    },
  };
}
