/**
 * `connect` and `createServer` of `@handclasp/node/tls`, with WebSockets as the carrier on the port that a test chose.
 * @module
 */
import { createServer as createHttpServer } from "node:http";
import { connectWebSocket, listenWebSocket, type Transport } from "@handclasp/node";
import type * as tls from "@handclasp/node/tls";

type Tls = typeof tls;

/** The path of the WebSockets. */
const path = "/node-tls";

export function overWebSocket(original: Tls): Tls {
  class Server extends original.Server {
    constructor(...args: ConstructorParameters<Tls["Server"]>) {
      super(...args);
      const http = createHttpServer();
      // The test's server accepts the TCP connections, and the HTTP server makes WebSockets of them.
      this.removeAllListeners("connection").on("connection", (socket) => {
        // After the listeners of the test, because the HTTP server changes the socket.
        process.nextTick(() => http.emit("connection", socket.resume()));
      });
      void listenWebSocket({ server: http, path }, (transport) => this.accept(transport)).catch((error) =>
        this.emit("error", error),
      );
    }
  }
  const connect = (...args: readonly unknown[]): tls.TLSSocket => {
    const [first, second] = args;
    const options = (args.find((arg) => typeof arg === "object" && arg !== null) ?? {}) as tls.ConnectionOptions;
    const listener = args.find((arg) => typeof arg === "function") as (() => void) | undefined;
    if (options.socket) return original.connect(options, listener);
    const port = options.port ?? first;
    const host = options.host ?? (typeof second === "string" ? second : "localhost");
    const transport = new LateTransport(() => connectWebSocket(`ws://${host}:${Number(port)}${path}`));
    return original.connect({ ...options, host, transport }, listener);
  };
  return {
    ...original,
    Server: new Proxy(Server, {
      apply: (target, _, args) => new target(...(args as ConstructorParameters<Tls["Server"]>)),
    }) as unknown as Tls["Server"],
    createServer: (...args: ConstructorParameters<Tls["Server"]>) => new Server(...args),
    connect: connect,
  };
}

/** A transport that `connectWebSocket` promises. It is dialled when the handshake begins. */
class LateTransport implements Transport {
  readonly #dial: () => Promise<Transport>;
  #promise: Promise<Transport> | undefined;
  #transport: Transport | undefined;

  constructor(dial: () => Promise<Transport>) {
    this.#dial = dial;
  }
  #then(act: (transport: Transport) => void): void {
    if (this.#transport) act(this.#transport);
    else void this.#promise?.then(act, () => {});
  }
  start(events: Parameters<Transport["start"]>[0]): void {
    this.#promise = this.#dial();
    this.#promise.then(
      (transport) => {
        this.#transport = transport;
        transport.start(events);
      },
      (error: Error) => events.error(error),
    );
  }
  send(bytes: Uint8Array): "ok" | "full" | "gone" {
    if (this.#transport) return this.#transport.send(bytes);
    this.#then((transport) => transport.send(bytes));
    return "ok";
  }
  pause(): boolean {
    this.#then((transport) => transport.pause());
    return true;
  }
  resume(): void {
    this.#then((transport) => transport.resume());
  }
  end(): void {
    this.#then((transport) => transport.end());
  }
  abort(reason: string): void {
    this.#then((transport) => transport.abort(reason));
  }
}
