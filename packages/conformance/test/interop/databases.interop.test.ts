/** Clients of databases and brokers, by the seams that they have, to real servers with TLS. */
import { type AddressInfo, connect as connectNet, createServer as createNetServer } from "node:net";
import { pipeline } from "node:stream";
import {
  type ConnectOptions,
  connect,
  connectTcp,
  connectWebSocket,
  nodeCredential,
  type TlsConnection,
  type Transport,
} from "@handclasp/node";
import { type ChannelSocket, toSocket } from "@handclasp/node/socket";
import { plain } from "@handclasp/node/starttls";
import { Redis } from "ioredis";
import mqtt from "mqtt";
import pg from "pg";
import { createClient } from "redis";
import { afterAll, describe, expect, onTestFinished, test } from "vitest";
import { createWebSocketStream, WebSocketServer } from "ws";
import { makeMaterial } from "../../src/interop/files.ts";
import { missingOf, type Service, startMosquitto, startPostgres, startRedis } from "../../src/interop/services.ts";

const material = await makeMaterial();
afterAll(() => material.remove());
const credentials = nodeCredential(material.client);
const trust: ConnectOptions = { ca: material.ca, serverName: "localhost" };
const big = "0123456789abcdef".repeat(2 ** 16);

/** Starts a service for one test. */
async function serving(start: (given: typeof material) => Promise<Service>): Promise<number> {
  const service = await start(material);
  onTestFinished(() => service.stop());
  return service.port;
}

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
    // ioredis takes a class: it makes an object, and calls `connect` for each connection.
    class Connector {
      #socket: ChannelSocket | undefined;
      check = (): boolean => true;
      connect(): Promise<ChannelSocket> {
        this.#socket = toSocket(connect(address, { ...trust, credentials }));
        return Promise.resolve(this.#socket);
      }
      disconnect(): void {
        this.#socket?.end();
      }
    }
    const redis = new Redis({ Connector: Connector as never, connectTimeout: 120_000, lazyConnect: true });
    onTestFinished(() => redis.disconnect());
    await redis.connect();
    expect(await redis.set("key", big)).toBe("OK");
    expect(await redis.get("key")).toBe(big);
    const results = await Promise.all(Array.from({ length: 100 }, () => redis.incr("count")));
    expect(results.at(-1)).toBe(100);
    const subscriber = redis.duplicate();
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
    const near = createNetServer((local) => {
      const remote = toSocket(connect(`tcp://127.0.0.1:${port}`, { ...trust, credentials }));
      pipeline(local, remote, local, () => {});
    });
    await new Promise<void>((resolve) => near.listen(0, "127.0.0.1", resolve));
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
    const open = async (): Promise<TlsConnection> => {
      const connection = plain(await carry());
      await connection.write(Uint8Array.of(0, 0, 0, 8, 4, 210, 22, 47)); // SSLRequest
      const answer = await connection.read(1);
      if (answer?.[0] !== 83) throw new Error("PostgreSQL does not start TLS");
      return connection.startTls({ ...trust });
    };
    const pool = new pg.Pool({
      stream: () => toSocket(open()) as never,
      ssl: false,
      user: "handclasp",
      database: "postgres",
      max: 3,
    });
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
    const open = (): ChannelSocket => toSocket(connect(address, trust));
    const client = new mqtt.MqttClient(open as never, { protocolVersion: 5, connectTimeout: 120_000 });
    onTestFinished(() => void client.end(true));
    await new Promise((resolve, reject) => client.once("connect", resolve).once("error", reject));
    const heard = new Promise<string>((resolve) => client.on("message", (_, data) => resolve(String(data))));
    await client.subscribeAsync("news", { qos: 1 });
    await client.publishAsync("news", big, { qos: 1 });
    expect(await heard).toBe(big);
    await client.endAsync();
  });
});
