import { startTls, TrustedCert, WebSocketReadQueue } from "subtls";
import { nodeTlsServer } from "./nodeTls.ts";
import { type Channel, noop, type Subject } from "./subject.ts";
import { openWebSocket } from "./transports.ts";

/** subtls is only a client, of TLS 1.3. Its server is node:tls. */
export const subtls: Subject = {
  server: (identity, onChannel) => nodeTlsServer("ws", "TLSv1.3", identity, onChannel),
  async client({ ca }, port) {
    const roots = await TrustedCert.databaseFromPEM(ca);
    return async () => {
      const ws = openWebSocket(port);
      await new Promise((resolve, reject) => {
        ws.once("open", resolve);
        ws.once("error", reject);
      });
      const queue = new WebSocketReadQueue(ws as never);
      const tls = await startTls("localhost", roots, queue.read.bind(queue), (bytes: Uint8Array) => ws.send(bytes));
      const channel: Channel = { write: (bytes) => tls.write(bytes), onData: noop, close: () => ws.terminate() };
      const read = async (): Promise<void> => {
        for (let bytes = await tls.read(); bytes; bytes = await tls.read()) channel.onData(bytes.length);
      };
      read().catch(noop);
      return channel;
    };
  },
};
