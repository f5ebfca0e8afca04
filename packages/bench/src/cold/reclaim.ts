import { connect } from "node:net";
import { loadX509FromPem, makeTLSClient, setCryptoImplementation } from "@reclaimprotocol/tls";
import { webcryptoCrypto } from "@reclaimprotocol/tls/webcrypto";
import type { Handshake } from "./handshake.ts";

const silent = (): void => {};
const logger = { debug: silent, info: silent, trace: silent, error: silent, warn: silent };

export const handshake: Handshake = (ca, port) =>
  new Promise((resolve, reject) => {
    setCryptoImplementation(webcryptoCrypto);
    const socket = connect({ host: "127.0.0.1", port, noDelay: true });
    const tls = makeTLSClient({
      host: "localhost",
      logger,
      rootCAs: [loadX509FromPem(ca)],
      supportedProtocolVersions: ["TLS1_2"],
      write: ({ header, content }) => void socket.write(Buffer.concat([header, content])),
      onHandshake: () => resolve(tls),
      onTlsEnd: (error) => reject(error ?? new Error("the connection ended")),
    });
    socket.on("data", (bytes) => void tls.handleReceivedBytes(bytes));
    socket.once("connect", () => void tls.startHandshake());
    socket.on("error", reject);
  });
