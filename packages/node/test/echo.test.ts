import { connect, createServer, nodeCredential, type TlsConnection } from "@handclasp/node";
import { testCa } from "@handclasp/testing";
import { afterAll, expect, test } from "vitest";

const ca = await testCa();
const issued = await ca.issue({ names: ["localhost", "127.0.0.1"] });
const echo = (channel: TlsConnection): Promise<void> => channel.readable.pipeTo(channel.writable);
const server = createServer({ credentials: [nodeCredential(issued)] }, echo);
const ws = (await server.listenWebSocket()).address() as { port: number };
const tcp = (await server.listenTcp()).address() as { port: number };
afterAll(() => server.close());

for (const target of [`ws://127.0.0.1:${ws.port}/`, `ws://localhost:${ws.port}/`, `tcp://127.0.0.1:${tcp.port}`])
  test(`${target.replace(/:\d+.*/, "")}: 1 MiB comes back, and both sides close cleanly`, async () => {
    const channel = await connect(target, { ca: ca.pem });
    const sent = crypto.getRandomValues(new Uint8Array(65536));
    const writing = (async () => {
      for (let i = 0; i < 16; i++) await channel.write(sent);
      await channel.closeWrite();
    })();
    let received = 0;
    for await (const bytes of channel) {
      expect(
        Buffer.from(bytes).equals(
          Buffer.concat([sent, sent]).subarray(received % 65536, (received % 65536) + bytes.length),
        ),
      ).toBe(true);
      received += bytes.length;
    }
    await writing;
    expect(received).toBe(2 ** 20);
    await channel.closed;
  });

test("with empty options, connect rejects", async () => {
  await expect(connect("ws://127.0.0.1:1/", {})).rejects.toMatchObject({ code: "configuration" });
});

test("setCredentials changes the certificate of new connections, and refuses one that is not for servers", async () => {
  const renewed = await ca.issue({ names: ["localhost"], commonName: "renewed" });
  const renewing = createServer({ credentials: [nodeCredential(issued)] }, echo);
  const { port } = (await renewing.listenTcp()).address() as { port: number };
  const subjectOfServer = async (): Promise<string | undefined> => {
    const channel = await connect(`tcp://localhost:${port}`, { ca: ca.pem });
    await channel.close();
    return channel.session?.peer?.certificate.subject.text;
  };
  expect(await subjectOfServer()).toBe("CN=localhost");
  const forClients = nodeCredential(await ca.issue({ client: true }));
  expect(() => renewing.setCredentials([forClients])).toThrow("not for a server");
  expect(await subjectOfServer()).toBe("CN=localhost");
  renewing.setCredentials([nodeCredential(renewed)]);
  expect(await subjectOfServer()).toBe("CN=renewed");
  await renewing.close();
});
