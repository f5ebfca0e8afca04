/**
 * The server's side: gives channels to a server of node:http or node:http2.
 * @module
 */
import { createServer as createHttp1Server, type RequestListener, Server } from "node:http";
import type { Http2SecureServer, Http2Server, ServerHttp2Session } from "node:http2";
import { Server as NodeTlsServer } from "node:tls";
import { optionsOf, wrongOption } from "@handclasp/core/unstable";
import { withExplanationSync } from "@handclasp/core/unstable/engine";
import { stopHooks } from "../handlerHooks.ts";
import { serverRows } from "../optionTables.ts";
import { type ConnectionHandler, createServer, type TlsServer } from "../server.ts";
import type { ServerOptions } from "../serverOptions.ts";
import { toSocket } from "../socket.ts";
import { RequestCounter } from "./requestCounter.ts";

/** A server of node:http, node:https or node:http2. It does not listen: it gets its connections from channels. */
export type HttpServer = Server | Http2Server | Http2SecureServer;

/**
 * Makes a server whose channels carry HTTP. It accepts clients once you call `listenWebSocket` or `listenTcp`. ALPN
 * selects `h2` for a server of node:http2, and `http/1.1` for others, unless the options have `alpn`. When you close
 * the server, it answers the requests that have arrived, and ends the idle connections.
 * @param options those of `createServer`. With HTTP/1.1, a client without ALPN is accepted too
 * @param server a server, or a function that answers requests, such as an app of Express
 * @throws TlsError `configuration`
 * @example
 * const server = createHttpServer({ credentials: credential }, (request, response) => response.end("hello"));
 * await server.listenWebSocket({ port: 8443 });
 */
export function createHttpServer(options: ServerOptions, server: HttpServer | RequestListener): TlsServer {
  const http = typeof server === "function" ? createHttp1Server(server) : server;
  const handler = httpHandler(http);
  const { alpn = isHttp2(http) ? ["h2"] : ["http/1.1"], ...others } = withExplanationSync(() =>
    optionsOf(options, serverRows()),
  );
  return createServer({ requireAlpn: !alpn.includes("http/1.1"), ...others, alpn }, handler);
}

/**
 * Makes a handler for `createServer` that gives each channel to a server of HTTP.
 * @throws TlsError `configuration`
 * @example
 * import { createServer as createNodeServer } from "node:http";
 * const http = httpHandler(createNodeServer((request, response) => response.end("hello")));
 * const options = { credentials: credential, alpn: ["http/1.1", "echo"] };
 * const server = createServer(options, (channel, request) =>
 *   channel.session.alpn === "echo" ? channel.readable.pipeTo(channel.writable) : http(channel, request),
 * );
 */
export function httpHandler(server: HttpServer): ConnectionHandler {
  if (!(server instanceof Server || server instanceof NodeTlsServer || isHttp2(server)))
    return withExplanationSync(() => {
      throw wrongOption("the server", server, "a server of node:http, node:https or node:http2");
    });
  const counter = new RequestCounter(server);
  limitRequests(server);
  // A server that has TLS of its own expects connections that are encrypted already at another event.
  const event = server instanceof NodeTlsServer ? "secureConnection" : "connection";
  return (channel) => {
    // A server of node:http2 that also speaks HTTP/1.1 looks at this property, which accepted sockets have.
    const socket = Object.assign(toSocket(channel, { allowHalfOpen: true }), { server });
    let session: ServerHttp2Session | undefined;
    const onSession = (one: ServerHttp2Session): void => {
      session = one;
    };
    server.once("session", onSession);
    server.emit(event, socket);
    server.off("session", onSession);
    stopHooks.set(channel, () => (session ? session.close() : counter.stop(socket)));
    return new Promise<void>((resolve) => socket.once("close", () => resolve()));
  };
}

/**
 * Has the server keep `headersTimeout` and `requestTimeout`. node:http looks at them from the event "listening" on, in
 * a listener of its own, and this server does not listen.
 */
function limitRequests(server: HttpServer): void {
  if (server.listening) return;
  for (const listener of server.listeners("listening"))
    if (listener.name === "setupConnectionsTracking") listener.call(server);
}

const isHttp2 = (server: HttpServer): server is Http2Server | Http2SecureServer =>
  typeof (server as Partial<Http2Server> | undefined)?.updateSettings === "function";
