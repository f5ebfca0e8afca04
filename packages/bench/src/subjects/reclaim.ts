import { loadX509FromPem, makeTLSClient, setCryptoImplementation } from "@reclaimprotocol/tls";
import { webcryptoCrypto } from "@reclaimprotocol/tls/webcrypto";
import { nodeTlsServer } from "./nodeTls.ts";
import { type Channel, noop, type Subject } from "./subject.ts";
import { openWebSocket } from "./transports.ts";

const silent = { debug: noop, info: noop, trace: noop, error: noop, warn: noop };

/** @reclaimprotocol/tls is only a client. Its server is node:tls. */
export const reclaim: Subject = {
  server: (identity, onChannel) => nodeTlsServer("ws", "TLSv1.2", identity, onChannel),
  async client({ ca }, port) {
    setCryptoImplementation(webcryptoCrypto);
    const rootCAs = [loadX509FromPem(ca)];
    return () =>
      new Promise((resolve, reject) => {
        const ws = openWebSocket(port);
        const channel: Channel = { write: (bytes) => tls.write(bytes), onData: noop, close: () => ws.terminate() };
        const tls = makeTLSClient({
          host: "localhost",
          logger: silent,
          rootCAs,
          supportedProtocolVersions: ["TLS1_2"],
          cipherSuites: ["TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"],
          write({ header, content }) {
            ws.send(Buffer.concat([header, content]));
          },
          onHandshake: () => resolve(channel),
          onApplicationData: (bytes) => channel.onData(bytes.length),
          onTlsEnd: (error) => reject(error ?? new Error("the connection ended")),
        });
        ws.on("message", (data: Buffer) => void tls.handleReceivedBytes(data));
        ws.once("open", () => void tls.startHandshake());
        ws.on("error", reject);
      });
  },
};
