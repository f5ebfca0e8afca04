import { once } from "node:events";
import { connect as connectTls } from "node:tls";
import { connect, createServer, nodeCredential, TlsError } from "@handclasp/node";
import { testCa } from "@handclasp/testing";
import { expect, test, vi } from "vitest";

const ca = await testCa();
const credential = nodeCredential(await ca.issue({ names: ["localhost", "127.0.0.1"] }));
const later = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

async function started(handler: Parameters<typeof createServer>[1], options = {}) {
  const server = createServer({ credentials: [credential], ...options }, handler);
  const { port } = (await server.listenTcp()).address() as { port: number };
  return { server, port, url: `tcp://127.0.0.1:${port}` };
}

/** Says "request" and close_notify, and counts what comes then. */
async function askAndEnd(port: number): Promise<number> {
  // node:tls knows allowHalfOpen; its types do not.
  const options = { port, host: "127.0.0.1", ca: ca.pem, maxVersion: "TLSv1.2" as const, allowHalfOpen: true };
  const socket = connectTls(options);
  await once(socket, "secureConnect");
  socket.end("request");
  let got = 0;
  for await (const bytes of socket) got += (bytes as Buffer).length;
  return got;
}

test("an answer reaches a peer that said close_notify and FIN at once", async () => {
  const { server, port } = await started(async (channel) => {
    while (await channel.read());
    await channel.write(new Uint8Array(100_000));
    await channel.close();
  });
  expect(await askAndEnd(port)).toBe(100_000);
  await server.close();
});

test("another connection's error in abort is no clean end to this one's peer", async () => {
  const { server, port } = await started(
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

test("cancelling what is read leaves writing open", async () => {
  let got = 0;
  const { server, port } = await started(async (channel) => {
    for await (const bytes of channel) got += bytes.length;
  });
  const channel = await connect(`tcp://127.0.0.1:${port}`, { ca: ca.pem });
  await channel.readable.cancel();
  await channel.write(new Uint8Array(1000));
  await channel.close();
  expect(got).toBe(1000);
  await server.close();
});

test("a handler that thinks after the end of what it read can still answer", async () => {
  const { server, port } = await started(async (channel) => {
    while (await channel.read());
    await later(30);
    await channel.write(new Uint8Array(1000));
  });
  expect(await askAndEnd(port)).toBe(1000);
  await server.close();
});

test("with allowHalfOpen our side closes when the application says so", async () => {
  const { server, port } = await started(
    (channel) => {
      void (async () => {
        while (await channel.read());
        await later(30);
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
])("the longest %s there is cuts no connection at once when the server closes", async (_, options, closing) => {
  const { server, url } = await started(async (channel) => {
    await once(channel.closing, "abort");
    await later(30);
    await channel.write(new Uint8Array(1000));
  }, options);
  const channel = await connect(url, { ca: ca.pem });
  const closed = server.close(closing);
  let got = 0;
  for await (const bytes of channel) got += bytes.length;
  expect(got).toBe(1000);
  expect(await closed).toEqual([]);
});

test("an async onError that rejects does not end the process: any peer can have it called", async () => {
  const said = vi.spyOn(console, "error").mockImplementation(() => {});
  const escaped = vi.fn();
  process.once("unhandledRejection", escaped);
  const { server, url } = await started(() => {}, { onError: () => Promise.reject(new Error("no database")) });
  await expect(connect(url, { ca: (await testCa()).pem })).rejects.toMatchObject({ code: "unknown_issuer" });
  await server.close();
  await new Promise((resolve) => setImmediate(resolve));
  process.removeListener("unhandledRejection", escaped);
  expect(escaped).not.toHaveBeenCalled();
  expect(said.mock.calls.map(([, error]) => (error as Error).message)).toContain("no database");
  said.mockRestore();
});

test("onError and trace listeners that throw end neither the process nor a connection", async () => {
  const said = vi.spyOn(console, "error").mockImplementation(() => {});
  const { server, url } = await started((channel) => channel.readable.pipeTo(channel.writable), {
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
  const messages = said.mock.calls.map(([, error]) => (error as Error).message);
  expect(messages).toContain("onError is broken");
  expect(messages).toContain("the listener is broken");
  said.mockRestore();
  await server.close();
});

test.each([0, -1, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 31])(
  "handshakeTimeout %s is refused",
  async (handshakeTimeout) => {
    await expect(connect("tcp://127.0.0.1:1", { ca: ca.pem, handshakeTimeout })).rejects.toMatchObject({
      code: "configuration",
    });
  },
);

test.each(["", "bücher.example", "a b", `${"a".repeat(254)}`])("serverName %j is refused", async (serverName) => {
  await expect(connect("tcp://127.0.0.1:1", { ca: ca.pem, serverName })).rejects.toMatchObject({
    code: "configuration",
  });
});

test.each(["acess_denied", "close_notify"])("abort with the alert %s is no clean end to the peer", async (alert) => {
  const { server, url } = await started(
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
});
