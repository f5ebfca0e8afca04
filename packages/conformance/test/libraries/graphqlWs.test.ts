/**
 * graphql-ws, unchanged: its client on a class of `secureWebSocket`, and its `makeServer` on our messages. Each test
 * also runs on the class and the server of `ws`, for which graphql-ws was made.
 */
import { createRequire } from "node:module";
import type { GraphQLError } from "graphql";
import { type Client, type ClientOptions, createClient, GRAPHQL_TRANSPORT_WS_PROTOCOL, makeServer } from "graphql-ws";
import { afterEach, describe, expect, test } from "vitest";
import { type Peer, type Served, servers } from "./servers.ts";

// Node.js gives graphql-ws the CommonJS build of graphql, and Vitest would give this file the other one.
const { buildSchema } = createRequire(import.meta.url)("graphql") as typeof import("graphql");
const schema = buildSchema(`
  type Query { hello(name: String!): String, broken: String }
  type Subscription { count(from: Int!): Int }
`);

describe.each(servers)("graphql-ws on the class %s", (_, serve) => {
  let served: Served | undefined;
  let client: Client | undefined;
  afterEach(async () => {
    await client?.dispose();
    await served?.close();
  });

  /** A server and a client. `log` has what both saw. */
  async function start(options: Partial<ClientOptions> = {}, onConnect: () => boolean = () => true) {
    const log: string[] = [];
    const peers: Peer[] = [];
    const roots = {
      query: {
        hello: ({ name }: { name: string }) => `hello ${name}`,
        broken: () => {
          throw new Error("this field is broken");
        },
      },
      subscription: {
        async *count({ from }: { from: number }) {
          try {
            for (let i = from; ; i++) {
              yield { count: i };
              // Without an end, it would never leave the microtasks.
              await new Promise((resolve) => setImmediate(resolve));
            }
          } finally {
            log.push("the server's subscription ended");
          }
        },
      },
    };
    const server = makeServer({
      schema,
      roots,
      onConnect,
      onPing: () => void log.push("the server got a ping"),
      onPong: () => void log.push("the server got a pong"),
    });
    served = await serve([GRAPHQL_TRANSPORT_WS_PROTOCOL], (peer) => {
      peers.push(peer);
      const { protocol, send, close } = peer;
      const onMessage = (callback: (data: string) => unknown): void =>
        peer.onMessage((message) => callback(message as string));
      const closed = server.opened({ protocol, send, close, onMessage }, undefined);
      void peer.closed.then(({ code, reason }) => {
        log.push(`the server saw ${code} ${reason}`);
        return closed(code, reason);
      });
    });
    client = createClient({ url: served.url, webSocketImpl: served.WebSocket, retryAttempts: 0, ...options });
    const closes: unknown[] = [];
    client.on("closed", (event) => {
      const { code, reason, wasClean } = event as CloseEvent;
      closes.push([code, reason, wasClean]);
    });
    return { served, client, peers, log, closes };
  }

  /** The values of a query or subscription. */
  const results = (running: Client, query: string) => running.iterate({ query });

  test("answers a query, and the error of a field, and closes with 1000", async () => {
    const { client, peers, log, closes } = await start();
    const hello = await results(client, '{ hello(name: "world") }').next();
    expect(hello.value).toEqual({ data: { hello: "hello world" } });
    await expect.poll(() => closes).toEqual([[1000, expect.any(String), true]]);
    expect(log).toEqual(["the server saw 1000 Normal Closure"]);
    expect(peers.map(({ protocol }) => protocol)).toEqual(["graphql-transport-ws"]);
    const broken = await results(client, "{ broken }").next();
    expect(broken.value).toEqual({
      data: { broken: null },
      errors: [expect.objectContaining({ message: "this field is broken" })],
    });
    expect(peers.length).toBe(2);
  });

  test("subscribes, and the server stops when the client completes", async () => {
    const { client, log } = await start();
    const seen: unknown[] = [];
    for await (const { data } of results(client, "subscription { count(from: 5) }")) {
      seen.push(data?.count);
      if (seen.length === 50) break;
    }
    expect(seen).toEqual(Array.from({ length: 50 }, (_, i) => 5 + i));
    await expect.poll(() => log).toContain("the server's subscription ended");
  });

  test("refuses an invalid query", async () => {
    const { client } = await start();
    const refused = results(client, "{ unknown }").next();
    await expect(refused).rejects.toEqual([
      expect.objectContaining({ message: expect.stringContaining("unknown") } satisfies Partial<GraphQLError>),
    ]);
  });

  test("pings and answers pings", async () => {
    const { client, peers, log } = await start({ lazy: false, keepAlive: 10 });
    const pongs: boolean[] = [];
    client.on("pong", (isReceived) => void pongs.push(isReceived));
    await expect.poll(() => log).toContain("the server got a ping");
    await expect.poll(() => pongs).toContain(true);
    await peers[0]?.send('{"type":"ping"}');
    await expect.poll(() => log).toContain("the server got a pong");
    expect(pongs).toContain(false);
  });

  test("sees the close codes with which the server refuses", async () => {
    const { client, closes } = await start({}, () => false);
    await expect(results(client, "{ broken }").next()).rejects.toMatchObject({ code: 4403, reason: "Forbidden" });
    expect(closes).toEqual([[4403, "Forbidden", true]]);
  });

  test("sees 4400 for a message that is none of GraphQL's, and does not try again", async () => {
    const { client, closes, peers } = await start({
      retryAttempts: 5,
      on: { opened: (socket) => (socket as WebSocket).send("not JSON") },
    });
    await expect(results(client, "{ broken }").next()).rejects.toMatchObject({ code: 4400 });
    expect(closes).toEqual([[4400, "Invalid message received", true]]);
    expect(peers.length).toBe(1);
  });

  test("subscribes again by itself after the connection was lost", async () => {
    const { client, served, closes, peers } = await start({ retryAttempts: 5, retryWait: async () => {} });
    let received = 0;
    for await (const _ of results(client, "subscription { count(from: 1) }")) {
      received++;
      if (received === 5) {
        served.kill();
        served.restart();
      }
      if (peers.length === 2) break;
    }
    expect(closes[0]).toEqual([1006, "", false]);
    expect(received).toBeGreaterThan(5);
  });
});
