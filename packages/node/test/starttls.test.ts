/**
 * STARTTLS over real sockets, against Handclasp and node:tls.
 */
import { once } from "node:events";
import { type AddressInfo, connect as connectNet, createServer as createNetServer, type Socket } from "node:net";
import { createSecureContext, TLSSocket, connect as tlsConnect } from "node:tls";
import {
  accept,
  connect,
  connectTcp,
  createServer,
  nodeCredential,
  nodeCrypto,
  serverConfig,
  type TlsConnection,
  tcpTransport,
} from "@handclasp/node";
import { toSocket } from "@handclasp/node/socket";
import { plain, plainServer } from "@handclasp/node/starttls";
import { testCa } from "@handclasp/testing";
import { afterAll, describe, expect, test } from "vitest";

const ca = await testCa();
const issued = await ca.issue({ names: ["localhost"] });
const credentials = nodeCredential(issued);
const clientOptions = { ca: ca.pem, serverName: "localhost" };
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

const closers: (() => void)[] = [];
afterAll(() => {
  for (const close of closers) close();
});

/** Listens on a TCP port, and returns its number. */
async function listen(onSocket: (socket: Socket) => unknown): Promise<number> {
  const server = createNetServer({ allowHalfOpen: true }, (socket) => {
    socket.on("error", () => {});
    closers.push(() => socket.destroy());
    Promise.resolve(onSocket(socket)).catch(() => {});
  });
  closers.push(() => server.close());
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return (server.address() as AddressInfo).port;
}

/** Answers one line, and closes. */
async function answer(channel: TlsConnection): Promise<void> {
  const request = await channel.read();
  await channel.write(bytes(`you said ${Buffer.from(request ?? []).toString()}`));
  await channel.close();
}

/** A server of something like SMTP: it answers STARTTLS and begins TLS. */
async function serveSmtp(socket: Socket): Promise<void> {
  const smtp = plainServer(tcpTransport(socket));
  await smtp.write(bytes("220 ready\r\n"));
  for (;;) {
    const line = await smtp.readLine();
    if (line === undefined) return smtp.close();
    if (line === "STARTTLS") break;
    await smtp.write(bytes("250 STARTTLS\r\n"));
  }
  await answer(await smtp.startTls({ credentials }, { goAhead: bytes("220 go\r\n") }));
}

async function ask(channel: TlsConnection, text: string): Promise<string> {
  await channel.write(bytes(text));
  let answered = "";
  for await (const part of channel) answered += Buffer.from(part).toString();
  return answered;
}

describe("STARTTLS over TCP", () => {
  test("ends in a channel, whose socket knows its addresses", async () => {
    const port = await listen(serveSmtp);
    const smtp = plain(connectTcp({ host: "127.0.0.1", port }));
    expect(await smtp.readLine()).toBe("220 ready");
    await smtp.write(bytes("EHLO me\r\n"));
    expect(await smtp.readLine()).toBe("250 STARTTLS");
    await smtp.write(bytes("STARTTLS\r\n"));
    expect(await smtp.readLine()).toBe("220 go");
    const channel = await smtp.startTls(clientOptions);
    const socket = toSocket(channel);
    expect([socket.remotePort, socket.authorized]).toEqual([port, true]);
    socket.write("hello");
    expect(String((await once(socket, "data"))[0])).toBe("you said hello");
    await once(socket, "end");
  });

  test("a ClientHello that comes at once after the go-ahead is never taken for plain text", async () => {
    const port = await listen(serveSmtp);
    for (let i = 0; i < 100; i++) {
      const smtp = plain(connectTcp({ host: "127.0.0.1", port }));
      await smtp.readLine();
      await smtp.write(bytes("STARTTLS\r\n"));
      await smtp.readLine();
      expect(await ask(await smtp.startTls(clientOptions), `${i}`)).toBe(`you said ${i}`);
    }
  });

  test.each(["in the same segment", "in a later segment"])(
    "a server refuses commands behind STARTTLS, %s",
    async (how) => {
      let failure: unknown;
      const port = await listen(async (socket) => {
        failure = await serveSmtp(socket).catch((error) => error);
        socket.destroy();
      });
      const socket = connectNet({ port, host: "127.0.0.1" }).setNoDelay(true);
      const closed = once(socket, "close");
      let received = "";
      socket.on("error", () => {}).on("data", (part) => (received += part));
      if (how === "in the same segment") socket.write("STARTTLS\r\nRSET\r\n");
      else {
        socket.write("STARTTLS\r\n");
        setImmediate(() => socket.write("RSET\r\n"));
      }
      await closed;
      // Depending on the time of its arrival, the command is unread plain text or a record that is not TLS.
      expect(failure).toMatchObject({ code: how === "in the same segment" ? "unread_plaintext" : expect.any(String) });
      expect(["unread_plaintext", "not_tls"]).toContain((failure as { code: string }).code);
      expect(received).not.toContain("250");
    },
  );

  test("a client refuses answers behind the go-ahead", async () => {
    const port = await listen((socket) => {
      socket.once("data", () => socket.write("220 go\r\n250 injected\r\n"));
    });
    const smtp = plain(connectTcp({ host: "127.0.0.1", port }));
    await smtp.write(bytes("STARTTLS\r\n"));
    await smtp.readLine();
    await expect(smtp.startTls(clientOptions)).rejects.toMatchObject({ code: "unread_plaintext" });
  });

  test("a peer that resets the connection in plain text fails the read", async () => {
    const port = await listen((socket) => void socket.once("data", () => socket.resetAndDestroy()));
    const smtp = plain(connectTcp({ host: "127.0.0.1", port }));
    await smtp.write(bytes("EHLO\r\n"));
    await expect(smtp.readLine()).rejects.toMatchObject({ code: "connection_lost" });
  });

  test("a socket that the caller has used and paused is resumed", async () => {
    const port = await listen(serveSmtp);
    const socket = connectNet({ port, host: "127.0.0.1" });
    socket.write("STARTTLS\r\n");
    let received = "";
    // The caller's own code reads the plain text, and pauses the socket at the go-ahead, as pg does.
    await new Promise<void>((resolve) => {
      const onData = (part: Buffer): void => {
        received += part;
        if (!received.endsWith("220 go\r\n")) return;
        socket.off("data", onData).pause();
        resolve();
      };
      socket.on("data", onData);
    });
    expect(socket.isPaused()).toBe(true);
    expect(await ask(await connect(tcpTransport(socket), clientOptions), "hello")).toBe("you said hello");
  });

  test("a transport that is paused before it starts stays paused", async () => {
    const port = await listen((socket) => void socket.write("x"));
    const socket = connectNet({ port, host: "127.0.0.1" });
    const transport = tcpTransport(socket);
    let hasData = false;
    transport.pause();
    const data = new Promise<void>((resolve) => {
      const onData = (): void => {
        hasData = true;
        resolve();
      };
      transport.start({ data: onData, drain() {}, end() {}, error() {} });
    });
    await once(socket, "connect");
    expect([socket.isPaused(), hasData]).toEqual([true, false]);
    transport.resume();
    await data;
    transport.abort("");
  });

  test("a socket with an encoding is refused, because its bytes are lost", () => {
    const socket = connectNet({ port: 9, host: "127.0.0.1" }).on("error", () => {});
    socket.setEncoding("utf8");
    expect(() => tcpTransport(socket)).toThrow("setEncoding");
    socket.destroy();
  });
});

describe("a server's startTls takes", () => {
  const withOptions = async (options: Parameters<ReturnType<typeof plainServer>["startTls"]>[0]) => {
    const port = await listen(async (socket) => {
      const channel = await plainServer(tcpTransport(socket)).startTls(options, { goAhead: bytes("S") });
      if (options !== server) await answer(channel);
    });
    const postgres = plain(connectTcp({ host: "127.0.0.1", port }));
    expect(await postgres.read(1)).toEqual(bytes("S"));
    return ask(await postgres.startTls(clientOptions), "x");
  };
  const server = createServer({ credentials }, answer);
  afterAll(() => server.close({ grace: 0 }));

  test("options", async () => expect(await withOptions({ credentials })).toBe("you said x"));
  test("the result of serverConfig", async () =>
    expect(await withOptions(serverConfig({ credentials, provider: nodeCrypto }))).toBe("you said x"));
  test("a server, which calls its handler", async () => expect(await withOptions(server)).toBe("you said x"));

  test.each([undefined, 5, {}])("not %j", async (options) => {
    const port = await listen(async (socket) => {
      const smtp = plainServer(tcpTransport(socket));
      const error = await smtp.startTls(options as never).catch((thrown) => thrown);
      await smtp.write(bytes(`${error.code}\r\n`));
    });
    expect(await plain(connectTcp({ host: "127.0.0.1", port })).readLine()).toBe("configuration");
  });
});

describe("STARTTLS with node:tls", () => {
  test("as client", async () => {
    const port = await listen(serveSmtp);
    const socket = connectNet({ port, host: "127.0.0.1" });
    socket.write("STARTTLS\r\n");
    let received = "";
    while (!received.endsWith("220 go\r\n")) received += (await once(socket, "data"))[0];
    const theirs = tlsConnect({ socket, ca: ca.pem, servername: "localhost", maxVersion: "TLSv1.2" });
    theirs.write("hello");
    expect(String((await once(theirs, "data"))[0])).toBe("you said hello");
    theirs.end();
  });

  test("as server", async () => {
    const secureContext = createSecureContext({ cert: issued.cert, key: issued.key, maxVersion: "TLSv1.2" });
    const port = await listen((socket) => {
      socket.once("data", () => {
        socket.write("S");
        const theirs = new TLSSocket(socket, { isServer: true, secureContext });
        theirs.on("error", () => {}).on("data", (part) => theirs.end(`you said ${part}`));
      });
    });
    const postgres = plain(connectTcp({ host: "127.0.0.1", port }));
    await postgres.write(Uint8Array.of(0, 0, 0, 8, 4, 210, 22, 47));
    expect(await postgres.read(1)).toEqual(bytes("S"));
    expect(await ask(await postgres.startTls(clientOptions), "hello")).toBe("you said hello");
  });
});

test("accept over a transport of a paused socket resumes it too", async () => {
  const port = await listen(async (socket) => {
    socket.pause();
    await answer(await accept(tcpTransport(socket), { credentials, provider: nodeCrypto }));
  });
  expect(await ask(await connect(`tcp://127.0.0.1:${port}`, clientOptions), "hi")).toBe("you said hi");
});
