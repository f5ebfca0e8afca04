/** The time limits of a server's open connections. The transports are in memory, and the clock is virtual. */
import { connect, type TlsConnection } from "@handclasp/core";
import { createServer, nodeCredential, nodeCrypto, type ServerOptions, type TlsServer } from "@handclasp/node";
import { memoryPair, testCa } from "@handclasp/testing";
import { describe, expect, test, vi } from "vitest";
import { pass, virtualTime } from "../ends/virtualTime.ts";

const ca = await testCa();
const credential = nodeCredential(await ca.issue({ names: ["localhost"] }));
const minute = 60_000;
const codeOf = (error: unknown): unknown => (error as { code?: unknown }).code;

virtualTime();

/** A server with one connection, which its handler keeps open. */
async function serving(options: Partial<ServerOptions>, handler: (channel: TlsConnection) => unknown = () => {}) {
  const onError = vi.fn();
  const server = createServer({ credentials: [credential], onError, ...options }, handler);
  const pair = memoryPair();
  const connection = server.accept(pair.b);
  const end = vi.fn();
  connection.closed.then(
    () => end("closed"),
    (error: unknown) => end(codeOf(error)),
  );
  const connecting = connect(pair.a, { provider: nodeCrypto, ca: ca.pem, serverName: "localhost" });
  await pass(20);
  const client = await connecting;
  return { server, pair, connection, client, end, onError };
}

/** Reads 2 MiB. */
async function readSome(channel: TlsConnection): Promise<void> {
  for (let read = 0; read < 2 * 2 ** 20; ) read += (await channel.read())?.length ?? 0;
}

async function closeServer(server: TlsServer): Promise<void> {
  const closed = server.close({ grace: 0 });
  await pass(10_000);
  await closed;
}

describe("idleTimeout", () => {
  test("ends a connection in which neither side has sent anything for that time", async () => {
    const { server, client, end, onError, connection } = await serving({ idleTimeout: minute });
    await pass(0.9 * minute);
    await client.write(new Uint8Array(1));
    await pass(0.9 * minute);
    await connection.write(new Uint8Array(1));
    await pass(0.99 * minute);
    expect(end).not.toHaveBeenCalled();
    const truncated = client.closed.catch(codeOf);
    await pass(0.4 * minute);
    expect(end).toHaveBeenCalledWith("idle_timeout");
    expect(onError).toHaveBeenCalledWith(expect.objectContaining({ code: "idle_timeout" }), connection);
    // The client does not mistake it for the end of the data.
    expect(await truncated).toBe("truncated");
    expect(server.connections.size).toBe(0);
  });

  test("is two hours and four minutes by default, and false switches it off", async () => {
    const limited = await serving({});
    const unlimited = await serving({ idleTimeout: false });
    await pass(124 * minute);
    expect(limited.end).not.toHaveBeenCalled();
    await pass(4 * minute);
    expect(limited.end).toHaveBeenCalledWith("idle_timeout");
    await pass(1_000 * minute);
    expect(unlimited.end).not.toHaveBeenCalled();
    await closeServer(unlimited.server);
  });
});

describe("writeTimeout", () => {
  test("ends a connection whose peer takes nothing, and not one whose peer is slow", async () => {
    const { connection, client, end } = await serving({ writeTimeout: minute });
    void connection.write(new Uint8Array(16 * 2 ** 20)).catch(() => {});
    for (let i = 0; i < 4; i++) {
      // The transport has room again, and is soon full again.
      await Promise.all([readSome(client), pass(0.9 * minute)]);
    }
    expect(end).not.toHaveBeenCalled();
    await pass(1.3 * minute);
    expect(end).toHaveBeenCalledWith("write_timeout");
  });

  test("does not begin while no data waits", async () => {
    const { connection, end, server } = await serving({ writeTimeout: minute });
    await connection.write(new Uint8Array(1_000));
    await pass(10 * minute);
    expect(end).not.toHaveBeenCalled();
    await closeServer(server);
  });
});

describe("maxLifetime", () => {
  test("asks the handler to finish, and then closes the connection in order", async () => {
    const { client, end, onError } = await serving({ maxLifetime: 4 * minute }, async (channel) => {
      await new Promise((resolve) => channel.closing.addEventListener("abort", resolve));
      await channel.write(new Uint8Array(3));
      await new Promise((resolve) => setTimeout(resolve, 2_000));
    });
    const chunks = vi.fn();
    const reading = (async () => {
      for await (const bytes of client) chunks(bytes.length);
    })();
    await pass(3.99 * minute);
    expect(chunks).not.toHaveBeenCalled();
    await pass(1.05 * minute);
    await reading;
    expect(chunks).toHaveBeenCalledWith(3);
    expect(end).toHaveBeenCalledWith("closed");
    expect(onError).not.toHaveBeenCalled();
  });

  test("does not wait for a handler for ever", async () => {
    const { end } = await serving({ maxLifetime: minute }, () => new Promise(() => {}));
    await pass(1.3 * minute);
    await pass(6_000);
    expect(end).toHaveBeenCalledWith("closed");
  });
});

test("a server without connections has no timer", async () => {
  const { client, server } = await serving({ idleTimeout: minute });
  expect(vi.getTimerCount()).toBeGreaterThan(0);
  await Promise.all([client.close(), pass(5_000)]);
  await closeServer(server);
  expect(vi.getTimerCount()).toBe(0);
});

test.each(["idleTimeout", "writeTimeout", "maxLifetime"])("%s: a wrong value is an error", (option) => {
  for (const value of [true, 0, -1, Number.NaN, "1000", null])
    expect(() => createServer({ credentials: [credential], [option]: value }, () => {})).toThrow(
      expect.objectContaining({ code: "configuration", message: expect.stringContaining(option) as unknown }) as Error,
    );
});
