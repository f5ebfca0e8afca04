import { connect, legacySuites } from "@handclasp/node";
import { SecureWebSocket } from "@handclasp/node/websocket";
import { describe, expect, test } from "vitest";
import { testCa } from "../src/certificates.ts";
import { type TestServerOptions, testServer } from "../src/server/testServer.ts";

describe("testServer", () => {
  test.each(["ws", "tcp"] as const)("over %s is ready, echoes, and keeps its channels", async (transport) => {
    await using server = await testServer({ transport });
    expect(server.url).toMatch(transport === "ws" ? /^ws:\/\/localhost:\d+\/$/ : /^tcp:\/\/localhost:\d+$/);
    const channel = await connect(server.url, { ca: server.ca.pem });
    await channel.write(new TextEncoder().encode("hello"));
    expect(new TextDecoder().decode(await channel.read())).toBe("hello");
    await channel.close();
    await server.channels[0]?.closed;
    expect(server.channels).toHaveLength(1);
    expect(server.errors).toEqual([]);
  });

  test("answers messages with messages", async () => {
    await using server = await testServer({ respond: "messages" });
    const socket = new SecureWebSocket(server.url, { ca: server.ca.pem });
    socket.onopen = () => socket.send("hello");
    expect(await new Promise((resolve) => (socket.onmessage = ({ data }) => resolve(data)))).toBe("hello");
    socket.close();
    await socket.closed;
  });

  test("takes a certificate, a CA, a handler and other options, and keeps errors", async () => {
    const ca = await testCa();
    const onError: unknown[] = [];
    await using server = await testServer({
      ca,
      certificate: { algorithm: "rsa-2048", notAfter: new Date(Date.now() - 1000) },
      options: { suites: legacySuites, onError: (error) => onError.push(error) },
      respond: (channel) => channel.close(),
    });
    await expect(connect(server.url, { ca: ca.pem })).rejects.toMatchObject({ code: "expired" });
    const channel = await connect(server.url, { ca: ca.pem, now: () => Date.now() - 60_000 });
    expect(await channel.read()).toBeUndefined();
    await expect.poll(() => server.errors).toMatchObject([{ alert: "certificate_expired", by: "peer" }]);
    expect(onError).toEqual(server.errors);
  });

  test("its close ends open connections", async () => {
    const server = await testServer();
    const channel = await connect(server.url, { ca: server.ca.pem });
    await server.close();
    await expect(channel.closed).rejects.toMatchObject({ by: "peer" });
    await expect(connect(server.url, { ca: server.ca.pem })).rejects.toMatchObject({ fault: "transport" });
  });
});

describe("a wrong option is an error:", () => {
  test.each<[object, RegExp]>([
    [{ transports: "ws" }, /unknown option transports \(did you mean transport/],
    [{ transport: "udp" }, /transport: a wrong string \(give "tcp" or "ws"\)/],
    [{ respond: "http" }, /respond: a wrong string \(give "echo", "messages" or a handler/],
    [{ ca: testCa() }, /ca: a Promise \(give a CA of testCa: await testCa\(\)\)/],
    [{ certificate: { name: ["x"] } }, /unknown option name \(did you mean names/],
    [{ options: { suite: [] } }, /unknown option suite \(did you mean suites/],
  ])("of testServer", async (options, message) => {
    await expect(testServer(options as TestServerOptions)).rejects.toThrow(message);
  });

  test("of testCa", async () => {
    await expect(testCa({ algoritm: "ed25519" } as object)).rejects.toThrow(/unknown option algoritm \(did you mean/);
    await expect(testCa({ algorithm: "rsa" } as object)).rejects.toThrow(/algorithm: a wrong string \(give one of/);
    const ca = await testCa();
    await expect(ca.intermediate({ names: [] } as object)).rejects.toThrow("unknown option names");
  });
});
