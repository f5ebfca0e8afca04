import { once } from "node:events";
import { connect as connectTls } from "node:tls";
import { connect, createServer, nodeCredential, TlsError } from "@handclasp/node";
import { testCa } from "@handclasp/testing";
import { expect, test, vi } from "vitest";

const ca = await testCa();
const credential = nodeCredential(await ca.issue({ names: ["localhost", "127.0.0.1"] }));
const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

async function startServer(handler: Parameters<typeof createServer>[1], options = {}) {
  const server = createServer({ credentials: [credential], ...options }, handler);
  const { port } = (await server.listenTcp()).address() as { port: number };
  return { server, port, url: `tcp://127.0.0.1:${port}` };
}

/** Sends "request" and close_notify, and counts the bytes of the answer. */
async function askAndEnd(port: number): Promise<number> {
  // node:tls has the option allowHalfOpen, but its types lack it.
  const options = { port, host: "127.0.0.1", ca: ca.pem, maxVersion: "TLSv1.2" as const, allowHalfOpen: true };
  const socket = connectTls(options);
  await once(socket, "secureConnect");
  socket.end("request");
  let received = 0;
  for await (const bytes of socket) received += (bytes as Buffer).length;
  return received;
}

test("a peer that sent close_notify and FIN before the answer receives the answer", async () => {
  const { server, port } = await startServer(async (channel) => {
    while (await channel.read());
    await channel.write(new Uint8Array(100_000));
    await channel.close();
  });
  expect(await askAndEnd(port)).toBe(100_000);
  await server.close();
});

test("a handler that throws another connection's close_notify error ends its own with internal_error", async () => {
  const { server, port } = await startServer(
    async (channel) => {
      await channel.write(new Uint8Array(1000));
      throw new TlsError("close_notify", "an upstream timed out", { code: "handshake_timeout" });
    },
    { onError: () => {} },
  );
  const channel = await connect(`tcp://127.0.0.1:${port}`, { ca: ca.pem });
  await expect(
    (async () => {
      while (await channel.read());
    })(),
  ).rejects.toMatchObject({ alert: "internal_error", by: "peer" });
  await server.close();
});

test("cancelling the readable stream leaves the channel open for writing", async () => {
  let received = 0;
  const { server, port } = await startServer(async (channel) => {
    for await (const bytes of channel) received += bytes.length;
  });
  const channel = await connect(`tcp://127.0.0.1:${port}`, { ca: ca.pem });
  await channel.readable.cancel();
  await channel.write(new Uint8Array(1000));
  await channel.close();
  expect(received).toBe(1000);
  await server.close();
});

test("a handler can answer some time after it has read the peer's close_notify", async () => {
  const { server, port } = await startServer(async (channel) => {
    while (await channel.read());
    await sleep(30);
    await channel.write(new Uint8Array(1000));
  });
  expect(await askAndEnd(port)).toBe(1000);
  await server.close();
});

test("with allowHalfOpen, the server's side closes when the application closes it", async () => {
  const { server, port } = await startServer(
    (channel) => {
      void (async () => {
        while (await channel.read());
        await sleep(30);
        await channel.write(new Uint8Array(1000));
        await channel.closeWrite();
      })();
    },
    { allowHalfOpen: true },
  );
  expect(await askAndEnd(port)).toBe(1000);
  await server.close();
});

test.each([
  ["closeTimeout", { closeTimeout: 2 ** 31 - 1 }, {}],
  ["grace", {}, { grace: 2 ** 31 - 1 }],
])("with the longest %s, server.close does not end a connection at once", async (_, options, closing) => {
  const { server, url } = await startServer(async (channel) => {
    await once(channel.closing, "abort");
    await sleep(30);
    await channel.write(new Uint8Array(1000));
  }, options);
  const channel = await connect(url, { ca: ca.pem });
  const closed = server.close(closing);
  let received = 0;
  for await (const bytes of channel) received += bytes.length;
  expect(received).toBe(1000);
  expect(await closed).toEqual([]);
});

test("an async onError that rejects does not end the process", async () => {
  const logged = vi.spyOn(console, "error").mockImplementation(() => {});
  const onUnhandled = vi.fn();
  process.once("unhandledRejection", onUnhandled);
  const { server, url } = await startServer(() => {}, { onError: () => Promise.reject(new Error("no database")) });
  await expect(connect(url, { ca: (await testCa()).pem })).rejects.toMatchObject({ code: "unknown_issuer" });
  await server.close();
  await new Promise((resolve) => setImmediate(resolve));
  process.removeListener("unhandledRejection", onUnhandled);
  expect(onUnhandled).not.toHaveBeenCalled();
  expect(logged.mock.calls.map(([, error]) => (error as Error).message)).toContain("no database");
  logged.mockRestore();
});

test("an onError or a trace listener that throws ends neither the process nor a connection", async () => {
  const logged = vi.spyOn(console, "error").mockImplementation(() => {});
  const { server, url } = await startServer((channel) => channel.readable.pipeTo(channel.writable), {
    onError: () => {
      throw new Error("onError is broken");
    },
  });
  await expect(connect(url, { ca: (await testCa()).pem })).rejects.toMatchObject({ code: "unknown_issuer" });
  const channel = await connect(url, {
    ca: ca.pem,
    trace: () => {
      throw new Error("the listener is broken");
    },
  });
  await channel.write(Uint8Array.of(7));
  expect(await channel.read()).toEqual(Uint8Array.of(7));
  await channel.close();
  const messages = logged.mock.calls.map(([, error]) => (error as Error).message);
  expect(messages).toContain("onError is broken");
  expect(messages).toContain("the listener is broken");
  logged.mockRestore();
  await server.close();
});

test.each([0, -1, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 31])(
  "connect refuses the handshakeTimeout %s",
  async (handshakeTimeout) => {
    await expect(connect("tcp://127.0.0.1:1", { ca: ca.pem, handshakeTimeout })).rejects.toMatchObject({
      code: "configuration",
    });
  },
);

test.each(["", "bücher.example", "a b", `${"a".repeat(254)}`])(
  "connect refuses the serverName %j",
  async (serverName) => {
    await expect(connect("tcp://127.0.0.1:1", { ca: ca.pem, serverName })).rejects.toMatchObject({
      code: "configuration",
    });
  },
);

test.each(["acess_denied", "close_notify"])(
  "abort with %j, which is no error alert, sends the peer internal_error",
  async (alert) => {
    const { server, url } = await startServer(
      async (channel) => {
        await channel.write(new Uint8Array(1000));
        channel.abort(undefined, alert as "access_denied");
      },
      { onError: () => {} },
    );
    const channel = await connect(url, { ca: ca.pem });
    const reading = (async () => {
      while (await channel.read());
    })();
    await expect(reading).rejects.toMatchObject({ alert: "internal_error", by: "peer" });
    await server.close();
  },
);
