import forge from "node-forge";
import type { WebSocket } from "ws";
import { type Channel, noop, type Subject } from "./subject.ts";
import { listenWebSockets, openWebSocket } from "./transports.ts";

const cipherSuites = [forge.tls.CipherSuites.TLS_RSA_WITH_AES_128_CBC_SHA as forge.tls.CipherSuite];

/** node-forge supports no more than TLS 1.1 with RSA and CBC. */
export const nodeForge: Subject = {
  server: ({ cert, key }, onChannel) =>
    listenWebSockets((ws) =>
      attach(ws, onChannel, noop, { server: true, getCertificate: () => cert, getPrivateKey: () => key }),
    ),
  async client({ ca }, port) {
    const caStore = forge.pki.createCaStore([ca]);
    return () =>
      new Promise((resolve, reject) => {
        const ws = openWebSocket(port);
        ws.once("error", reject);
        ws.once("open", () =>
          attach(ws, resolve, reject, { server: false, caStore, verify: (_connection, verified) => verified }),
        );
      });
  },
};

type Options = Parameters<typeof forge.tls.createConnection>[0];

function attach(
  ws: WebSocket,
  onChannel: (channel: Channel) => void,
  onError: (error: Error) => void,
  options: Partial<Options>,
): void {
  const connection = forge.tls.createConnection({
    cipherSuites,
    ...options,
    connected: () => onChannel(channel),
    tlsDataReady: ({ tlsData }) => ws.send(Buffer.from(tlsData.getBytes(), "binary")),
    dataReady: ({ data }) => channel.onData(data.getBytes().length),
    closed: noop,
    error: (_, { message }) => onError(new Error(message)),
  });
  const channel: Channel = {
    write(bytes) {
      connection.prepare(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("binary"));
      return ws.bufferedAmount < 2 ** 20 ? undefined : new Promise((resolve) => setTimeout(resolve, 1));
    },
    onData: noop,
    close: () => ws.terminate(),
  };
  ws.on("message", (data: Buffer) => void connection.process(data.toString("binary")));
  ws.on("error", noop);
  if (!options.server) connection.handshake();
}
