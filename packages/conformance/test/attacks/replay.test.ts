/**
 * An attacker in the middle has recorded whole connections: it replays them to their server, reflects records to their
 * sender, and steals the ticket on the wire.
 */
import {
  accept,
  connect,
  keepSessions,
  nodeCredential,
  nodeCrypto,
  TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA,
  TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
  TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
  type TlsConnection,
} from "@handclasp/node";
import { memoryPair, testCa } from "@handclasp/testing";
import { describe, expect, test } from "vitest";
import { parseRecords } from "../../../core/test/handshake/mitm.ts";

const ca = await testCa();
const suites = [
  TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
  TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
  TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA,
];
const server = {
  provider: nodeCrypto,
  suites,
  credentials: nodeCredential(await ca.issue({ names: ["localhost"] })),
  ticketKeys: [new Uint8Array(48).fill(3)],
};
const text = new TextEncoder().encode("transfer 100");

async function readAll(connection: TlsConnection): Promise<Buffer> {
  const read: Uint8Array[] = [];
  try {
    for await (const bytes of connection) read.push(bytes);
  } catch {}
  return Buffer.concat(read);
}

describe.each(suites.map((suite) => [suite.name, suite] as const))("with %s", (_, suite) => {
  const client = { provider: nodeCrypto, ca: ca.pem, serverName: "localhost", suites: [suite] };

  test.each(["full", "resumed"])("a server gets no data from the replay of a %s connection", async (kind) => {
    const sessions = keepSessions();
    let flight: Uint8Array[] = [];
    for (let i = 0; i < (kind === "full" ? 1 : 2); i++) {
      flight = [];
      const { a, b } = memoryPair({
        alter(bytes, direction) {
          if (direction === "a->b") flight.push(bytes.slice());
          return bytes;
        },
      });
      const [from, to] = await Promise.all([connect(a, { ...client, sessions }), accept(b, server)]);
      await from.write(text);
      const closing = from.close();
      expect((await readAll(to)).toString()).toBe("transfer 100");
      await Promise.all([closing, to.close()]);
      expect(from.session.resumed).toBe(i > 0);
    }
    const { a, b } = memoryPair();
    a.start({ data() {}, drain() {}, end() {}, error() {} });
    const opening = accept(b, server);
    for (const bytes of flight) a.send(bytes);
    a.end();
    // The server's random is another one, so the keys are too.
    await expect(opening).rejects.toMatchObject({ alert: "bad_record_mac", by: "us" });
  });

  test.each(["client", "server"] as const)("a record that is reflected to the %s is refused", async (victim) => {
    const direction = victim === "client" ? "a->b" : "b->a";
    let isReflecting = false;
    const records: Uint8Array[] = [];
    const pair = memoryPair({
      alter(bytes, at) {
        if (!isReflecting) return bytes;
        if (at === direction) {
          records.push(bytes.slice());
          return undefined;
        }
        // In place of each message of the other side, the victim gets one of its own.
        return records.shift();
      },
    });
    const [from, to] = await Promise.all([connect(pair.a, client), accept(pair.b, server)]);
    const [own, other] = victim === "client" ? [from, to] : [to, from];
    isReflecting = true;
    await own.write(text);
    await other.write(new Uint8Array(1));
    await expect(own.read()).rejects.toMatchObject({ alert: "bad_record_mac", by: "us" });
    other.abort();
  });
});

test("a client refuses its own ClientHello", async () => {
  const { a, b } = memoryPair();
  b.start({
    data: (bytes) => void b.send(bytes),
    drain() {},
    end() {},
    error() {},
  });
  const opening = connect(a, { provider: nodeCrypto, ca: ca.pem, serverName: "localhost" });
  await expect(opening).rejects.toMatchObject({ alert: "unexpected_message", by: "us" });
});

test("a thief of a ticket gets no data and sends none, and its client still resumes the session", async () => {
  const suite = TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256;
  const options = {
    provider: nodeCrypto,
    ca: ca.pem,
    serverName: "localhost",
    suites: [suite],
    sessions: keepSessions(),
  };
  const visit = async () => {
    const hellos: Uint8Array[] = [];
    const { a, b } = memoryPair({
      alter(bytes, direction) {
        if (direction === "a->b") hellos.push(bytes.slice());
        return bytes;
      },
    });
    const [from, to] = await Promise.all([connect(a, options), accept(b, server)]);
    await Promise.all([from.close(), to.close()]);
    return { hello: hellos[0] as Uint8Array, resumed: from.session.resumed };
  };
  await visit();
  const { hello, resumed } = await visit();
  expect(resumed).toBe(true);

  // The thief sends the hello with the ticket, and a Finished under keys that it has to guess.
  const { a, b } = memoryPair();
  const received: Uint8Array[] = [];
  a.start({ data: (bytes) => void received.push(bytes), drain() {}, end() {}, error() {} });
  const opening = accept(b, server);
  a.send(hello);
  await expect.poll(() => parseRecords(Buffer.concat(received)).some(({ type }) => type === 20)).toBe(true);
  a.send(Uint8Array.of(20, 3, 3, 0, 1, 1, 22, 3, 3, 0, 40, ...new Uint8Array(40)));
  await expect(opening).rejects.toMatchObject({ alert: "bad_record_mac", by: "us" });
  // The server's answer contains nothing but its hello, a new ticket, Finished and the alert.
  expect(parseRecords(Buffer.concat(received)).map(({ type }) => type)).toEqual([22, 20, 22, 21]);

  expect((await visit()).resumed).toBe(true);
});
