/**
 * The client's side: an agent for node:http and node:https, and a connector for undici.
 * @module
 */
import { Agent, type AgentOptions, type ClientRequestArgs } from "node:http";
import type { Socket } from "node:net";
import { keepSessions, type TlsConnection, TlsError, type Transport } from "@handclasp/core";
import { optionsOf, wrongOption } from "@handclasp/core/unstable";
import { withExplanationSync } from "@handclasp/core/unstable/engine";
import { type ConnectOptions, connect, connectOptions } from "../connect.ts";
import { ChannelSocket } from "../socket/channelSocket.ts";
import { SocketError } from "../socket/errors.ts";
import { toSocket } from "../socket.ts";

/**
 * The carrier of the channels: an address for `connect`, or a function that returns the address or an open transport
 * for each connection.
 * @param host the host name of the request's URL
 */
export type HttpTarget =
  | string
  | URL
  | ((host: string, port: number) => string | URL | Transport | PromiseLike<string | URL | Transport>);

/**
 * An agent of node:http for `https:` URLs, whose connections are channels. The server's certificate must be for the
 * host of the URL, unless the options have `serverName`. A later connection resumes the TLS session of an earlier one.
 * @throws TlsError `configuration`
 * @example
 * import { get } from "node:https";
 * const agent = new HttpAgent("wss://relay.example/device/7", { ca: pem });
 * get("https://device.example/status", { agent }, (response) => response.pipe(process.stdout));
 */
export class HttpAgent extends Agent {
  readonly #open: (host: string, port: number) => Promise<TlsConnection>;
  // node:http compares these with the URL of a request.
  readonly protocol = "https:";
  readonly defaultPort = 443;

  /** @param agent the options of an agent of node:http. By default a connection is kept for the next request */
  constructor(target: HttpTarget, options: ConnectOptions = {}, agent: AgentOptions = {}) {
    super({ keepAlive: true, ...agent });
    this.#open = opener(target, options);
  }

  /**
   * Names the requests that may share a connection: those whose server must have the same certificate. node:http takes
   * the name from the header Host, if the request has one.
   */
  override getName(options?: ClientRequestArgs & { readonly servername?: string }): string {
    return `${super.getName(options)}:${options?.servername ?? ""}`;
  }

  override createConnection(options: ClientRequestArgs & { readonly servername?: string }): ChannelSocket {
    const { host, port } = options;
    return toSocket(this.#open(options.servername || (host ?? "localhost"), Number(port ?? this.defaultPort)));
  }
}

/** The part of undici's options for a connector that is used here. */
interface UndiciOptions {
  readonly hostname: string;
  readonly port: string;
  readonly protocol: string;
  readonly servername?: string | null | undefined;
}

/**
 * Makes a connector for the classes of undici that send requests, for `https:` URLs. The rules are those of
 * `HttpAgent`. For HTTP/2, give it `alpn: ["h2", "http/1.1"]`, and undici `allowH2: true`.
 * @throws TlsError `configuration`
 * @example
 * import { Agent, fetch } from "undici";
 * const dispatcher = new Agent({ connect: undiciConnector("wss://relay.example/device/7", { ca: pem }) });
 * const response = await fetch("https://device.example/status", { dispatcher });
 */
export function undiciConnector(
  target: HttpTarget,
  options: ConnectOptions = {},
): (
  options: UndiciOptions,
  callback: (...result: [error: Error, socket: null] | [error: null, socket: Socket]) => void,
) => void {
  const open = opener(target, options);
  return ({ hostname, port, protocol, servername }, callback) => {
    if (protocol !== "https:") throw wrongOption("the URL", protocol, "https:, because the channel is encrypted");
    const socket = new UndiciSocket(open(servername || hostname, Number(port || 443)), {});
    const onError = (error: Error): void => callback(error, null);
    // A channel that this side has closed, for example by a signal, closes the socket without an error.
    const onClose = (): void => {
      if (!socket.errored) callback(new Error("the channel was closed before it was open"), null);
    };
    socket.once("error", onError).once("close", onClose);
    socket.once("connect", () => {
      socket.off("error", onError).off("close", onClose);
      callback(null, socket);
    });
  };
}

/**
 * A socket for undici, which takes ECONNRESET for the end of a response that has neither a length nor chunks: one that
 * was cut would look complete. So the socket fails with undici's own code for a connection that has ended.
 */
class UndiciSocket extends ChannelSocket {
  protected override errorOf(error: unknown): Error {
    const known = super.errorOf(error);
    const { code, cause } = known as NodeJS.ErrnoException;
    return code === "ECONNRESET" && this.session && TlsError.is(cause)
      ? new SocketError("UND_ERR_SOCKET", cause)
      : known;
  }
}

/** Checks the options, and returns a function that opens channels. */
function opener(target: HttpTarget, options: ConnectOptions): (host: string, port: number) => Promise<TlsConnection> {
  const known = withExplanationSync(() => {
    if (!isTarget(target)) throw wrongOption("the target", target, "an address, or a function that returns one");
    return optionsOf(options, connectOptions());
  });
  const { sessions = keepSessions(), alpn = ["http/1.1"], ...others } = known;
  return async (host, port) => {
    const to = typeof target === "function" ? await target(host, port) : target;
    return connect(to, { serverName: host, sessionScope: `${host}:${port}`, sessions, alpn, ...others });
  };
}

const isTarget = (target: unknown): boolean =>
  ["string", "function"].includes(typeof target) || typeof (target as Partial<URL> | null)?.href === "string";
