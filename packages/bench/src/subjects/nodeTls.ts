import type { ConnectionOptions, SecureVersion, TLSSocket } from "node:tls";
import * as nodeTls from "node:tls";
import {
  type Channel,
  type Identity,
  type ListeningServer,
  noop,
  notResumedError,
  type Subject,
  type TransportKind,
} from "./subject.ts";
import { listenStreams, openStream, streamChannel } from "./transports.ts";

const ciphers = "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256";
/** The same groups as Handclasp's default. */
const ecdhCurve = "X25519:P-256";

/** node:tls, or a module of its shape. */
export type TlsModule = Pick<typeof nodeTls, "connect" | "createSecureContext" | "TLSSocket">;

/** Starts a node:tls server. It is also the server of the stacks that are only clients. */
export function nodeTlsServer(
  transport: TransportKind,
  version: SecureVersion,
  { cert, key }: Identity,
  onChannel: (channel: Channel) => void,
  { createSecureContext, TLSSocket }: TlsModule = nodeTls,
): Promise<ListeningServer> {
  const secureContext = createSecureContext({
    cert,
    key,
    minVersion: version,
    maxVersion: version,
    ecdhCurve,
    ...(version === "TLSv1.2" && { ciphers }),
    // By default, OpenSSL refuses TLS 1.1.
    ...(version === "TLSv1.1" && { ciphers: "AES128-SHA:@SECLEVEL=0" }),
  });
  return listenStreams(transport, (stream) => {
    stream.on("error", noop);
    const socket = new TLSSocket(stream, { isServer: true, secureContext });
    const channel = streamChannel(socket);
    socket.once("secure", () => onChannel(channel));
  });
}

export function tlsSubject(
  tls: TlsModule,
  transport: TransportKind,
  version: SecureVersion = "TLSv1.2",
): Required<Pick<Subject, "server" | "client" | "resuming">> {
  const { connect, createSecureContext } = tls;
  const opener = ({ ca }: Identity, port: number): ((extra?: ConnectionOptions) => Promise<TLSSocket>) => {
    const secureContext = createSecureContext({ ca, minVersion: version, maxVersion: version, ciphers, ecdhCurve });
    return async (extra) => {
      const stream = await openStream(transport, port);
      stream.on("error", noop);
      const socket = connect({ socket: stream, secureContext, servername: "localhost", ...extra });
      await new Promise((resolve, reject) => {
        socket.once("secureConnect", resolve);
        socket.once("error", reject);
      });
      return socket;
    };
  };
  return {
    server: (identity, onChannel) => nodeTlsServer(transport, version, identity, onChannel, tls),
    async client(identity, port) {
      const open = opener(identity, port);
      return async () => streamChannel(await open());
    },
    async resuming(identity, port) {
      const open = opener(identity, port);
      const first = await open();
      const session = first.getSession();
      first.destroy();
      if (!session) throw notResumedError();
      return async () => {
        const socket = await open({ session });
        if (!socket.isSessionReused()) throw notResumedError();
        return streamChannel(socket);
      };
    },
  };
}

export const nodeTlsOverWs: Subject = tlsSubject(nodeTls, "ws");
export const nodeTlsOverTcp: Subject = tlsSubject(nodeTls, "tcp");
/** In the scenario "cold", the servers of the clients that do not support TLS 1.2. */
export const nodeTls13OverTcp: Subject = tlsSubject(nodeTls, "tcp", "TLSv1.3");
export const nodeTls11OverTcp: Subject = tlsSubject(nodeTls, "tcp", "TLSv1.1");
