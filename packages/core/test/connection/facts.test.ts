/** What a connection tells its user beside bytes: what was asked, who is there, and how much has gone over it. */
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
const trusting = (serverName: string) => ({ provider: nodeCrypto, ca: ca.pem, serverName });
const serving = { provider: nodeCrypto };

describe("credentials that a function of the ClientHello chooses", () => {
  const byName = async ({ serverName }: ClientHelloInfo): Promise<Credential | undefined> =>
    ({ "one.example": one, "two.example": two })[serverName ?? ""];

  test.each(["one.example", "two.example"])("%s", async (serverName) => {
    const config = serverConfig({ ...serving, credentials: byName });
    const { a, b } = memoryPair();
    const [channel, server] = await Promise.all([connect(a, trusting(serverName)), accept(b, config)]);
    expect(channel.session.peer?.certificate.subjectAltNames.dns).toEqual([serverName]);
    expect(server.session.serverName).toBe(serverName);
  });

  test("answer nothing: the client gets unrecognized_name", async () => {
    const { a, b } = memoryPair();
    const ends = await Promise.allSettled([
      connect(a, trusting("three.example")),
      accept(b, { ...serving, credentials: byName }),
    ]);
    expect(ends).toMatchObject([
      { status: "rejected", reason: { code: "unrecognized_name", by: "peer" } },
      { status: "rejected", reason: { code: "unrecognized_name", by: "us" } },
    ]);
  });

  test("throw, or give what cannot serve: internal_error, and the reason stays here", async () => {
    const wrong = [
      () => {
        throw new Error("the database is gone");
      },
      () => client,
    ];
    for (const credentials of wrong) {
      const { a, b } = memoryPair();
      const ends = await Promise.allSettled([
        connect(a, trusting("one.example")),
        accept(b, { ...serving, credentials }),
      ]);
      expect(ends[0]).toMatchObject({ reason: { code: "internal_error", by: "peer" } });
      expect(JSON.stringify(ends[0])).not.toContain("database");
    }
  });

  test("may sort or empty what they see: it changes nothing of what is negotiated", async () => {
    const { a, b } = memoryPair();
    const credentials = (hello: ClientHelloInfo): Credential => {
      for (const list of [hello.cipherSuites, hello.alpn] as unknown[][]) list.length = 0;
      return one;
    };
    const [channel] = await Promise.all([
      connect(a, { ...trusting("one.example"), alpn: ["h2"] }),
      accept(b, { ...serving, alpn: ["h2"], credentials }),
    ]);
    expect(channel.session.alpn).toBe("h2");
  });

  test("see the ClientHello as it came", async () => {
    const { a, b } = memoryPair();
    const seen: ClientHelloInfo[] = [];
    const sent: Uint8Array[] = [];
    const options = { ...trusting("one.example"), alpn: ["h2"], trace: (event: { type: string }) => void event };
    await Promise.all([
      connect(a, {
        ...options,
        trace: (event) => {
          if (event.type === "handshake" && event.name === "client_hello") sent.push(event.bytes);
        },
      }),
      accept(b, {
        ...serving,
        alpn: ["h2"],
        credentials: (hello) => {
          seen.push(hello);
          return [one, two];
        },
      }),
    ]);
    expect(seen).toMatchObject([{ serverName: "one.example", alpn: ["h2"], cipherSuites: expect.any(Array) }]);
    expect(seen[0]?.raw).toEqual(sent[0]);
  });

  test("are asked again where a session is resumed, and it is not where its certificate is gone", async () => {
    const { keepSessions } = await import("@handclasp/core");
    let current = one;
    const config = serverConfig({ ...serving, credentials: () => current });
    const sessions = keepSessions();
    const visit = async (): Promise<boolean> => {
      const { a, b } = memoryPair();
      const [channel] = await Promise.all([connect(a, { ...trusting("one.example"), sessions }), accept(b, config)]);
      return channel.session.resumed;
    };
    expect([await visit(), await visit()]).toEqual([false, true]);
    current = nodeCredential(await ca.issue({ names: ["one.example"] }));
    expect(await visit()).toBe(false);
  });
});

describe("a client's session", () => {
  const visit = async (clientAuth: "none" | "request") => {
    const { a, b } = memoryPair();
    const asking = clientAuth === "none" ? {} : { clientAuth, ca: ca.pem };
    const [channel] = await Promise.all([
      connect(a, trusting("one.example")),
      accept(b, { ...serving, credentials: one, ...asking }),
    ]);
    return channel.session.certificateRequest;
  };

  test("says which certificates the server asked for, though none was shown", async () => {
    const asked = await visit("request");
    expect(asked?.certificateAuthorities.map((name) => name.length > 0)).toEqual([true]);
    expect(asked?.schemes.length).toBeGreaterThan(3);
  });

  test("says nothing of it where none was asked for", async () => {
    expect(await visit("none")).toBeUndefined();
  });
});

test("what has gone over a connection: each side counts what the other does", async () => {
  const { a, b } = memoryPair();
  const [channel, server] = await Promise.all([
    connect(a, trusting("one.example")),
    accept(b, { ...serving, credentials: [one] }),
  ]);
  const before = channel.traffic;
  await channel.write(new Uint8Array(20_000));
  let got = 0;
  while (got < 20_000) got += (await server.read())?.length ?? 20_000;
  const after = channel.traffic;
  expect(after.recordsSent - before.recordsSent).toBe(2);
  // 20,000 bytes, and each record's header, explicit nonce and tag.
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
