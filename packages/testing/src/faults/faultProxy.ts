/**
 * A man in the middle of TCP connections or WebSockets, for Node.js, who makes the faults of a network.
 * @module
 */
import { once } from "node:events";
import { createServer as createHttpServer } from "node:http";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { usageError } from "@handclasp/core/unstable";
import { WebSocket, WebSocketServer } from "ws";
import { checkedFault, checkedProxyOptions } from "./checks.ts";
import type { Fault, FaultProxyOptions, FaultSender } from "./fault.ts";
import { FaultyDirection } from "./faultyDirection.ts";
import { type Leg, tcpLeg, webSocketLeg } from "./leg.ts";

export type {
  Fault,
  FaultPlace,
  FaultProxyOptions,
  FaultSender,
  NetworkFault,
  WebSocketFault,
} from "./fault.ts";

export interface FaultProxy {
  /** The port on 127.0.0.1 to which a client connects in place of the server's. */
  readonly port: number;
  /** The address to which a client connects: `ws://localhost:PORT/` or `tcp://localhost:PORT`. */
  readonly url: string;
  /**
   * Makes a fault in the connections that are open, in place of their earlier fault. `after` counts from the next
   * record. Use it for a fault after the handshake, whose length varies.
   * @throws TlsError `usage` if no connection is open, `configuration` if the fault is wrong
   */
  inject(fault: Fault): void;
  /** The number of bytes of TLS that this side has sent in all connections. */
  bytesFrom(sender: FaultSender): number;
  /** Resets all connections, and closes the port. */
  close(): Promise<void>;
  /** Calls `close`. */
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * Starts a proxy between clients and the server on `target`. It forwards each record of TLS by itself, and makes the
 * fault once in each connection. A fault that only a WebSocket has does nothing over TCP, except that `close` ends the
 * connection.
 * @throws TlsError `configuration`; Error of node:net if no port is available
 * @example
 * const fault: Fault = { kind: "reset", from: "server", after: 1_000 };
 * await using proxy = await faultProxy({ target: 8443, transport: "tcp", fault });
 * const channel = connect(`tcp://127.0.0.1:${proxy.port}`, { ca, serverName: "localhost" });
 */
export async function faultProxy(options: FaultProxyOptions): Promise<FaultProxy> {
  const { target, transport, fault } = checkedProxyOptions(options);
  const sockets = new Set<Socket>();
  const directions: (readonly [FaultSender, FaultyDirection])[] = [];
  const keep = (socket: Socket): void => {
    sockets.add(socket);
    socket.on("error", () => {});
    socket.on("close", () => sockets.delete(socket));
  };
  const join = (client: Leg, server: Leg): void => {
    const toServer = new FaultyDirection(client, server, fault?.from === "client" ? fault : undefined);
    const toClient = new FaultyDirection(server, client, fault?.from === "server" ? fault : undefined);
    directions.push(["client", toServer], ["server", toClient]);
    client.start(toServer);
    server.start(toClient);
  };
  const server = transport === "tcp" ? tcpProxy(target, keep, join) : webSocketProxy(target, keep, join);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const close = async (): Promise<void> => {
    const closed = once(server, "close");
    server.close();
    for (const [, direction] of directions) direction.stop();
    for (const socket of sockets) socket.resetAndDestroy();
    await closed;
  };
  const { port } = server.address() as AddressInfo;
  return {
    port,
    url: transport === "tcp" ? `tcp://localhost:${port}` : `ws://localhost:${port}/`,
    inject(fault) {
      const checked = checkedFault(fault);
      const open = directions.filter(([from, { hasEnded }]) => from === checked.from && !hasEnded);
      if (open.length === 0) throw usageError("the proxy has no open connection in which it could make the fault");
      for (const [, direction] of open) direction.inject(checked);
    },
    bytesFrom: (sender) => directions.reduce((sum, [from, { bytes }]) => sum + (from === sender ? bytes : 0), 0),
    close,
    [Symbol.asyncDispose]: close,
  };
}

type Keep = (socket: Socket) => void;
type Join = (client: Leg, server: Leg) => void;

const tcpProxy = (target: number, keep: Keep, join: Join): Server =>
  createServer({ allowHalfOpen: true }, (near) => {
    const far = connect({ port: target, host: "127.0.0.1", allowHalfOpen: true });
    for (const socket of [near, far]) keep(socket);
    join(tcpLeg(near), tcpLeg(far));
  });

function webSocketProxy(target: number, keep: Keep, join: Join): Server {
  const server = createHttpServer();
  const upgrades = new WebSocketServer({ noServer: true, perMessageDeflate: false });
  server.on("upgrade", (request, near, head) => {
    keep(near as Socket);
    const { host, origin } = request.headers;
    const far = new WebSocket(`ws://127.0.0.1:${target}${request.url ?? "/"}`, {
      perMessageDeflate: false,
      headers: { ...(host && { host }), ...(origin && { origin }) },
    });
    far.on("error", () => near.destroy());
    far.on("upgrade", ({ socket }) => {
      keep(socket);
      upgrades.handleUpgrade(request, near, head, (accepted) => {
        join(webSocketLeg(accepted, near as Socket), webSocketLeg(far, socket));
      });
    });
  });
  return server;
}
