import { connect, createSecureContext, type SecureVersion, TLSSocket } from "node:tls";
import { listenStreams, openStream, streamChannel } from "./carriers.ts";
import { type Carrier, type Channel, type Identity, type Listening, nothing, type Subject } from "./subject.ts";

const ciphers = "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256";
/** Handclasp's default too. */
const ecdhCurve = "X25519:P-256";

/** OpenSSL as a server of the clients that have none of their own. */
export function nodeTlsServer(
  carrier: Carrier,
  version: SecureVersion,
  { cert, key }: Identity,
  onChannel: (channel: Channel) => void,
): Promise<Listening> {
  const secureContext = createSecureContext({
    cert,
    key,
    minVersion: version,
    maxVersion: version,
    ecdhCurve,
    ...(version === "TLSv1.2" && { ciphers }),
  });
  return listenStreams(carrier, (stream) => {
    stream.on("error", nothing);
    const socket = new TLSSocket(stream, { isServer: true, secureContext });
    const channel = streamChannel(socket);
    socket.once("secure", () => onChannel(channel));
  });
}

function nodeTls(carrier: Carrier): Subject {
  const version = "TLSv1.2";
  return {
    server: (identity, onChannel) => nodeTlsServer(carrier, version, identity, onChannel),
    async client({ ca }, port) {
      const secureContext = createSecureContext({ ca, minVersion: version, maxVersion: version, ciphers, ecdhCurve });
      return async () => {
        const stream = await openStream(carrier, port);
        stream.on("error", nothing);
        const socket = connect({ socket: stream, secureContext, servername: "localhost" });
        const channel = streamChannel(socket);
        await new Promise((resolve, reject) => {
          socket.once("secureConnect", resolve);
          socket.once("error", reject);
        });
        return channel;
      };
    },
  };
}

export const nodeTlsOverWs: Subject = nodeTls("ws");
export const nodeTlsOverTcp: Subject = nodeTls("tcp");
