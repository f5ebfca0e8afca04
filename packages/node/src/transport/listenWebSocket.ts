/**
 * Accepts TLS over WebSockets: on a port of its own, or on one path of an existing HTTP server.
 * @module
 */

import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { Server as SecureServer } from "node:https";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { TlsError, type Transport } from "@handclasp/core";
import { configurationError, optionsOf, withExplanation, wrongOption } from "@handclasp/core/unstable";
import type { WebSocketServer } from "ws";
import type { Admission, Refusal } from "../admission/admission.ts";
import { clientAddressOf, type TrustProxy } from "../admission/clientAddress.ts";
import type { RequestRefusal } from "../admission/refusals.ts";
import { RefusedSockets } from "../admission/refusedSockets.ts";
import type { Ticket } from "../admission/ticket.ts";
import { listenWebSocketOptions } from "../optionTables.ts";
import { maxFragments, maxMessage } from "./eventQueue.ts";
import { type HeartbeatOptions, heartbeatOf } from "./heartbeat.ts";
import { checkKeepAlive, setKeepAlive } from "./keepAlive.ts";
import { checkAddress, type Listener, type ListenTcpOptions, makeListener, startListening } from "./listener.ts";
import { boundRequests } from "./requestBounds.ts";
import {
  isLoopbackAddress,
  type OnRefused,
  type RequestRules,
  reportInterval,
  reportRefusal,
  requestRules,
} from "./requestRules.ts";
import { webSocketTransportWithPings } from "./webSocket.ts";

export interface ListenWebSocketOptions extends ListenTcpOptions, RequestRules {
  /**
   * An existing HTTP or HTTPS server, which accepts WebSockets at `path`. The server's other paths work as before. An
   * upgrade request for one of them is refused only if the server has no upgrade listeners but those of Handclasp.
   * Default: a new HTTP server at `port` and `host`.
   */
  server?: Server | SecureServer;
  /** The path at which WebSockets are accepted. Default `"/"`. */
  path?: string;
  /**
   * Decides whether a request may become a WebSocket, for example by its cookie. Only `true` accepts the request. The
   * listener calls this function only for requests that `origins` and `hosts` accept. By default, it accepts all of
   * these, and TLS authenticates the client.
   */
  allow?: (request: IncomingMessage) => boolean;
  /** The pings to each peer. If it does not answer, its connection ends with `peer_unresponsive`. `false` for none. */
  heartbeat?: HeartbeatOptions | false;
  /**
   * The number of proxies in front of the server, each of which appends the address of its own client to the header
   * X-Forwarded-For; or a function that finds the client's address in the request. The address is `remoteAddress` of
   * the connection, and the limits of `admission.perAddress` count by it. A request without a valid address counts for
   * the address of the proxy. Default: the header is not read, because without a proxy every client can write it.
   */
  trustProxy?: TrustProxy;
}

type OnWebSocket = (transport: Transport, request: IncomingMessage, ticket: Ticket | undefined) => void;

/**
 * Listens for WebSockets. It calls `onTransport` with a transport for every WebSocket. It calls `onRefused` if
 * `origins` or `hosts` refuse a request, or if `allow` fails. The promise rejects with a TlsError if an option is
 * invalid or the address is not available.
 */
export function listenWebSocket(
  options: ListenWebSocketOptions,
  onTransport: (transport: Transport, request: IncomingMessage) => void,
  onRefused?: OnRefused,
): Promise<Listener> {
  return listenForWebSockets(options, onTransport, onRefused, undefined);
}

/** As `listenWebSocket`, with the limits of a server. */
export async function listenForWebSockets(
  options: ListenWebSocketOptions,
  onTransport: OnWebSocket,
  onRefused: OnRefused | undefined,
  admission: Admission | undefined,
): Promise<Listener> {
  return withExplanation(() => {
    const known = checkKeepAlive(checkAddress(optionsOf(options, listenWebSocketOptions)));
    const { path = "/" } = known;
    if (typeof onTransport !== "function")
      throw wrongOption("onTransport", onTransport, "a function that takes the transport");
    if (onRefused !== undefined && typeof onRefused !== "function")
      throw wrongOption("onRefused", onRefused, "a function");
    if (!path.startsWith("/")) throw wrongOption("path", path, "a path that begins with a slash");
    // No request matches such a path: `pathOf` removes the query, and clients percent-encode other characters.
    if (!/^[!-~]+$/.test(path) || /[?#]/.test(path))
      throw configurationError(
        "path: no request can have this path",
        "give it without ? and #, in ASCII, with %XX for other characters",
      );
    const { server } = known;
    // A server of net, tls or ws emits no upgrade requests.
    if (server && typeof server.setTimeout !== "function")
      throw wrongOption("server", server, "a server of node:http or node:https");
    if (server?.listeners("upgrade").some((other) => pathOfListener.get(other) === path))
      throw configurationError(
        `a listener already takes WebSockets at ${path} of this server`,
        "choose another path, or close that listener",
      );
    for (const option of ["port", "host"] as const)
      if (known.server && known[option] !== undefined)
        throw configurationError(
          `${option} is set together with server`,
          "leave it out: the server's own listen() sets the address",
        );
    return listenOn(known, path, { onTransport, onRefused, admission }, requestRules(known, onRefused));
  });
}

interface Receivers {
  readonly onTransport: OnWebSocket;
  readonly onRefused: OnRefused | undefined;
  readonly admission: Admission | undefined;
}

async function listenOn(
  options: ListenWebSocketOptions,
  path: string,
  { onTransport, onRefused, admission }: Receivers,
  isAllowedByRules: ReturnType<typeof requestRules>,
): Promise<Listener> {
  const { allow, trustProxy } = options;
  const heartbeat = heartbeatOf(options.heartbeat);
  const ownsServer = options.server === undefined;
  // ws and node:http are loaded on demand, because loading them takes longer than a handshake over TCP.
  const loading = import("ws").then(
    ({ WebSocketServer }) =>
      new WebSocketServer({
        noServer: true,
        maxPayload: maxMessage,
        maxFragments,
        perMessageDeflate: false,
        autoPong: false,
      }),
  );
  const server =
    options.server ??
    (await import("node:http")).createServer((request, response) => refuseRequest(request, response, path));
  const refused = admission?.refusedSockets ?? new RefusedSockets();
  const isBehindProxy = trustProxy !== undefined;
  const refuse = (socket: Duplex, status: Status, address?: string): void =>
    refused.refuse(socket, answerOf(status), address);
  /** Refuses a request of which nothing but its peer is known, which may be a proxy. */
  const refusePeer = (socket: Duplex, status: Status, { remoteAddress }: Socket): void =>
    refuse(socket, status, isBehindProxy ? undefined : remoteAddress);
  const refuseRequested = (...[socket, status, reason, peer]: [Duplex, Status, RequestRefusal, Socket]): void => {
    admission?.noticeRequest(reason, peer.remoteAddress);
    refusePeer(socket, status, peer);
  };
  if (ownsServer)
    boundRequests(server, admission, isBehindProxy, (socket, refusal) =>
      refusePeer(socket, overloaded[refusal], socket),
    );

  let lastReport = Number.NEGATIVE_INFINITY;
  const refuseBadHook = (request: IncomingMessage, message: string, advice: string, cause?: unknown): false => {
    const now = performance.now();
    // A peer can send any number of requests.
    if (now - lastReport >= reportInterval) {
      lastReport = now;
      reportRefusal(
        onRefused,
        new TlsError(undefined, message, { code: "hook_failed", fault: "application", advice, cause }),
        request,
      );
    }
    return false;
  };
  // Only `true` accepts the request, because a promise is truthy. A hook that throws must not end the process.
  const isAllowed = (request: IncomingMessage): boolean => {
    try {
      const answer: unknown = allow === undefined || allow(request);
      if (typeof answer === "boolean") return answer;
      Promise.resolve(answer).catch(() => {});
      return refuseBadHook(request, "allow returned neither true nor false", "return true or false, not a promise");
    } catch (cause) {
      return refuseBadHook(request, "allow threw an error", "fix it: `cause` has the error", cause);
    }
  };
  /** `undefined` if the function of the application failed. */
  const clientOf = (request: IncomingMessage): { readonly address: string | undefined } | undefined => {
    try {
      return { address: clientAddressOf(request, trustProxy) };
    } catch (cause) {
      const advice = "return the address or undefined, not a promise: `cause` has the error";
      refuseBadHook(request, "trustProxy failed", advice, cause);
      return undefined;
    }
  };
  let webSocketServer: WebSocketServer | undefined;
  const upgrade = (to: WebSocketServer, request: IncomingMessage, socket: Duplex, head: Buffer): void => {
    const client = clientOf(request);
    if (!client) return refuseRequested(socket, forbidden, "trustProxy", request.socket);
    const ticket = admission?.admit(client.address);
    if (typeof ticket === "string") return refuse(socket, overloaded[ticket], client.address);
    const release = (): void => {
      if (ticket) admission?.release(ticket);
    };
    if (!isAllowed(request)) {
      release();
      admission?.noticeRequest("allow", client.address);
      return refuse(socket, forbidden, client.address);
    }
    // ws closes the socket of a request that is not valid.
    socket.once("close", release);
    setKeepAlive(socket, options.keepAlive);
    to.handleUpgrade(request, socket, head, (ws) => {
      socket.off("close", release);
      const address = isBehindProxy ? client.address : undefined;
      onTransport(webSocketTransportWithPings(ws, heartbeat, address), request, ticket);
    });
  };
  const onUpgrade = (request: IncomingMessage, socket: Duplex, head: Buffer): void => {
    if (pathOf(request) !== path) {
      if (ownsServer || isUnserved(server, onUpgrade, pathOf(request)))
        refuseRequested(socket, notFound, "path", request.socket);
    } else if (!isAllowedByRules(request, isLoopbackAddress(addressOf(server, request))))
      refuseRequested(socket, forbidden, "rules", request.socket);
    else if (webSocketServer) upgrade(webSocketServer, request, socket, head);
    else {
      const destroy = (): void => void socket.destroy();
      socket.on("error", destroy);
      void loading.then((loaded) => {
        socket.off("error", destroy);
        upgrade(loaded, request, socket, head);
      });
    }
  };
  // The listener is added before ws is loaded, because an existing server may get a request meanwhile.
  pathOfListener.set(onUpgrade, path);
  server.on("upgrade", onUpgrade);
  webSocketServer = await loading;

  if (ownsServer) await startListening(server, options);

  const stop = (done: () => void): void => {
    server.removeListener("upgrade", onUpgrade);
    if (ownsServer) server.close(done);
    else webSocketServer.close(done);
  };
  const destroyAll = (): void => {
    for (const ws of webSocketServer.clients) ws.terminate();
    refused.destroyAll();
    if (ownsServer) server.closeAllConnections();
  };
  return makeListener(server, stop, destroyAll);
}

/** The path of each upgrade listener of Handclasp. */
const pathOfListener = new WeakMap<object, string>();

/**
 * True if `listener` must refuse an upgrade request for this path: it is the server's first upgrade listener, and no
 * listener serves the path. A listener that is not Handclasp's may serve any path.
 */
function isUnserved(server: Server | SecureServer, listener: object, path: string): boolean {
  const listeners = server.listeners("upgrade");
  return listeners[0] === listener && listeners.every((other) => (pathOfListener.get(other) ?? path) !== path);
}

/**
 * The address that the server listens on. If the server does not listen, it got its sockets from another server, and
 * the socket has the address that the request came to.
 */
function addressOf(server: Server | SecureServer, { socket }: IncomingMessage): string | undefined {
  const address = server.address();
  return typeof address === "string" ? undefined : (address?.address ?? socket.localAddress);
}

interface Status {
  readonly code: number;
  readonly text: string;
  readonly headers?: string;
}
const forbidden: Status = { code: 403, text: "Forbidden" };
const notFound: Status = { code: 404, text: "Not Found" };
const upgradeRequired: Status = { code: 426, text: "Upgrade Required" };
const overloaded: Readonly<Record<Refusal, Status>> = {
  client: { code: 429, text: "Too Many Requests", headers: "Retry-After: 1\r\n" },
  server: { code: 503, text: "Service Unavailable", headers: "Retry-After: 1\r\n" },
};

function pathOf(request: IncomingMessage): string {
  return (request.url ?? "/").replace(/[?#].*$/s, "");
}

function refuseRequest(request: IncomingMessage, response: ServerResponse, path: string): void {
  const status = pathOf(request) === path ? upgradeRequired : notFound;
  // A socket that goes on to ask for pages would keep its place.
  response.writeHead(status.code, {
    connection: "close",
    "content-type": "text/plain",
    ...(status === upgradeRequired && { upgrade: "websocket" }),
  });
  response.end(`${status.text}\n`);
}

const answerOf = ({ code, text, headers = "" }: Status): string =>
  `HTTP/1.1 ${code} ${text}\r\n${headers}Connection: close\r\nContent-Length: 0\r\n\r\n`;
