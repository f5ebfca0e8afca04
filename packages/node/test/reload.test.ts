/** `server.reload` over real connections: what changes for new ones, and what others keep. */
import { messageProtocols } from "@handclasp/core/messages";
import {
  type ConnectOptions,
  type Credential,
  connect,
  createServer,
  keepSessions,
  type Listener,
  nodeCredential,
  type ReloadOptions,
  type ServerOptions,
  TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
  TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
  type TlsConnection,
  type TlsServer,
} from "@handclasp/node";
import { createHttpServer } from "@handclasp/node/http";
import { createWebSocketServer } from "@handclasp/node/websocket";
import { testCa } from "@handclasp/testing";
import { describe, expect, onTestFinished, test } from "vitest";

const ca = await testCa();
const otherCa = await testCa();
const names = ["localhost", "admin.localhost"];
const old = nodeCredential(await ca.issue({ names, commonName: "old" }));
const renewed = nodeCredential(await ca.issue({ names, commonName: "renewed" }));
const client = nodeCredential(await ca.issue({ client: true }));
const otherClient = nodeCredential(await otherCa.issue({ client: true }));
const echo = (channel: TlsConnection): Promise<void> => channel.readable.pipeTo(channel.writable);
const key = (fill: number) => new Uint8Array(48).fill(fill);

const carriers = [
  ["TCP", "tcp", (server: TlsServer) => server.listenTcp()],
  ["WebSocket", "ws", (server: TlsServer) => server.listenWebSocket()],
] as const;
type Carrier = (typeof carriers)[number];

async function listening(server: TlsServer, [, scheme, listen]: Carrier): Promise<string> {
  onTestFinished(async () => void (await server.close({ grace: 0 })));
  const listener: Listener = await listen(server);
  return `${scheme}://localhost:${(listener.address() as { port: number }).port}`;
}

async function serving(carrier: Carrier, options: Partial<ServerOptions> = {}) {
  const server = createServer({ credentials: old, ...options }, echo);
  const address = await listening(server, carrier);
  const open = (options: Partial<ConnectOptions> = {}) => connect(address, { ca: ca.pem, ...options });
  return { server, open };
}

const subjectOf = ({ session }: TlsConnection): string | undefined => session.peer?.certificate.subject.text;

async function expectEcho(channel: TlsConnection): Promise<void> {
  await channel.write(new Uint8Array(7));
  expect((await channel.read())?.length).toBe(7);
}

describe.each(carriers.map((carrier) => ({ name: carrier[0], carrier })))("over $name", ({ carrier }) => {
  test("certificates, suites and ALPN change for new connections, and open ones go on", async () => {
    const { server, open } = await serving(carrier, {
      alpn: ["one"],
      suites: [TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256],
    });
    const before = await open({ alpn: ["two", "one"] });
    server.reload({ credentials: renewed, alpn: ["two"], suites: [TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384] });
    const after = await open({ alpn: ["two", "one"] });
    expect([subjectOf(before), before.session.alpn, before.session.suite]).toEqual([
      "CN=old",
      "one",
      "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
    ]);
    expect([subjectOf(after), after.session.alpn, after.session.suite]).toEqual([
      "CN=renewed",
      "two",
      "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
    ]);
    await expectEcho(before);
    await expectEcho(after);
  });

  test("a connection in its handshake finishes with the options with which it began", async () => {
    let signing = (): void => {};
    const isSigning = new Promise<void>((resolve) => {
      signing = resolve;
    });
    let goOn = (): void => {};
    const mayGoOn = new Promise<void>((resolve) => {
      goOn = resolve;
    });
    const slow: Credential = {
      ...old,
      async sign(...args) {
        signing();
        await mayGoOn;
        return old.sign(...args);
      },
    };
    const { server, open } = await serving(carrier, { credentials: slow, clientAuth: "require", ca: ca.pem });
    const beginning = open({ credentials: client });
    await isSigning;
    server.reload({ credentials: renewed, clientAuth: "require", ca: otherCa.pem });
    goOn();
    const channel = await beginning;
    expect(subjectOf(channel)).toBe("CN=old");
    await expectEcho(channel);
    const after = await open({ credentials: otherClient });
    expect(subjectOf(after)).toBe("CN=renewed");
  });

  test("a session of an old client trust is not resumed under a new one", async () => {
    const { server, open } = await serving(carrier, { clientAuth: "require", ca: ca.pem });
    const sessions = keepSessions();
    const visit = async () => {
      const channel = await open({ sessions, credentials: client });
      await expectEcho(channel);
      await channel.close();
      return channel.session.resumed;
    };
    expect([await visit(), await visit()]).toEqual([false, true]);
    // Another trust that includes the client: it must show its certificate again.
    server.reload({ clientAuth: "require", ca: [ca.pem, otherCa.pem] });
    expect([await visit(), await visit()]).toEqual([false, true]);
    server.reload({ clientAuth: "require", ca: otherCa.pem });
    await expect(visit()).rejects.toMatchObject({ by: "peer", code: "unknown_ca" });
  });

  test("sessions are resumed after a reload of something else, and not under other ticket keys", async () => {
    const { server, open } = await serving(carrier, { sessionStore: false });
    const sessions = keepSessions();
    const visit = async () => {
      const channel = await open({ sessions });
      await expectEcho(channel);
      await channel.close();
      return channel.session.resumed;
    };
    expect([await visit(), await visit()]).toEqual([false, true]);
    server.reload({ alpn: ["one"] });
    expect(await visit()).toBe(true);
    server.reload({ ticketKeys: [key(1)] });
    expect([await visit(), await visit()]).toEqual([false, true]);
    server.reload({ ticketKeys: [key(2), key(1)] });
    expect(await visit()).toBe(true);
    server.reload({ tickets: false });
    expect([await visit(), await visit()]).toEqual([false, false]);
  });

  test("virtual hosts have a client trust of their own, which changes too", async () => {
    const admin = (trusted: string): ReloadOptions => ({
      virtualHosts: { "admin.localhost": { clientAuth: "require", ca: trusted } },
    });
    const { server, open } = await serving(carrier, admin(ca.pem));
    const sessions = keepSessions();
    const visit = async (serverName: string, credentials?: Credential) => {
      const channel = await open({ serverName, sessions, ...(credentials && { credentials }) });
      await expectEcho(channel);
      await channel.close();
      return channel.session.resumed;
    };
    expect(await visit("localhost")).toBe(false);
    await expect(visit("admin.localhost")).rejects.toMatchObject({ code: "handshake_failure" });
    expect(await visit("admin.localhost", client)).toBe(false);
    expect(await visit("admin.localhost", client)).toBe(true);
    // A session of one host does not open another, and the others are not disturbed by a change of one.
    expect(await visit("localhost")).toBe(true);
    server.reload(admin(otherCa.pem));
    expect(await visit("localhost")).toBe(true);
    await expect(visit("admin.localhost", client)).rejects.toMatchObject({ code: "unknown_ca" });
    expect(await visit("admin.localhost", otherClient)).toBe(false);
  });

  test("a wrong option changes nothing, not even the other options of the call", async () => {
    const { server, open } = await serving(carrier, { alpn: ["one"], clientAuth: "request", ca: ca.pem });
    const forClients = nodeCredential(await ca.issue({ client: true }));
    const wrong: readonly [object, string][] = [
      [{ alpn: ["two"], credentials: forClients }, "not for a server"],
      [{ alpn: ["two"], suites: [] }, "an empty list of suites"],
      [{ alpn: ["two"], ticketKeys: [new Uint8Array(47)] }, "ticketKeys"],
      [{ alpn: ["two"], ca: otherCa.pem }, "ca without clientAuth"],
      [{ alpn: ["two"], clientAuth: "require" }, 'clientAuth "require" without ca'],
      [{ alpn: ["two"], virtualHosts: { "a.example": { clientAuth: "require" } } }, "without ca"],
      [{ alpn: ["two"], virtualHosts: { "a.example": { ca: ca.pem, clientauth: "require" } } }, "clientAuth"],
      [{ alpn: ["two"], virtualHosts: { "*": { clientAuth: "none" } } }, "virtualHosts"],
      [{ alpn: ["two"], handshakeTimeout: 5 }, "handshakeTimeout"],
      [{ alpn: "two" }, "alpn"],
    ];
    for (const [options, message] of wrong) expect(() => server.reload(options), message).toThrow(message);
    const channel = await open({ alpn: ["two", "one"], credentials: client });
    expect([subjectOf(channel), channel.session.alpn]).toEqual(["CN=old", "one"]);
    // After setCredentials, a reload of something else keeps those credentials.
    server.setCredentials(renewed);
    server.reload({ alpn: ["two"] });
    expect(subjectOf(await open({ alpn: ["two"] }))).toBe("CN=renewed");
  });

  test("servers of sockets and of HTTP reload too, and a server of sockets keeps its ALPN", async () => {
    const sockets = createWebSocketServer({ credentials: old }, () => {});
    const http = createHttpServer({ credentials: old }, (_, response) => void response.end());
    for (const [server, alpn] of [
      [sockets, messageProtocols],
      [http, ["http/1.1"]],
    ] as const) {
      const address = await listening(server, carrier);
      server.reload({ credentials: renewed });
      const channel = await connect(address, { ca: ca.pem, alpn });
      expect(subjectOf(channel)).toBe("CN=renewed");
      channel.abort();
    }
    expect(() => sockets.reload({ credentials: old, alpn: ["h2"] })).toThrow("alpn");
    expect(() => sockets.reload({ requireAlpn: false })).toThrow("requireAlpn");
  });
});
