/** Clients of databases and brokers, by the seams that they have, to real servers with TLS. */
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { type AddressInfo, connect as connectNet, createServer as createNetServer, type Server } from "node:net";
import { pipeline } from "node:stream";
import {
  type ConnectOptions,
  connect,
  connectTcp,
  connectWebSocket,
  createServer,
  nodeCredential,
  type ServerOptions,
  type TlsConnection,
  type Transport,
} from "@handclasp/node";
import { toSocket } from "@handclasp/node/socket";
import { plain } from "@handclasp/node/starttls";
import { Redis, type RedisOptions } from "ioredis";
import mqtt from "mqtt";
import mysql from "mysql2";
import nodemailer, { type Transporter } from "nodemailer";
import pg from "pg";
import { createClient } from "redis";
import { afterAll, describe, expect, onTestFinished, test } from "vitest";
import { createWebSocketStream, WebSocketServer } from "ws";
import { makeMaterial } from "../../src/interop/files.ts";
import {
  missingOf,
  type Service,
  startMariadb,
  startMosquitto,
  startPostgres,
  startRedis,
  startSmtps,
} from "../../src/interop/services.ts";

const material = await makeMaterial();
afterAll(() => material.remove());
const credentials = nodeCredential(material.client);
const trust: ConnectOptions = { ca: material.ca, serverName: "localhost" };
const big = "0123456789abcdef".repeat(2 ** 16);

const page = readFileSync(new URL("../../../../docs/databases.md", import.meta.url), "utf8");

/** Runs an example of docs/databases.md with these names, and returns the value of one of its constants. */
function example(
  name: string,
  result: string,
  names: Readonly<Record<string, unknown>>,
  [old, replacement]: readonly [string, string] = ["", ""],
): unknown {
  const code = new RegExp(`\\n\`\`\`js ${name}\\n(.*?)\`\`\``, "s").exec(page)?.[1];
  if (!code) throw new Error(`docs/databases.md has no example ${name}`);
  expect(code.trim().split("\n").length, "the number of lines").toBeLessThanOrEqual(11);
  // oxlint-disable-next-line typescript/no-implied-eval
  const call = new Function(...Object.keys(names), `${code.replace(old, replacement)}\nreturn ${result};`);
  return call(...Object.values(names));
}

/** Starts a service for one test. */
async function startService(start: (given: typeof material) => Promise<Service>): Promise<Service> {
  const service = await start(material);
  onTestFinished(() => service.stop());
  return service;
}
const serving = async (start: Parameters<typeof startService>[0]): Promise<number> => (await startService(start)).port;

/** A relay from WebSocket to a TCP port, which knows nothing of TLS. */
async function relayTo(port: number): Promise<string> {
  const relay = new WebSocketServer({ port: 0, host: "127.0.0.1" });
  relay.on("connection", (webSocket) => {
    const near = createWebSocketStream(webSocket);
    const far = connectNet(port, "127.0.0.1");
    pipeline(near, far, near, () => {});
  });
  await new Promise((resolve) => relay.on("listening", resolve));
  onTestFinished(() => {
    for (const client of relay.clients) client.terminate();
    relay.close();
  });
  return `ws://127.0.0.1:${(relay.address() as AddressInfo).port}/`;
}

const carriers = [
  ["over TCP", (port: number) => Promise.resolve(`tcp://127.0.0.1:${port}`)],
  ["behind a WebSocket relay", relayTo],
] as const;

describe.skipIf(missingOf("redis-server").length)("redis-server, which asks for a client certificate,", () => {
  test.each(carriers)("with ioredis, %s", async (_, carrier) => {
    const address = await carrier(await serving(startRedis));
    const open = (_: string, options: ConnectOptions): Promise<TlsConnection> =>
      connect(address, { ...options, ...trust, credentials });
    // The test ends connections, which ioredis reports.
    const quiet = (one: Redis): Redis => one.on("error", () => {});
    class LazyRedis extends Redis {
      constructor(options: RedisOptions) {
        // The overloads of the constructor exclude an option that is undefined.
        super({ ...options, lazyConnect: true, connectTimeout: 120_000 } as never);
      }
    }
    const redis = example("redis", "redis", { connect: open, ca: "", Redis: LazyRedis, toSocket }) as Redis;
    quiet(redis);
    onTestFinished(() => redis.disconnect());
    await redis.connect();
    expect(await redis.set("key", big)).toBe("OK");
    expect(await redis.get("key")).toBe(big);
    const results = await Promise.all(Array.from({ length: 100 }, () => redis.incr("count")));
    expect(results.at(-1)).toBe(100);
    const subscriber = quiet(redis.duplicate());
    onTestFinished(() => subscriber.disconnect());
    await subscriber.subscribe("news");
    const heard = new Promise((resolve) => subscriber.on("message", (channel, text) => resolve([channel, text])));
    await redis.publish("news", "hello");
    expect(await heard).toEqual(["news", "hello"]);
    // The server ends the connection, and ioredis makes another.
    const again = new Promise((resolve) => redis.once("ready", resolve));
    void redis.call("CLIENT", "KILL", "ID", String(await redis.client("ID")), "SKIPME", "no").catch(() => {});
    await again;
    expect(await redis.get("count")).toBe("100");
    expect(await redis.quit()).toBe("OK");
  });

  test("with node-redis, which has no seam, through a local socket", async () => {
    const port = await serving(startRedis);
    const open = (_: string, options: ConnectOptions): Promise<TlsConnection> =>
      connect(`tcp://127.0.0.1:${port}`, { ...options, ...trust, credentials });
    const names = { connect: open, ca: "", createServer: createNetServer, pipeline, toSocket };
    const near = example("local", "near", names, ["6379", "0"]) as Server;
    await once(near, "listening");
    onTestFinished(() => void near.close());
    const redis = createClient({ socket: { host: "127.0.0.1", port: (near.address() as AddressInfo).port } });
    await redis.connect();
    await redis.set("key", big);
    expect(await redis.get("key")).toBe(big);
    await redis.close();
  });
});

describe.skipIf(missingOf("initdb", "postgres").length)("PostgreSQL", () => {
  test.each(carriers)("with pg, %s", async (_, carrier) => {
    const port = await serving(startPostgres);
    const address = await carrier(port);
    const carry = async (): Promise<Transport> =>
      address.startsWith("ws") ? connectWebSocket(address) : connectTcp({ host: "127.0.0.1", port });
    const names = {
      connectWebSocket: carry,
      plain,
      toSocket,
      pg,
      ca: material.ca,
      user: "handclasp",
      database: "postgres",
    };
    const pool = example("postgres", "pool", names, ["postgres.internal", "localhost"]) as pg.Pool;
    // The test stops the server while idle clients of the pool end.
    pool.on("error", () => {});
    pool.on("connect", (client) => client.on("error", () => {}));
    onTestFinished(() => pool.end());
    const { rows } = await pool.query("select version, cipher from pg_stat_ssl where pid = pg_backend_pid()");
    expect(rows).toEqual([{ version: "TLSv1.2", cipher: expect.stringContaining("GCM") }]);
    const sums = Array.from({ length: 20 }, (_, i) => pool.query("select $1::int + 1 as sum, pg_sleep(0.01)", [i]));
    expect((await Promise.all(sums)).map((result) => result.rows[0].sum)).toEqual(sums.map((_, i) => i + 1));
    const { rows: texts } = await pool.query("select $1::text as big", [big]);
    expect(texts[0].big).toBe(big);
    await expect(pool.query("select nothing from nowhere")).rejects.toMatchObject({ code: "42P01" });
  });
});

describe.skipIf(missingOf("mosquitto").length)("Mosquitto", () => {
  test.each(carriers)("with MQTT.js, %s", async (_, carrier) => {
    const address = await carrier(await serving(startMosquitto));
    const open = (_: string, options: ConnectOptions): Promise<TlsConnection> =>
      connect(address, { ...options, ...trust });
    const client = example("mqtt", "client", { connect: open, ca: "", toSocket, mqtt }) as mqtt.MqttClient;
    onTestFinished(() => void client.end(true));
    await new Promise((resolve, reject) => client.once("connect", resolve).once("error", reject));
    const heard = new Promise<string>((resolve) => client.on("message", (_, data) => resolve(String(data))));
    await client.subscribeAsync("news", { qos: 1 });
    await client.publishAsync("news", big, { qos: 1 });
    expect(await heard).toBe(big);
    await client.endAsync();
  });
});

describe.skipIf(missingOf("mariadbd", "mariadb-install-db").length)("MariaDB", () => {
  test("with mysql2, to a server of ours next to it", async () => {
    const port = await serving(startMariadb);
    let server: ReturnType<typeof createServer> | undefined;
    let address: Promise<string> | undefined;
    const names = {
      createServer: (options: ServerOptions, handler: Parameters<typeof createServer>[1]) => {
        server = createServer(options, handler);
        const listening = server.listenWebSocket();
        address = listening.then((listener) => `ws://127.0.0.1:${(listener.address() as AddressInfo).port}/`);
      },
      connect: async (_: string, options: ConnectOptions) =>
        connect((await address) as string, { ...options, ...trust }),
      credential: nodeCredential(material.server.ecdsa),
      connectNet,
      pipeline,
      toSocket,
      mysql,
      ca: "",
      user: "handclasp",
      password: "secret",
    };
    const pool = (example("mysql", "pool", names, ["3306", String(port)]) as mysql.Pool).promise();
    onTestFinished(async () => {
      await pool.end();
      await server?.close();
    });
    const first = await pool.query<mysql.RowDataPacket[]>("select ? as big, current_user() as user", [big]);
    expect(first[0]).toEqual([{ big, user: "handclasp@127.0.0.1" }]);
    const sums = Array.from({ length: 20 }, (_, i) =>
      pool.query<mysql.RowDataPacket[]>("select ? + 1 as sum, sleep(0.01)", [i]),
    );
    expect((await Promise.all(sums)).map(([[row]]) => row?.sum)).toEqual(sums.map((_, i) => i + 1));
    await expect(pool.query("select nothing from test.nowhere")).rejects.toMatchObject({ code: "ER_NO_SUCH_TABLE" });
  });
});

describe.skipIf(missingOf("aiosmtpd").length)("aiosmtpd", () => {
  test.each(carriers)("with nodemailer, %s", async (_, carrier) => {
    const service = await startService(startSmtps);
    const address = await carrier(service.port);
    const open = (_: string, options: ConnectOptions): Promise<TlsConnection> =>
      connect(address, { ...options, ...trust });
    const names = { connect: open, ca: "", toSocket, nodemailer, auth: undefined };
    const mailer = example("smtp", "mailer", names) as Transporter;
    const text = `hello\n${"0123456789abcdef\n".repeat(2 ** 12)}end`;
    const sent = await mailer.sendMail({ from: "a@example.org", to: "b@example.org", subject: "subject", text });
    expect(sent).toMatchObject({ accepted: ["b@example.org"], response: expect.stringMatching(/^250 /) });
    await expect.poll(() => service.output(), { timeout: 60_000 }).toContain(text);
    expect(service.output()).toContain("Subject: subject");
    mailer.close();
  });
});
