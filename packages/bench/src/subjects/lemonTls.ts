import { createSecureContext, TLSSocket } from "lemon-tls";
import { noop, type Subject, type TransportKind } from "./subject.ts";
import { listenStreams, openStream, streamChannel } from "./transports.ts";

/** TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256 and TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256. */
const allowedCipherSuites = [0xc02b, 0xc02f];
const version = { minVersion: "TLSv1.2", maxVersion: "TLSv1.2", allowedCipherSuites } as const;

function lemonTls(transport: TransportKind): Subject {
  return {
    server({ cert, key }, onChannel) {
      const context = createSecureContext({ cert, key });
      return listenStreams(transport, (stream) => {
        stream.on("error", noop);
        const socket = new TLSSocket(stream, {
          isServer: true,
          ...version,
          SNICallback: (_, done) => done(null, context),
        });
        const channel = streamChannel(socket);
        socket.once("secureConnect", () => onChannel(channel));
      });
    },
    client:
      async ({ ca }, port) =>
      async () => {
        const stream = await openStream(transport, port);
        stream.on("error", noop);
        const socket = new TLSSocket(stream, { servername: "localhost", ca, ...version });
        const channel = streamChannel(socket);
        await new Promise((resolve, reject) => {
          socket.once("secureConnect", resolve);
          socket.once("error", reject);
        });
        return channel;
      },
  };
}

export const lemonTlsOverTcp: Subject = lemonTls("tcp");
export const lemonTlsOverWs: Subject = lemonTls("ws");
