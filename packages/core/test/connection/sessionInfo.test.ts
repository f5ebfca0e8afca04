/**
 * The information that a connection has besides its data: the ClientHello, the certificates, the certificate request
 * and the traffic.
 */
import { accept, type ClientHelloInfo, type Credential, connect, serverConfig } from "@handclasp/core";
import { memoryPair, testCa } from "@handclasp/testing";
import { describe, expect, test } from "vitest";
import { nodeCredential } from "../../../node/src/crypto/credential.ts";
import { nodeCrypto } from "../../../node/src/crypto/nodeCrypto.ts";

const ca = await testCa();
const [one, two] = [
  nodeCredential(await ca.issue({ names: ["one.example"] })),
  nodeCredential(await ca.issue({ names: ["two.example"] })),
];
const client = nodeCredential(await ca.issue({ client: true }));
const clientOptions = (serverName: string) => ({ provider: nodeCrypto, ca: ca.pem, serverName });
const serverOptions = { provider: nodeCrypto };

describe("credentials that a function of the ClientHello chooses", () => {
  const credentialByName = async ({ serverName }: ClientHelloInfo): Promise<Credential | undefined> =>
    ({ "one.example": one, "two.example": two })[serverName ?? ""];

  test.each(["one.example", "two.example"])("have the name that the client requests: %s", async (serverName) => {
    const config = serverConfig({ ...serverOptions, credentials: credentialByName });
    const { a, b } = memoryPair();
    const [channel, server] = await Promise.all([connect(a, clientOptions(serverName)), accept(b, config)]);
    expect(channel.session.peer?.certificate.subjectAltNames.dns).toEqual([serverName]);
    expect(server.session.serverName).toBe(serverName);
  });

  test("may be missing: the client gets unrecognized_name", async () => {
    const { a, b } = memoryPair();
    const results = await Promise.allSettled([
      connect(a, clientOptions("three.example")),
      accept(b, { ...serverOptions, credentials: credentialByName }),
    ]);
    expect(results).toMatchObject([
      { status: "rejected", reason: { code: "unrecognized_name", by: "peer" } },
      { status: "rejected", reason: { code: "unrecognized_name", by: "us" } },
    ]);
  });

  test("may be unsuitable, or the function may throw: the client gets internal_error without the reason", async () => {
    const failingFunctions = [
      () => {
        throw new Error("the database is gone");
      },
      () => client,
    ];
    for (const credentials of failingFunctions) {
      const { a, b } = memoryPair();
      const results = await Promise.allSettled([
        connect(a, clientOptions("one.example")),
        accept(b, { ...serverOptions, credentials }),
      ]);
      expect(results[0]).toMatchObject({ reason: { code: "internal_error", by: "peer" } });
      expect(JSON.stringify(results[0])).not.toContain("database");
    }
  });

  test("do not change the negotiation if the function modifies the ClientHelloInfo", async () => {
    const { a, b } = memoryPair();
    const credentials = (hello: ClientHelloInfo): Credential => {
      for (const list of [hello.cipherSuites, hello.alpn] as unknown[][]) list.length = 0;
      return one;
    };
    const [channel] = await Promise.all([
      connect(a, { ...clientOptions("one.example"), alpn: ["h2"] }),
      accept(b, { ...serverOptions, alpn: ["h2"], credentials }),
    ]);
    expect(channel.session.alpn).toBe("h2");
  });

  test("are chosen from the ClientHello as it arrived", async () => {
    const { a, b } = memoryPair();
    const hellos: ClientHelloInfo[] = [];
    const sentHellos: Uint8Array[] = [];
    const options = { ...clientOptions("one.example"), alpn: ["h2"], trace: (event: { type: string }) => void event };
    await Promise.all([
      connect(a, {
        ...options,
        trace: (event) => {
          if (event.type === "handshake" && event.name === "client_hello") sentHellos.push(event.bytes);
        },
      }),
      accept(b, {
        ...serverOptions,
        alpn: ["h2"],
        credentials: (hello) => {
          hellos.push(hello);
          return [one, two];
        },
      }),
    ]);
    expect(hellos).toMatchObject([{ serverName: "one.example", alpn: ["h2"], cipherSuites: expect.any(Array) }]);
    expect(hellos[0]?.raw).toEqual(sentHellos[0]);
  });

  test("are chosen again when a session is offered: a new certificate prevents its resumption", async () => {
    const { keepSessions } = await import("@handclasp/core");
    let current = one;
    const config = serverConfig({ ...serverOptions, credentials: () => current });
    const sessions = keepSessions();
    const connectOnce = async (): Promise<boolean> => {
      const { a, b } = memoryPair();
      const [channel] = await Promise.all([
        connect(a, { ...clientOptions("one.example"), sessions }),
        accept(b, config),
      ]);
      return channel.session.resumed;
    };
    expect([await connectOnce(), await connectOnce()]).toEqual([false, true]);
    current = nodeCredential(await ca.issue({ names: ["one.example"] }));
    expect(await connectOnce()).toBe(false);
  });
});

describe("a client's session", () => {
  const connectOnce = async (clientAuth: "none" | "request") => {
    const { a, b } = memoryPair();
    const clientAuthOptions = clientAuth === "none" ? {} : { clientAuth, ca: ca.pem };
    const [channel] = await Promise.all([
      connect(a, clientOptions("one.example")),
      accept(b, { ...serverOptions, credentials: one, ...clientAuthOptions }),
    ]);
    return channel.session.certificateRequest;
  };

  test("has the server's certificate request, even if the client sent no certificate", async () => {
    const request = await connectOnce("request");
    expect(request?.certificateAuthorities.map((name) => name.length > 0)).toEqual([true]);
    expect(request?.schemes.length).toBeGreaterThan(3);
  });

  test("has no certificate request if the server did not send one", async () => {
    expect(await connectOnce("none")).toBeUndefined();
  });
});

test("`traffic`: each side counts as received the records and bytes that the other side counts as sent", async () => {
  const { a, b } = memoryPair();
  const [channel, server] = await Promise.all([
    connect(a, clientOptions("one.example")),
    accept(b, { ...serverOptions, credentials: [one] }),
  ]);
  const before = channel.traffic;
  await channel.write(new Uint8Array(20_000));
  let received = 0;
  while (received < 20_000) received += (await server.read())?.length ?? 20_000;
  const after = channel.traffic;
  expect(after.recordsSent - before.recordsSent).toBe(2);
  // 20,000 bytes of data, and the header, explicit nonce and tag of each record.
  expect(after.bytesSent - before.bytesSent).toBe(20_000 + 2 * (5 + 8 + 16));
  expect(before.recordsLeft - after.recordsLeft).toBe(2);
  expect(after.recordsLeft).toBeGreaterThan(23_000_000);
  expect(server.traffic).toMatchObject({
    bytesReceived: after.bytesSent,
    recordsReceived: after.recordsSent,
    bytesSent: after.bytesReceived,
  });
  expect(channel.remoteAddress).toBeUndefined();
});
