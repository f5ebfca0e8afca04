/**
 * One process of the fleet: answers each line of a client with the line and its process ID. At a restart, it tells its
 * clients to finish, and ends when they have.
 * @module
 */
import cluster from "node:cluster";
import { readFileSync } from "node:fs";
import { createServer as createHttpServer } from "node:http";
import type { AddressInfo } from "node:net";
import { createInterface } from "node:readline";
import { Readable } from "node:stream";
import { createServer, nodeCredential, type TlsConnection } from "@handclasp/node";
import { prometheusMetrics } from "@handclasp/node/prometheus";
import { redisFleet } from "@handclasp/redis";
import { Redis } from "ioredis";
import client from "prom-client";

const folder = process.env.FLEET_FOLDER ?? "";
const redis = new Redis({ port: Number(process.env.FLEET_REDIS), retryStrategy: () => 500 });
const redisErrors = new client.Counter({
  name: "fleet_redis_errors_total",
  help: "Calls of Redis that failed.",
  labelNames: ["operation"] as const,
});
const fleet = redisFleet({
  client: redis,
  secret: Buffer.from(process.env.FLEET_SECRET ?? "", "hex"),
  observe: (event) => event.type === "error" && redisErrors.inc({ operation: event.operation }),
  log: (level, object, message) => level !== "info" && console.error(process.pid, message, String(object.err)),
});
await fleet.ready;

async function answer(channel: TlsConnection): Promise<void> {
  const say = (text: string): Promise<void> => channel.write(Buffer.from(`${text}\n`));
  channel.closing.addEventListener("abort", () => void say("finish"), { once: true });
  for await (const line of createInterface({ input: Readable.from(channel) })) await say(`${line} ${process.pid}`);
}

// Answers the first process, which asks for the figures of all.
new client.AggregatorRegistry();
const { ticketKeys, sessionStore } = fleet;
const server = createServer(
  {
    credentials: nodeCredential({
      cert: readFileSync(`${folder}/inner.pem`),
      key: readFileSync(`${folder}/inner.key`),
    }),
    ticketKeys,
    sessionStore,
    observe: prometheusMetrics({ client }),
    onError: () => {},
  },
  answer,
);

const http = createHttpServer((_, response) => response.writeHead(426, { connection: "close" }).end());
/** Sockets that have not asked for a WebSocket yet. */
const waiting = new Set<unknown>();
http.on("connection", (socket) => {
  waiting.add(socket);
  socket.once("close", () => waiting.delete(socket));
});
http.on("upgrade", ({ socket }) => waiting.delete(socket));
await server.listenWebSocket({ server: http, path: "/", hosts: ["localhost"], trustProxy: 1 });
// A port of its own, and not one that all processes share: HAProxy knows each of them.
http.listen({ port: 0, host: "127.0.0.1", exclusive: true }, () => {
  process.send?.({ listening: (http.address() as AddressInfo).port });
});

/** HAProxy opens no more connections. The requests on those that it has opened are let in before the server closes. */
async function stop(): Promise<void> {
  const end = Date.now() + 5_000;
  for (let quiet = 0; quiet < 3 && Date.now() < end; quiet = waiting.size ? 0 : quiet + 1)
    await new Promise((resolve) => setTimeout(resolve, 100));
  const late = await server.close({ grace: 30_000 });
  if (late.length) console.error(process.pid, `${late.length} clients did not finish`);
  http.close();
  fleet.close();
  redis.disconnect();
  cluster.worker?.disconnect();
}
process.on("message", (message) => {
  if (message === "stop") void stop();
});
process.on("disconnect", () => process.exit());
// Ctrl-C reaches all processes of the terminal, and the first one ends the others.
process.on("SIGINT", () => {});
