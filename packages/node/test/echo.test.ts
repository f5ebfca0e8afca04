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

for (const target of [`ws://127.0.0.1:${ws.port}/`, `ws://localhost:${ws.port}/`, `tcp://127.0.0.1:${tcp.port}`]) {
  const { protocol, hostname } = new URL(target);
  test(`${protocol}//${hostname}: 1 MiB comes back, and both sides close in order`, async () => {
    const channel = await connect(target, { ca: ca.pem });
    const sent = crypto.getRandomValues(new Uint8Array(65536));
    const writing = (async () => {
      for (let i = 0; i < 16; i++) await channel.write(sent);
      await channel.closeWrite();
    })();
    let got = 0;
    for await (const bytes of channel) {
      expect(
        Buffer.from(bytes).equals(Buffer.concat([sent, sent]).subarray(got % 65536, (got % 65536) + bytes.length)),
      ).toBe(true);
      got += bytes.length;
    }
    await writing;
    expect(got).toBe(2 ** 20);
    await channel.closed;
  });
}

test("without ca, pins or insecure nothing is sent", async () => {
  await expect(connect("ws://127.0.0.1:1/", {})).rejects.toMatchObject({ code: "configuration" });
});

test("other certificates serve new connections; what cannot serve changes nothing", async () => {
  const renewed = await ca.issue({ names: ["localhost"], commonName: "renewed" });
  const changing = createServer({ credentials: [nodeCredential(issued)] }, echo);
  const { port } = (await changing.listenTcp()).address() as { port: number };
  const subject = async (): Promise<string | undefined> => {
    const channel = await connect(`tcp://localhost:${port}`, { ca: ca.pem });
    await channel.close();
    return channel.session?.peer?.certificate.subject.text;
  };
  expect(await subject()).toBe("CN=localhost");
  const forClients = nodeCredential(await ca.issue({ client: true }));
  expect(() => changing.setCredentials([forClients])).toThrow("not for a server");
  expect(await subject()).toBe("CN=localhost");
  changing.setCredentials([nodeCredential(renewed)]);
  expect(await subject()).toBe("CN=renewed");
  await changing.close();
});
