/**
 * Accepts TLS over WebSockets: on a port of its own, or on one path of somebody's HTTP server.
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
import { isLoopbackAddress, type OnRefused, quiet, type RequestRules, requestRules, tell } from "./requestRules.ts";
import { webSocketTransport } from "./webSocket.ts";

export interface ListenWebSocketOptions extends ListenTcpOptions, RequestRules {
  /** An HTTP(S) server to attach to, whose other paths are left alone: an upgrade on one of them is refused where nobody else listens for upgrades. Default: one of our own, at `port` and `host`. */
  server?: Server | SecureServer;
  /** The path to serve. Default `"/"`. */
  path?: string;
  /**
   * Says whether a request may become a WebSocket, e.g. by a cookie: `true` alone lets it in, and only what `origins`
   * and `hosts` let in is asked for. Default: all of those may; TLS decides who is allowed in.
   */
  allow?: (request: IncomingMessage) => boolean;
}

/** Listens, calls `onTransport` for every WebSocket, and `onRefused` for what `origins` or `hosts` kept out. */
export async function listenWebSocket(
  options: ListenWebSocketOptions,
  onTransport: (transport: Transport, request: IncomingMessage) => void,
  onRefused?: OnRefused,
): Promise<Listener> {
  return withExplanation(() => {
    const given = checkedAddress(optionsOf(options, listenWebSocketOptions));
    const { path = "/" } = given;
    if (typeof onTransport !== "function") throw wrongOption("onTransport", onTransport, "a function of the transport");
    if (onRefused !== undefined && typeof onRefused !== "function")
      throw wrongOption("onRefused", onRefused, "a function");
    if (!path.startsWith("/")) throw wrongOption("path", path, "a path that begins with a slash");
    // A request never has it: what is behind the path is cut off, and other characters come as %XX.
    if (!/^[!-~]+$/.test(path) || /[?#]/.test(path))
      throw configurationError(
        "path: no request has it",
        "give it without ? and #, in ASCII, with %XX for what is none",
      );
    const { server } = given;
    // A server of net, tls or ws says nothing of requests for a WebSocket.
    if (server && typeof server.setTimeout !== "function")
      throw wrongOption("server", server, "a server of node:http or node:https");
    if (server?.listeners("upgrade").some((other) => served.get(other) === path))
      throw configurationError(
        `the server has WebSockets at ${path} already`,
        "give another path, or close that listener",
      );
    for (const option of ["port", "host"] as const)
      if (given.server && given[option] !== undefined)
        throw configurationError(`${option} beside server`, "leave it out: the server's own listen() says where");
    return listenOn(given, path, onTransport, requestRules(given, onRefused), onRefused);
  });
}

async function listenOn(
  options: ListenWebSocketOptions,
  path: string,
  onTransport: (transport: Transport, request: IncomingMessage) => void,
  fits: ReturnType<typeof requestRules>,
  onRefused: OnRefused | undefined,
): Promise<Listener> {
  const { allow } = options;
  const own = options.server === undefined;
  // Loaded when they are needed: to load them takes longer than a handshake over TCP does.
  const loading = import("ws").then(
    ({ WebSocketServer }) =>
      new WebSocketServer({ noServer: true, maxPayload: maxMessage, maxFragments, perMessageDeflate: false }),
  );
  const server =
    options.server ??
    (await import("node:http")).createServer((request, response) => refuseRequest(request, response, path));

  let told = Number.NEGATIVE_INFINITY;
  const fails = (request: IncomingMessage, message: string, advice: string, cause?: unknown): false => {
    const now = performance.now();
    // A peer can ask any number of times.
    if (now - told >= quiet) {
      told = now;
      tell(
        onRefused,
        new TlsError(undefined, message, { code: "hook_failed", fault: "application", advice, cause }),
        request,
      );
    }
    return false;
  };
  // Only a plain `true` lets in: a promise is truthy, and a hook that throws must not end the process.
  const allowed = (request: IncomingMessage): boolean => {
    try {
      const answer: unknown = allow === undefined || allow(request);
      if (typeof answer === "boolean") return answer;
      if (answer instanceof Promise) answer.catch(() => {});
      return fails(request, "allow answered neither true nor false", "let it answer at once, not by a promise");
    } catch (cause) {
      return fails(request, "allow threw", "the cause is its error", cause);
    }
  };
  let sockets: WebSocketServer | undefined;
  const upgrade = (to: WebSocketServer, request: IncomingMessage, socket: Duplex, head: Buffer): void =>
    to.handleUpgrade(request, socket, head, (ws) => onTransport(webSocketTransport(ws), request));
  const onUpgrade = (request: IncomingMessage, socket: Duplex, head: Buffer): void => {
    if (pathOf(request) !== path) {
      if (isNobodys(server, onUpgrade, pathOf(request))) refuseUpgrade(socket, notFound);
    } else if (!fits(request, isLoopbackAddress(addressOf(server, request))) || !allowed(request))
      refuseUpgrade(socket, forbidden);
    else if (sockets) upgrade(sockets, request, socket, head);
    else {
      const gone = (): void => void socket.destroy();
      socket.on("error", gone);
      void loading.then((loaded) => {
        socket.off("error", gone);
        upgrade(loaded, request, socket, head);
      });
    }
  };
  // At once: somebody else's server may be asked before ws is there.
  served.set(onUpgrade, path);
  server.on("upgrade", onUpgrade);
  sockets = await loading;

  if (own) await listen(server, options);

  const stop = (done: () => void): void => {
    server.removeListener("upgrade", onUpgrade);
    if (own) server.close(done);
    else sockets.close(done);
  };
  const cut = (): void => {
    for (const ws of sockets.clients) ws.terminate();
    if (own) server.closeAllConnections();
  };
  return listener(server, stop, cut);
}

/** What our own listeners for upgrades serve. */
const served = new WeakMap<object, string>();

/** Nobody serves this path, and `listener` is the one to say so. Who else listens for upgrades may serve any. */
function isNobodys(server: Server | SecureServer, listener: object, path: string): boolean {
  const all = server.listeners("upgrade");
  return all[0] === listener && all.every((other) => (served.get(other) ?? path) !== path);
}

/** Where a request came to. Sockets that somebody hands to a server that does not listen have an address of their own. */
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
  // A client that is gone by now is no error.
  socket.on("error", () => socket.destroy());
  // Nor may one stay that never closes its side.
  const timer = setTimeout(() => socket.destroy(), endTimeout).unref();
  socket.on("close", () => clearTimeout(timer));
  socket.end(`HTTP/1.1 ${code} ${text}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
}
