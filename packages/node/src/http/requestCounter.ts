/**
 * Counts the requests of HTTP/1.1 that a connection is answering, so that a server can end it between two of them.
 * @module
 */
import type { EventEmitter } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { ChannelSocket } from "../socket/channelSocket.ts";

interface Connection {
  /** The responses that are not finished. */
  readonly pending: Set<ServerResponse>;
  isStopping: boolean;
}

export class RequestCounter {
  readonly #connections = new WeakMap<object, Connection>();

  constructor(server: EventEmitter) {
    server.prependListener("request", ({ socket }: IncomingMessage, response: ServerResponse) => {
      // A request of HTTP/2 has no connection here.
      if (socket && "encrypted" in socket) this.#add(socket as unknown as ChannelSocket, response);
    });
  }

  /** Ends the connection as soon as no request is pending. A connection that was upgraded is left to its owner. */
  stop(socket: ChannelSocket): void {
    const connection = this.#of(socket);
    connection.isStopping = true;
    for (const response of connection.pending) response.shouldKeepAlive = false;
    if (!connection.pending.size && isHttp(socket)) socket.end();
  }

  #of(socket: ChannelSocket): Connection {
    const known = this.#connections.get(socket);
    if (known) return known;
    const connection: Connection = { pending: new Set(), isStopping: false };
    this.#connections.set(socket, connection);
    return connection;
  }

  #add(socket: ChannelSocket, response: ServerResponse): void {
    const connection = this.#of(socket);
    connection.pending.add(response);
    if (connection.isStopping) response.shouldKeepAlive = false;
    response.once("close", () => {
      connection.pending.delete(response);
      // The head of the response may have promised to keep the connection.
      if (connection.isStopping) this.stop(socket);
    });
  }
}

/** Whether node:http still reads the requests of a socket. It takes its parser away when a connection is upgraded. */
const isHttp = (socket: ChannelSocket): boolean => Boolean((socket as { readonly parser?: unknown }).parser);
