/**
 * A fleet: 4 processes behind HAProxy, which has the outer TLS, with a Redis and a page for Prometheus. SIGHUP restarts
 * the processes one after the other, and loses nothing.
 *
 *   pnpm --filter @handclasp/example-fleet start
 */
import cluster, { type Worker } from "node:cluster";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { testCa } from "@handclasp/testing";
import client from "prom-client";
import { find, freePort, startListening } from "./programs.ts";
import { startProxy } from "./proxy.ts";

const processes = Number(process.env.FLEET_PROCESSES ?? 4);

const missing = ["haproxy", "redis-server"].filter((program) => !find(program));
if (missing.length) {
  console.error(`This example needs ${missing.join(" and ")}: apt-get install ${missing.join(" ")}`);
  process.exit(1);
}

const folder = mkdtempSync(join(tmpdir(), "handclasp-fleet-"));
process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
const ca = await testCa();
const [outer, inner] = await Promise.all([ca.issue(), ca.issue()]);
const write = (name: string, text: string): void => writeFileSync(join(folder, name), text, { mode: 0o600 });
write("ca.pem", ca.pem);
write("outer.pem", `${outer.cert}\n${outer.key}`);
write("inner.pem", inner.cert);
write("inner.key", inner.key);

const redisPort = await freePort();
const redisArguments = ["--bind", "127.0.0.1", "--port", String(redisPort), "--save", "", "--maxmemory", "64mb"];
const redis = await startListening("redis-server", [...redisArguments, "--maxmemory-policy", "allkeys-lru"], redisPort);

cluster.setupPrimary({ exec: fileURLToPath(new URL("worker.js", import.meta.url)) });
const environment = {
  FLEET_FOLDER: folder,
  FLEET_REDIS: String(redisPort),
  FLEET_SECRET: randomBytes(32).toString("hex"),
};

/** Starts a process, and waits until it listens. */
async function startProcess(): Promise<{ readonly worker: Worker; readonly port: number }> {
  const worker = cluster.fork(environment);
  worker.on("exit", (code) => {
    if (!worker.exitedAfterDisconnect) console.error(`a process has ended with exit code ${code}`);
  });
  for (;;) {
    const [message] = (await once(worker, "message")) as [{ listening?: number }];
    if (message.listening !== undefined) return { worker, port: message.listening };
  }
}

const fleet = await Promise.all(Array.from({ length: processes }, startProcess));
const port = Number(process.env.PORT || (await freePort()));
const proxy = await startProxy(
  folder,
  port,
  fleet.map((one) => one.port),
);

/** Replaces each process: the new one takes the new connections, and the old one ends after its clients. */
async function roll(): Promise<void> {
  for (const [place, { worker }] of fleet.entries()) {
    const next = await startProcess();
    await proxy.point(place, next.port);
    fleet[place] = next;
    worker.send("stop");
    await once(worker, "exit");
  }
}

// The sums over all processes. A process that has been replaced takes its counts with it.
const metrics = new client.AggregatorRegistry();
const page = createServer((_, response) => {
  metrics.clusterMetrics().then(
    (text) => response.setHeader("content-type", metrics.contentType).end(text),
    () => response.writeHead(500).end(),
  );
});
page.listen(0, "127.0.0.1");
await once(page, "listening");

console.log(`fleet    wss://localhost:${port}`);
console.log(`metrics  http://127.0.0.1:${(page.address() as { port: number }).port}/metrics`);
console.log(`folder   ${folder} (ca.pem is the CA of both TLS connections)`);
console.log(`redis    process ${redis.pid}`);
console.log(`roll     kill -HUP ${process.pid}`);
console.log(`load     pnpm --filter @handclasp/example-fleet load wss://localhost:${port} ${folder}`);
console.log("ready");

let rolling = Promise.resolve();
process.on("SIGHUP", () => {
  rolling = rolling.then(roll).then(
    () => console.log("rolled"),
    (error: unknown) => console.error("the restart failed:", error),
  );
});
const stop = async (): Promise<void> => {
  page.close();
  await Promise.all(
    fleet.map(async ({ worker }) => {
      worker.send("stop");
      await once(worker, "exit");
    }),
  );
  proxy.process.kill();
  redis.kill();
  process.exit();
};
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => void stop());
