/**
 * Listens for WebSockets, on a port of its own or on one path of an HTTP server of yours, and makes a transport of
 * each.
 * @module
 */

import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { Server as SecureServer } from "node:https";
import type { Duplex } from "node:stream";
import { TlsError, type Transport } from "@handclasp/core";
import { configurationError, optionsOf, withExplanation, wrongOption } from "@handclasp/core/unstable";
import type { WebSocketServer } from "ws";
import { listenWebSocketOptions } from "../optionTables.ts";
import { endTimeout, maxFragments, maxMessage } from "./inbox.ts";
import { checkedAddress, type Listener, type ListenTcpOptions, listen, listener } from "./listener.ts";
import {
  isLoopbackAddress,
  type OnRefused,
  type RequestRules,
  report,
  reportInterval,
  requestRules,
} from "./requestRules.ts";
import { webSocketTransport } from "./webSocket.ts";

export interface ListenWebSocketOptions extends ListenTcpOptions, RequestRules {
  /**
   * An HTTP(S) server to attach to. Its other paths stay as they are, except that an upgrade on one of them is refused
   * if the server has no other listener for upgrades. Default: a new server at `port` and `host`.
   */
  server?: Server | SecureServer;
  /** The path of the WebSockets. Default `"/"`. */
  path?: string;
  /**
   * Decides whether a request may become a WebSocket, for example by a cookie: only `true` accepts it. Called only for
   * requests that `origins` and `hosts` accept. Default: accepts all of them, and TLS authenticates the peer.
   */
  allow?: (request: IncomingMessage) => boolean;
}

/** Listens, calls `onTransport` for every WebSocket, and `onRefused` for requests that `origins` or `hosts` refuse. */
export async function listenWebSocket(
  options: ListenWebSocketOptions,
  onTransport: (transport: Transport, request: IncomingMessage) => void,
  onRefused?: OnRefused,
): Promise<Listener> {
  return withExplanation(() => {
    const checkedOptions = checkedAddress(optionsOf(options, listenWebSocketOptions));
    const { path = "/" } = checkedOptions;
    if (typeof onTransport !== "function") throw wrongOption("onTransport", onTransport, "a function of the transport");
    if (onRefused !== undefined && typeof onRefused !== "function")
      throw wrongOption("onRefused", onRefused, "a function");
    if (!path.startsWith("/")) throw wrongOption("path", path, "a path that begins with a slash");
    // No request could match: query and fragment are cut off, and other characters arrive as %XX.
    if (!/^[!-~]+$/.test(path) || /[?#]/.test(path))
      throw configurationError(
        "path: no request can match it",
        "remove ? and #, and write characters outside ASCII as %XX",
      );
    const { server } = checkedOptions;
    // A server of node:net, node:tls or ws emits no `upgrade` event.
    if (server && typeof server.setTimeout !== "function")
      throw wrongOption("server", server, "a server of node:http or node:https");
    if (server?.listeners("upgrade").some((other) => served.get(other) === path))
      throw configurationError(
        `the server has WebSockets at ${path} already`,
        "use another path, or close that listener",
      );
    for (const option of ["port", "host"] as const)
      if (checkedOptions.server && checkedOptions[option] !== undefined)
        throw configurationError(
          `${option} has no effect together with server`,
          "remove it, and pass it to listen() of the server",
        );
    return listenOn(checkedOptions, path, onTransport, requestRules(checkedOptions, onRefused), onRefused);
  });
}

async function listenOn(
  options: ListenWebSocketOptions,
  path: string,
  onTransport: (transport: Transport, request: IncomingMessage) => void,
  accepts: ReturnType<typeof requestRules>,
  onRefused: OnRefused | undefined,
): Promise<Listener> {
  const { allow } = options;
  const isOwnServer = options.server === undefined;
  // ws and node:http are loaded here, because loading them takes longer than a handshake over TCP.
  const loading = import("ws").then(
    ({ WebSocketServer }) =>
      new WebSocketServer({ noServer: true, maxPayload: maxMessage, maxFragments, perMessageDeflate: false }),
  );
  const server =
    options.server ??
    (await import("node:http")).createServer((request, response) => refuseRequest(request, response, path));

  let lastReport = Number.NEGATIVE_INFINITY;
  const reportHook = (request: IncomingMessage, message: string, advice: string, cause?: unknown): false => {
    const now = performance.now();
    // A peer can send any number of requests.
    if (now - lastReport >= reportInterval) {
      lastReport = now;
      report(
        onRefused,
        new TlsError(undefined, message, { code: "hook_failed", fault: "application", advice, cause }),
        request,
      );
    }
    return false;
  };
  // Only a plain `true` accepts: a promise is truthy. A hook that throws must not end the process.
  const isAllowed = (request: IncomingMessage): boolean => {
    try {
      const answer: unknown = allow === undefined || allow(request);
      if (typeof answer === "boolean") return answer;
      if (answer instanceof Promise) answer.catch(() => {});
      return reportHook(request, "allow returned neither true nor false", "return true or false, not a promise");
    } catch (cause) {
      return reportHook(request, "allow threw an error", "see the cause of this error", cause);
    }
  };
  let sockets: WebSocketServer | undefined;
  const upgrade = (to: WebSocketServer, request: IncomingMessage, socket: Duplex, head: Buffer): void =>
    to.handleUpgrade(request, socket, head, (ws) => onTransport(webSocketTransport(ws), request));
  const onUpgrade = (request: IncomingMessage, socket: Duplex, head: Buffer): void => {
    if (pathOf(request) !== path) {
      if (mustRefuse(server, onUpgrade, pathOf(request))) refuseUpgrade(socket, notFound);
    } else if (!accepts(request, isLoopbackAddress(addressOf(server, request))) || !isAllowed(request))
      refuseUpgrade(socket, forbidden);
    else if (sockets) upgrade(sockets, request, socket, head);
    else {
      const onError = (): void => void socket.destroy();
      socket.on("error", onError);
      void loading.then((loaded) => {
        socket.off("error", onError);
        upgrade(loaded, request, socket, head);
      });
    }
  };
  // Registered before ws is loaded, because a server that is listening already may receive requests until then.
  served.set(onUpgrade, path);
  server.on("upgrade", onUpgrade);
  sockets = await loading;

  if (isOwnServer) await listen(server, options);

  const stop = (done: () => void): void => {
    server.removeListener("upgrade", onUpgrade);
    if (isOwnServer) server.close(done);
    else sockets.close(done);
  };
  const cut = (): void => {
    for (const ws of sockets.clients) ws.terminate();
    if (isOwnServer) server.closeAllConnections();
  };
  return listener(server, stop, cut);
}

/** The paths of the listeners for upgrades that this module registered. */
const served = new WeakMap<object, string>();

/**
 * Whether no listener serves this path, and `listener` is the one that refuses it: the first of ours. A listener of the
 * application may serve any path.
 */
function mustRefuse(server: Server | SecureServer, listener: object, path: string): boolean {
  const all = server.listeners("upgrade");
  return all[0] === listener && all.every((other) => (served.get(other) ?? path) !== path);
}

/**
 * The local address of a request. A server that does not listen can still be given sockets: then it is that of the
 * socket.
 */
function addressOf(server: Server | SecureServer, { socket }: IncomingMessage): string | undefined {
  const address = server.address();
  return typeof address === "string" ? undefined : (address?.address ?? socket.localAddress);
}

interface Status {
  readonly code: number;
  readonly text: string;
}
const forbidden: Status = { code: 403, text: "Forbidden" };
const notFound: Status = { code: 404, text: "Not Found" };
const upgradeRequired: Status = { code: 426, text: "Upgrade Required" };

function pathOf(request: IncomingMessage): string {
  return (request.url ?? "/").replace(/[?#].*$/s, "");
}

function refuseRequest(request: IncomingMessage, response: ServerResponse, path: string): void {
  const status = pathOf(request) === path ? upgradeRequired : notFound;
  response.writeHead(status.code, {
    "content-type": "text/plain",
    ...(status === upgradeRequired && { upgrade: "websocket" }),
  });
  response.end(`${status.text}\n`);
}

function refuseUpgrade(socket: Duplex, { code, text }: Status): void {
  // The client may have gone already, which is not an error.
  socket.on("error", () => socket.destroy());
  // A client that never closes its side must not keep the socket open.
  const timer = setTimeout(() => socket.destroy(), endTimeout).unref();
  socket.on("close", () => clearTimeout(timer));
  socket.end(`HTTP/1.1 ${code} ${text}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
}
