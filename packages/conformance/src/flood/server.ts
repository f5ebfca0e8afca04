/**
 * The process of the server that is attacked: an echo with the default limits.
 * @module
 */
import type { AddressInfo } from "node:net";
import { createServer, nodeCredential, type TlsConnection } from "@handclasp/node";
import type { Ports, ServerReport, ServerSetup } from "./protocol.ts";

async function echo(channel: TlsConnection): Promise<void> {
  for await (const bytes of channel) await channel.write(bytes);
}

async function start({ cert, key, clientCa, handshakeTimeout }: ServerSetup): Promise<void> {
  const options = { credentials: nodeCredential({ cert, key }), clientAuth: "request", ca: clientCa } as const;
  const limits = handshakeTimeout === undefined ? {} : { handshakeTimeout };
  const server = createServer({ ...options, ...limits, onError: () => {} }, echo);
  const [tcp, ws] = await Promise.all([server.listenTcp(), server.listenWebSocket()]);
  const portOf = (listener: typeof tcp): number => (listener.address() as AddressInfo).port;
  const ports: Ports = { tcp: portOf(tcp), ws: portOf(ws) };
  process.send?.(ports);
  let before = process.cpuUsage();
  process.on("message", () => {
    const { user, system } = process.cpuUsage(before);
    before = process.cpuUsage();
    const report: ServerReport = { cpu: (user + system) / 1e3, connections: server.connections.size };
    process.send?.(report);
  });
}

process.once("message", (setup: ServerSetup) => void start(setup));
process.on("disconnect", () => process.exit());
