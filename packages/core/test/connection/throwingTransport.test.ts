/** A transport that throws must not leave a promise pending, and must not end the process. */
import { accept, connect, type TlsConnection, type Transport } from "@handclasp/core";
import { plain } from "@handclasp/core/starttls";
import { memoryPair, testCa } from "@handclasp/testing";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { nodeCredential } from "../../../node/src/crypto/credential.ts";
import { nodeCrypto } from "../../../node/src/crypto/nodeCrypto.ts";

const ca = await testCa();
const credential = nodeCredential(await ca.issue({ names: ["localhost"] }));
const broken = new Error("the socket is broken");

/** Passes everything on, until the test lets methods throw. */
class Throwing implements Transport {
  readonly throwing = new Set<string>();
  readonly calls: string[] = [];
  readonly #inner: Transport;
  thrown: unknown = broken;
  constructor(inner: Transport) {
    this.#inner = inner;
  }
  start: Transport["start"] = (events) => this.#inner.start(events);
  send: Transport["send"] = (bytes) => this.#call("send", () => this.#inner.send(bytes));
  pause: Transport["pause"] = () => this.#inner.pause();
  resume: Transport["resume"] = () => this.#inner.resume();
  end: Transport["end"] = () => this.#call("end", () => this.#inner.end());
  abort: Transport["abort"] = (reason) => this.#call("abort", () => this.#inner.abort(reason));
  #call<T>(name: string, run: () => T): T {
    this.calls.push(name);
    if (this.throwing.has(name)) throw this.thrown;
    return run();
  }
}

const unhandled: unknown[] = [];
const listener = (error: unknown): void => void unhandled.push(error);
let previousListeners: NodeJS.UnhandledRejectionListener[] = [];

beforeEach(() => {
  vi.spyOn(console, "error").mockImplementation(() => {});
  unhandled.length = 0;
  previousListeners = process.listeners("unhandledRejection");
  process.removeAllListeners("unhandledRejection").on("unhandledRejection", listener);
});

afterEach(async () => {
  // Node.js reports an unhandled rejection after the microtasks of the turn in which it happens.
  await new Promise((resolve) => setTimeout(resolve, 0));
  process.removeListener("unhandledRejection", listener);
  for (const previous of previousListeners) process.on("unhandledRejection", previous);
  vi.restoreAllMocks();
  expect(unhandled).toEqual([]);
});

async function openPair(): Promise<{ client: TlsConnection; server: TlsConnection; transport: Throwing }> {
  const { a, b } = memoryPair();
  const transport = new Throwing(a);
  const [client, server] = await Promise.all([
    connect(transport, { provider: nodeCrypto, ca: ca.pem, serverName: "localhost" }),
    accept(b, { provider: nodeCrypto, credentials: [credential] }),
  ]);
  return { client, server, transport };
}

describe("a transport whose `send` throws", () => {
  test("ends an open connection with transport_failed, which every promise sees", async () => {
    const { client, server, transport } = await openPair();
    const reading = client.read();
    transport.throwing.add("send");
    void client.write(new Uint8Array(1));
    const expected = { code: "transport_failed", fault: "transport", cause: broken };
    await expect(client.closed).rejects.toMatchObject(expected);
    await expect(reading).rejects.toMatchObject(expected);
    await expect(client.read()).rejects.toMatchObject(expected);
    await expect(client.write(new Uint8Array(1))).rejects.toMatchObject(expected);
    expect(transport.calls).toContain("abort");
    server.abort();
  });

  test.each([{ thrown: "text" }, { thrown: undefined }, { thrown: null }])(
    "may throw anything: $thrown",
    async ({ thrown }) => {
      const { client, server, transport } = await openPair();
      transport.throwing.add("send");
      transport.thrown = thrown;
      void client.write(new Uint8Array(1));
      await expect(client.closed).rejects.toMatchObject({ code: "transport_failed" });
      server.abort();
    },
  );

  test("ends a handshake, and gives up its resources even if `abort` throws too", async () => {
    const transport = new Throwing(memoryPair().a);
    transport.throwing.add("send").add("abort");
    const connecting = connect(transport, { provider: nodeCrypto, ca: ca.pem, serverName: "localhost" });
    await expect(connecting).rejects.toMatchObject({ fault: "transport" });
    expect(transport.calls).toEqual(expect.arrayContaining(["send", "abort"]));
  });

  test("fails the plain text before TLS", async () => {
    const transport = new Throwing(memoryPair().a);
    transport.throwing.add("send").add("abort");
    const connection = plain(transport);
    const expected = { code: "transport_failed", cause: broken };
    await expect(connection.write(new Uint8Array(1))).rejects.toMatchObject(expected);
    await expect(connection.read()).rejects.toMatchObject(expected);
    await expect(connection.startTls({ ca: ca.pem, serverName: "localhost" })).rejects.toMatchObject(expected);
    const other = plain(transport);
    const goAhead = new Uint8Array(1);
    await expect(
      other.startTls({ provider: nodeCrypto, ca: ca.pem, serverName: "localhost" }, { goAhead }),
    ).rejects.toMatchObject(expected);
  });
});

test("a transport whose `end` throws disturbs no promise", async () => {
  const { client, server, transport } = await openPair();
  transport.throwing.add("end");
  const ended = server.read();
  await Promise.all([client.close(), server.closed]);
  expect(await ended).toBeUndefined();
  expect(transport.calls).toContain("end");
  expect(console.error).toHaveBeenCalledOnce();
});
