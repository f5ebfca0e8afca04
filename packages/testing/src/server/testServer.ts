/**
 * A server for tests, for Node.js, which is ready to connect to: it has a certificate of a throw-away CA, listens on
 * loopback, and keeps what happened for assertions.
 * @module
 */
import type { AddressInfo } from "node:net";
import { messageProtocols } from "@handclasp/core/messages";
import {
  type ConnectionHandler,
  createServer,
  nodeCredential,
  type ServerOptions,
  type TlsConnection,
} from "@handclasp/node";
import { webSocketHandler } from "@handclasp/node/websocket";
import { type IssueOptions, type TestCa, testCa } from "../certificates.ts";
import { checkedOptions, type OptionTable } from "../options.ts";

export type { IssuedCertificate, IssueOptions, KeyAlgorithm, TestCa, TestCaOptions } from "../certificates.ts";

/** The options of {@link testServer}. */
export interface TestServerOptions {
  /** The transport. Default `"ws"`. */
  readonly transport?: "tcp" | "ws";
  /**
   * `"echo"` to send all bytes back, `"messages"` to send each message of a `SecureWebSocket` back, or a handler of
   * connections, as for `createServer`. Default `"echo"`.
   */
  readonly respond?: "echo" | "messages" | ConnectionHandler;
  /** The CA that issues the server's certificate. Default: a new one. */
  readonly ca?: TestCa;
  /** The certificate, as for `issue` of the CA. Default: a valid one for localhost, 127.0.0.1 and ::1. */
  readonly certificate?: IssueOptions;
  /** Other options of `createServer`, such as `suites` or `clientAuth`. */
  readonly options?: Partial<ServerOptions>;
  /** The origins of other hosts whose pages may connect, as for `listenWebSocket`. Pages of localhost may always. */
  readonly origins?: readonly string[];
  /** The names that the Host header may have besides localhost, as for `listenWebSocket`. */
  readonly hosts?: readonly string[];
}

/** A running server. */
export interface TestServer {
  /** The address to which a client connects: `ws://localhost:PORT/` or `tcp://localhost:PORT`. */
  readonly url: string;
  /** The port on 127.0.0.1. */
  readonly port: number;
  readonly transport: "tcp" | "ws";
  /** The CA that a client has to trust: `ca: server.ca.pem`. */
  readonly ca: TestCa;
  /** The channels whose handshake succeeded, the oldest first, the closed ones too. */
  readonly channels: readonly TlsConnection[];
  /** The errors that the server's `onError` received, the oldest first. Errors of connections are TlsErrors. */
  readonly errors: readonly unknown[];
  /** Ends all connections, and closes the port. */
  close(): Promise<void>;
  /** Calls `close`. */
  [Symbol.asyncDispose](): Promise<void>;
}

const table: OptionTable = {
  transport: ["=tcp|=ws", '"tcp" or "ws"'],
  respond: ["=echo|=messages|function", '"echo", "messages" or a handler of connections'],
  ca: ["function ca.issue", "a CA of testCa: await testCa()"],
  certificate: ["object", "options of ca.issue: { notAfter: new Date(0) }"],
  options: ["object", "options of createServer: { suites: legacySuites }"],
  origins: ["string[]", 'a list of origins: ["https://app.example"]'],
  hosts: ["string[]", 'a list of names without port: ["app.example"]'],
};

/**
 * Starts a server on a free port of 127.0.0.1.
 * @throws TlsError `configuration`
 * @example
 * await using server = await testServer();
 * const channel = await connect(server.url, { ca: server.ca.pem });
 */
export async function testServer(options: TestServerOptions = {}): Promise<TestServer> {
  const { transport = "ws", respond = "echo", certificate, origins, hosts, ...rest } = checkedOptions(options, table);
  const { ca = await testCa() } = rest;
  const channels: TlsConnection[] = [];
  const errors: unknown[] = [];
  const handler = typeof respond === "function" ? respond : responders[respond];
  const server = createServer(
    {
      credentials: [nodeCredential(await ca.issue(certificate))],
      ...(respond === "messages" && { alpn: messageProtocols, requireAlpn: true }),
      ...rest.options,
      onError(error, connection) {
        errors.push(error);
        return rest.options?.onError?.(error, connection);
      },
    },
    (channel, request) => {
      channels.push(channel);
      return handler(channel, request);
    },
  );
  const listener = await (transport === "tcp"
    ? server.listenTcp()
    : server.listenWebSocket({ ...(origins && { origins }), ...(hosts && { hosts }) }));
  const { port } = listener.address() as AddressInfo;
  const close = async (): Promise<void> => {
    for (const connection of server.connections) connection.abort();
    await server.close({ grace: 0 });
  };
  return {
    url: transport === "tcp" ? `tcp://localhost:${port}` : `ws://localhost:${port}/`,
    port,
    transport,
    ca,
    channels,
    errors,
    close,
    [Symbol.asyncDispose]: close,
  };
}

const responders: Readonly<Record<"echo" | "messages", ConnectionHandler>> = {
  echo: ({ readable, writable }) => readable.pipeTo(writable),
  messages: webSocketHandler({}, (socket) =>
    socket.on("message", (data, isBinary) => socket.send(data, { binary: isBinary })),
  ),
};
