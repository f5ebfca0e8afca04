import { connect } from "node:net";
import forge from "node-forge";
import type { Handshake } from "./handshake.ts";

export const handshake: Handshake = (ca, port) =>
  new Promise((resolve, reject) => {
    const socket = connect({ host: "127.0.0.1", port, noDelay: true });
    const connection = forge.tls.createConnection({
      server: false,
      caStore: forge.pki.createCaStore([ca]),
      cipherSuites: [forge.tls.CipherSuites.TLS_RSA_WITH_AES_128_CBC_SHA as forge.tls.CipherSuite],
      verify: (_connection, verified) => verified,
      connected: resolve,
      tlsDataReady: ({ tlsData }) => void socket.write(Buffer.from(tlsData.getBytes(), "binary")),
      dataReady: () => {},
      closed: () => {},
      error: (_connection, { message }) => reject(new Error(message)),
    });
    socket.on("data", (bytes) => void connection.process(bytes.toString("binary")));
    socket.once("connect", () => connection.handshake());
    socket.once("error", reject);
  });
