import { once } from "node:events";
import { connect as connectTls } from "node:tls";
import { connect, createServer, nodeCredential, TlsError } from "@handclasp/node";
import { testCa } from "@handclasp/testing";
import { expect, test } from "vitest";

const ca = await testCa();
const credential = nodeCredential(await ca.issue({ names: ["localhost", "127.0.0.1"] }));
const started = async (handler: Parameters<typeof createServer>[1]) => {
  const server = createServer({ credentials: [credential] }, handler);
  const { port } = (await server.listenTcp()).address() as { port: number };
  return { server, port };
};

test("an answer reaches a peer that said close_notify and FIN at once", async () => {
  const { server, port } = await started(async (channel) => {
    while (await channel.read());
    await channel.write(new Uint8Array(100_000));
    await channel.close();
  });
  // node:tls knows allowHalfOpen; its types do not.
  const options = { port, host: "127.0.0.1", ca: ca.pem, maxVersion: "TLSv1.2" as const, allowHalfOpen: true };
  const socket = connectTls(options);
  await once(socket, "secureConnect");
  socket.end("request");
  let got = 0;
  for await (const bytes of socket) got += (bytes as Buffer).length;
  expect(got).toBe(100_000);
  await server.close();
});

test("another connection's error in abort is no clean end to this one's peer", async () => {
  const { server, port } = await started(async (channel) => {
    await channel.write(new Uint8Array(1000));
    throw new TlsError("close_notify", "an upstream timed out", { code: "handshake_timeout" });
  });
  const channel = await connect(`tcp://127.0.0.1:${port}`, { ca: ca.pem });
  await expect(
    (async () => {
      while (await channel.read());
    })(),
  ).rejects.toMatchObject({ alert: "user_canceled", by: "peer" });
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
