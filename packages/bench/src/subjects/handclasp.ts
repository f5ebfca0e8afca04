import { parsePemCertificates } from "@handclasp/core/unstable";
import {
  type CipherSuite,
  type ConnectOptions,
  type CryptoProvider,
  connect,
  createServer,
  keepSessions,
  noble,
  nodeCredential,
  nodeCrypto,
  type ServerOptions,
  TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
  TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
  TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
  TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
  type TlsConnection,
} from "@handclasp/node";
import { admission } from "../admission.ts";
import { type Channel, type Identity, noop, notResumedError, type Subject, type TransportKind } from "./subject.ts";

export const aes: readonly CipherSuite[] = [
  TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
  TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
];
const chacha = [TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256, TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256];

export function handclasp(
  transport: TransportKind,
  provider: CryptoProvider,
  suites: readonly CipherSuite[],
  wrap: (connection: TlsConnection) => Channel = channelOf,
  observing: Pick<ServerOptions, "observe"> = {},
): Subject {
  const opener = ({ ca: pem }: Identity, port: number, extra: ConnectOptions = {}): (() => Promise<TlsConnection>) => {
    const ca = parsePemCertificates(pem);
    const url = `${transport}://127.0.0.1:${port}/`;
    return () => connect(url, { provider, suites, ca, serverName: "localhost", ...extra });
  };
  return {
    async server({ cert, key }, onChannel) {
      const credentials = [nodeCredential({ cert, key })];
      const server = createServer({ provider, suites, credentials, admission, ...observing }, (connection) =>
        onChannel(wrap(connection)),
      );
      const listener = transport === "ws" ? await server.listenWebSocket() : await server.listenTcp();
      return listener.address() as { port: number };
    },
    async client(identity, port) {
      const open = opener(identity, port);
      return async () => wrap(await open());
    },
    async resuming(identity, port) {
      const open = opener(identity, port, { sessions: keepSessions() });
      await (await open()).close();
      return async () => {
        const connection = await open();
        if (!connection.session?.resumed) throw notResumedError();
        return wrap(connection);
      };
    },
  };
}

export function channelOf(connection: TlsConnection): Channel {
  const channel: Channel = {
    write: (bytes) => connection.write(bytes),
    onData: noop,
    // Call close() and not abort(): after a fatal alert, the client forgets the session.
    close: () => connection.close().catch(noop),
  };
  const read = async (): Promise<void> => {
    for await (const bytes of connection) channel.onData(bytes.length);
  };
  read().catch(noop);
  return channel;
}

export const handclaspOverWs: Subject = handclasp("ws", nodeCrypto, aes);
export const handclaspOverTcp: Subject = handclasp("tcp", nodeCrypto, aes);
export const handclaspNoble: Subject = handclasp("ws", noble, chacha);
