import {
  type SendResult,
  serverConfig,
  type TlsConnection,
  type Transport,
  type TransportEvents,
} from "@handclasp/core";
import { PlainConnection, plain, plainServer } from "@handclasp/core/starttls";
import { ascii } from "@handclasp/core/unstable";
import { memoryPair, testCa } from "@handclasp/testing";
import { afterEach, describe, expect, test, vi } from "vitest";
import { nodeCredential } from "../../../node/src/crypto/credential.ts";
import { nodeCrypto } from "../../../node/src/crypto/nodeCrypto.ts";

const ca = await testCa();
const credentials = nodeCredential(await ca.issue({ names: ["mail.example"] }));
const clientOptions = { ca: ca.pem, serverName: "mail.example", provider: nodeCrypto };
const serverOptions = { credentials, provider: nodeCrypto };

const text = (bytes: Uint8Array | undefined): string | undefined => bytes && Buffer.from(bytes).toString("latin1");

/** The events and calls of a transport, for a test that plays the peer by hand. */
interface Raw extends TransportEvents {
  readonly transport: Transport;
  readonly sent: Uint8Array[];
  readonly calls: string[];
}

/** A transport whose events the test emits. */
function rawTransport({ canPause = true, result = "ok" }: { canPause?: boolean; result?: SendResult } = {}): Raw {
  const sent: Uint8Array[] = [];
  const calls: string[] = [];
  const raw = { sent, calls } as unknown as Raw;
  const transport: Transport = {
    start: (events) => void Object.assign(raw, events),
    send: (bytes) => {
      sent.push(bytes);
      return result;
    },
    pause: () => {
      calls.push("pause");
      return canPause;
    },
    resume: () => void calls.push("resume"),
    end: () => void calls.push("end"),
    abort: (reason) => void calls.push(`abort ${reason}`),
  };
  return Object.assign(raw, { transport });
}

async function exchange(client: TlsConnection, server: TlsConnection): Promise<void> {
  await client.write(ascii("EHLO inside"));
  expect(text(await server.read())).toBe("EHLO inside");
  await Promise.all([client.close(), server.read().then(() => server.close())]);
}

describe("plain text, then TLS:", () => {
  test.each(["bytes as they were sent", "single bytes", "joined bytes"])("SMTP's STARTTLS, with %s", async (cut) => {
    const chunk = { "single bytes": 1, "joined bytes": Number.POSITIVE_INFINITY }[cut];
    const { a, b } = memoryPair(chunk === undefined ? {} : { chunk });
    const client = plain(a);
    const server = plainServer(b);
    const serving = (async () => {
      await server.write(ascii("220 mail.example\r\n"));
      expect(await server.readLine()).toBe("EHLO me");
      await server.write(ascii("250-mail.example\r\n250 STARTTLS\r\n"));
      expect(await server.readLine()).toBe("STARTTLS");
      return server.startTls(serverOptions, { goAhead: ascii("220 begin\r\n") });
    })();
    expect(await client.readLine()).toBe("220 mail.example");
    await client.write(ascii("EHLO me\r\n"));
    expect([await client.readLine(), await client.readLine()]).toEqual(["250-mail.example", "250 STARTTLS"]);
    await client.write(ascii("STARTTLS\r\n"));
    expect(await client.readLine()).toBe("220 begin");
    const channel = await client.startTls(clientOptions);
    expect(channel.session.peer?.verifiedBy).toBe("ca");
    await exchange(channel, await serving);
  });

  test("PostgreSQL's SSLRequest, with lengths, and with the result of serverConfig", async () => {
    const { a, b } = memoryPair();
    const client = plain(a);
    const server = plainServer(b);
    const serving = (async () => {
      expect(await server.read(8)).toEqual(Uint8Array.of(0, 0, 0, 8, 4, 210, 22, 47));
      return server.startTls(serverConfig(serverOptions), { goAhead: ascii("S") });
    })();
    await client.write(Uint8Array.of(0, 0, 0, 8, 4, 210, 22, 47));
    expect(text(await client.read(1))).toBe("S");
    await exchange(await client.startTls(clientOptions), await serving);
  });

  test("the client may be the side that gives the go-ahead", async () => {
    const { a, b } = memoryPair();
    const client = plain(a);
    const server = plainServer(b);
    const opening = client.startTls(clientOptions, { goAhead: ascii("BEGIN\r\n") });
    expect(await server.readLine()).toBe("BEGIN");
    // The ClientHello has followed at once, so it is not from plain text that the server could still read.
    await expect(server.startTls(serverOptions)).rejects.toMatchObject({ code: "unread_plaintext" });
    await expect(opening).rejects.toMatchObject({ code: "closed_during_handshake" });
  });

  test("any function may start TLS over the transport", async () => {
    const raw = rawTransport();
    let given: unknown;
    const connection = new PlainConnection(
      raw.transport,
      async (transport, options: { mine: number }) => {
        given = options;
        transport.start({ data() {}, drain() {}, end() {}, error() {} });
        return undefined as never;
      },
      {},
    );
    await connection.startTls({ mine: 1 }, { goAhead: ascii("go") });
    expect(given).toEqual({ mine: 1 });
    expect(raw.sent.map(text)).toEqual(["go"]);
  });
});

describe("bytes that came before TLS", () => {
  /** The commands or answers that an attacker adds to the last line before TLS. */
  const injected = "RSET\r\nEHLO attacker\r\n";

  test("behind a client's STARTTLS end the server's connection", async () => {
    const raw = rawTransport();
    const server = plainServer(raw.transport);
    raw.data(ascii(`STARTTLS\r\n${injected}`));
    expect(await server.readLine()).toBe("STARTTLS");
    const error = await server.startTls(serverOptions, { goAhead: ascii("220 go\r\n") }).catch((thrown) => thrown);
    expect(error).toMatchObject({ code: "unread_plaintext", fault: "peer" });
    expect(error.message).toContain(`${injected.length} bytes`);
    // The server does not even say that it goes ahead.
    expect(raw.sent).toEqual([]);
    expect(raw.calls).toEqual(["abort unread_plaintext"]);
    await expect(server.readLine()).resolves.toBe("RSET");
    await expect(server.startTls(serverOptions)).rejects.toBe(error);
  });

  test("behind a server's go-ahead end the client's connection", async () => {
    const raw = rawTransport();
    const client = plain(raw.transport);
    raw.data(ascii("220 go\r\n250 injected\r\n"));
    expect(await client.readLine()).toBe("220 go");
    await expect(client.startTls(clientOptions)).rejects.toMatchObject({ code: "unread_plaintext" });
    expect(raw.sent).toEqual([]);
  });

  test("behind a go-ahead of one byte end the client's connection", async () => {
    const raw = rawTransport();
    const client = plain(raw.transport);
    raw.data(ascii("SE"));
    expect(text(await client.read(1))).toBe("S");
    await expect(client.startTls(clientOptions)).rejects.toMatchObject({ code: "unread_plaintext" });
  });

  test("while TLS checks its options end the connection", async () => {
    const raw = rawTransport();
    let begin: () => void = () => {};
    const connection = new PlainConnection(
      raw.transport,
      async (transport) => {
        await new Promise<void>((resolve) => (begin = resolve));
        transport.start({ data() {}, drain() {}, end() {}, error() {} });
        return undefined as never;
      },
      {},
    );
    const starting = connection.startTls({}, { goAhead: ascii("go") });
    await expect(connection.read()).rejects.toMatchObject({ code: "usage" });
    raw.data(ascii(injected));
    begin();
    await expect(starting).rejects.toMatchObject({ code: "unread_plaintext" });
    expect(raw.sent).toEqual([]);
  });

  test("end the connection before TLS is even begun", async () => {
    const raw = rawTransport();
    const start = vi.fn();
    const connection = new PlainConnection(raw.transport, start, {});
    raw.data(ascii(injected));
    await expect(connection.startTls({})).rejects.toMatchObject({ code: "unread_plaintext" });
    expect(start).not.toHaveBeenCalled();
  });

  test("but arrive only after startTls are bytes of TLS, which refuses them", async () => {
    const raw = rawTransport();
    const server = plainServer(raw.transport);
    raw.data(ascii("STARTTLS\r\n"));
    expect(await server.readLine()).toBe("STARTTLS");
    const starting = server.startTls(serverOptions, { goAhead: ascii("220 go\r\n") });
    raw.data(ascii(injected));
    await expect(starting).rejects.toMatchObject({ code: "not_tls" });
  });
});

describe("startTls", () => {
  test("with wrong options sends nothing and leaves the connection in plain text", async () => {
    const raw = rawTransport();
    const server = plainServer(raw.transport);
    await expect(server.startTls({ credentials: [] }, { goAhead: ascii("go") })).rejects.toMatchObject({
      code: "configuration",
    });
    await expect(server.startTls(serverOptions, { goahead: ascii("go") } as never)).rejects.toThrow("goahead");
    expect(raw.sent).toEqual([]);
    await server.write(ascii("454 no TLS now\r\n"));
    expect(raw.sent.map(text)).toEqual(["454 no TLS now\r\n"]);
  });

  test("refuses to begin while a read is pending, or twice", async () => {
    const { a, b } = memoryPair();
    const client = plain(a);
    const server = plainServer(b);
    const reading = client.read(1);
    await expect(client.startTls(clientOptions)).rejects.toMatchObject({ code: "usage" });
    await server.write(ascii("S"));
    await reading;
    const channels = Promise.all([client.startTls(clientOptions), server.startTls(serverOptions)]);
    await expect(client.startTls(clientOptions)).rejects.toMatchObject({ code: "usage" });
    await expect(client.write(ascii("x"))).rejects.toMatchObject({ code: "usage" });
    await expect(client.readLine()).rejects.toMatchObject({ code: "usage" });
    client.close();
    client.abort();
    await exchange(...(await channels));
  });

  test("fails if the peer has ended or the transport has failed", async () => {
    const ended = rawTransport();
    const first = plain(ended.transport);
    ended.end();
    await expect(first.startTls(clientOptions)).rejects.toMatchObject({ code: "connection_lost" });
    const failed = rawTransport();
    const second = plain(failed.transport);
    const error = new Error("reset");
    failed.error(error);
    await expect(second.startTls(clientOptions)).rejects.toMatchObject({ code: "transport_failed", cause: error });
    const gone = rawTransport({ result: "gone" });
    await expect(plain(gone.transport).startTls(clientOptions, { goAhead: ascii("x") })).rejects.toMatchObject({
      code: "connection_lost",
    });
  });

  test("gives TLS the whole transport", async () => {
    const raw = rawTransport();
    const calls: string[] = [];
    const memory = { allocate: (length: number) => new Uint8Array(length), release() {} };
    const nextTurn = (callback: () => void): void => void setTimeout(callback, 0);
    const transport: Transport = {
      ...raw.transport,
      closeWrite: () => void calls.push("closeWrite"),
      established: () => void calls.push("established"),
      memory,
      nextTurn,
      remoteAddress: "192.0.2.1",
      socket: calls,
    };
    let tls: Transport | undefined;
    const start = async (given: Transport) => {
      tls = given;
      return undefined as never;
    };
    const connection = new PlainConnection(transport, start, {});
    expect(connection.remoteAddress).toBe("192.0.2.1");
    await connection.startTls({});
    expect(tls).toMatchObject({ memory, nextTurn, remoteAddress: "192.0.2.1", socket: calls });
    tls?.closeWrite?.();
    tls?.established?.();
    expect(calls).toEqual(["closeWrite", "established"]);
    for (const name of ["pause", "resume", "end"] as const) tls?.[name]();
    tls?.abort("x");
    expect(raw.calls).toEqual(["pause", "resume", "end", "abort x"]);
  });
});

describe("reads and writes in plain text", () => {
  test("return the bytes that have arrived, exact lengths, and the end", async () => {
    const raw = rawTransport();
    const client = plain(raw.transport);
    const first = client.read();
    raw.data(ascii("abc"));
    expect(text(await first)).toBe("abc");
    const exact = client.read(4);
    raw.data(ascii("de"));
    raw.data(ascii("fgh"));
    expect(text(await exact)).toBe("defg");
    expect(text(await client.read())).toBe("h");
    raw.end();
    expect(await client.read()).toBeUndefined();
    expect(await client.read(3)).toBeUndefined();
    expect(await client.readLine()).toBeUndefined();
  });

  describe("see the end as those of a channel do:", () => {
    test("an error of the transport or a local close after the peer's end does not undo it", async () => {
      for (const endAfterwards of ["error", "close", "abort"] as const) {
        const raw = rawTransport();
        const client = plain(raw.transport);
        raw.data(ascii("bye\r\n"));
        raw.end();
        if (endAfterwards === "error") raw.error(new Error("closed"));
        expect(await client.readLine()).toBe("bye");
        expect(await client.readLine()).toBeUndefined();
        if (endAfterwards !== "error") client[endAfterwards]();
        expect(await client.readLine()).toBeUndefined();
        expect(await client.read()).toBeUndefined();
      }
    });

    test.each([
      ["close", "closed_locally"],
      ["abort", "aborted"],
    ] as const)("`%s` discards unread bytes, and an unread end", async (method, code) => {
      const raw = rawTransport();
      const client = plain(raw.transport);
      raw.data(ascii("bye\r\n"));
      raw.end();
      client[method]();
      for (let i = 0; i < 2; i++) await expect(client.readLine()).rejects.toMatchObject({ code });
    });

    test("a connection that failed says so at each read", async () => {
      const raw = rawTransport();
      const client = plain(raw.transport);
      raw.data(ascii("LF only\n"));
      for (let i = 0; i < 3; i++) await expect(client.readLine()).rejects.toMatchObject({ code: "invalid_line" });
      raw.end();
      await expect(client.readLine()).rejects.toMatchObject({ code: "invalid_line" });
    });
  });

  test("reject at an end within a length or a line, and after a failure", async () => {
    const raw = rawTransport();
    const client = plain(raw.transport);
    const reading = client.readLine();
    raw.data(ascii("half"));
    raw.end();
    await expect(reading).rejects.toMatchObject({ code: "truncated" });
    const failed = rawTransport();
    const other = plain(failed.transport);
    failed.data(ascii("all"));
    failed.error(new Error("reset"));
    expect(text(await other.read())).toBe("all");
    await expect(other.read()).rejects.toMatchObject({ code: "transport_failed" });
    await expect(other.write(ascii("x"))).rejects.toMatchObject({ code: "transport_failed" });
  });

  test.each([
    ["a line that is too long", "x".repeat(4099), "longer than 4096"],
    ["a line that is too long, with its end", `${"x".repeat(4097)}\r\n`, "longer than 4096"],
    ["LF without CR", "hello\n", "LF without CR"],
  ])("readLine refuses %s", async (_what, line, message) => {
    const raw = rawTransport();
    const client = plain(raw.transport);
    raw.data(ascii(line));
    const error = await client.readLine().catch((thrown) => thrown);
    expect(error).toMatchObject({ code: "invalid_line" });
    expect(error.message).toContain(message);
    expect(raw.calls).toEqual(["abort invalid_line"]);
  });

  test("readLine takes the longest line, empty lines, and lines that arrive in pieces", async () => {
    const raw = rawTransport();
    const client = plain(raw.transport);
    raw.data(ascii(`${"x".repeat(4096)}\r\n\r\nab`));
    expect((await client.readLine())?.length).toBe(4096);
    expect(await client.readLine()).toBe("");
    const last = client.readLine();
    raw.data(ascii("c\r"));
    raw.data(ascii("\n"));
    expect(await last).toBe("abc");
    raw.data(Uint8Array.of(0xe9, 13, 10));
    expect(await client.readLine()).toBe("é");
  });

  test.each([0, -1, 1.5, 65_537, Number.NaN])("read(%d) and readLine(%d) are usage errors", async (length) => {
    const client = plain(rawTransport().transport);
    await expect(client.read(length)).rejects.toMatchObject({ code: "usage" });
    await expect(client.readLine(length)).rejects.toMatchObject({ code: "usage" });
  });

  test("write refuses text, and waits while the transport is full", async () => {
    const raw = rawTransport({ result: "full" });
    const client = plain(raw.transport);
    await expect(client.write("text" as never)).rejects.toMatchObject({ code: "usage" });
    let isDone = false;
    const bytes = ascii("abc");
    const writing = client.write(bytes).then(() => (isDone = true));
    // The caller may use the bytes again at once.
    bytes.fill(0);
    await new Promise((resolve) => setImmediate(resolve));
    expect([isDone, text(raw.sent[0])]).toEqual([false, "abc"]);
    raw.drain();
    await writing;
  });

  test("the transport is paused while more than 64 KiB are unread", async () => {
    const raw = rawTransport();
    const client = plain(raw.transport);
    raw.data(new Uint8Array(65_536));
    expect(raw.calls).toEqual([]);
    raw.data(new Uint8Array(1));
    expect(raw.calls).toEqual(["pause"]);
    await client.read(1);
    expect(raw.calls).toEqual(["pause", "resume"]);
  });

  test("a transport that cannot pause fails with more than 1 MiB unread", async () => {
    const raw = rawTransport({ canPause: false });
    const client = plain(raw.transport);
    for (let i = 0; i < 16; i++) raw.data(new Uint8Array(65_536));
    expect(raw.calls).not.toContain("abort inbound_overflow");
    raw.data(new Uint8Array(1));
    expect(raw.calls.at(-1)).toBe("abort inbound_overflow");
    await expect(client.startTls(clientOptions)).rejects.toMatchObject({ code: "inbound_overflow" });
  });

  test("a million single bytes take no longer than the same bytes at once", async () => {
    const raw = rawTransport({ canPause: false });
    plain(raw.transport);
    const one = Uint8Array.of(65);
    const start = process.cpuUsage();
    for (let i = 0; i < 1_000_000; i++) raw.data(one);
    // A copy of all unread bytes for each byte would take minutes.
    expect(process.cpuUsage(start).user / 1e6).toBeLessThan(20);
  });

  test("`close` sends everything and closes, `abort` closes at once; both reject the pending read", async () => {
    const closing = rawTransport();
    const first = plain(closing.transport);
    const reading = first.read();
    first.close();
    first.close();
    await expect(reading).rejects.toMatchObject({ code: "closed_locally" });
    expect(closing.calls).toEqual(["end"]);
    const aborting = rawTransport();
    const second = plain(aborting.transport);
    const line = second.readLine();
    second.abort();
    await expect(line).rejects.toMatchObject({ code: "aborted" });
    expect(aborting.calls).toEqual(["abort aborted"]);
  });

  test("only one read may be pending", async () => {
    const client = plain(rawTransport().transport);
    void client.read();
    await expect(client.readLine()).rejects.toMatchObject({ code: "usage" });
    client.abort();
  });
});

describe("time limits", () => {
  afterEach(() => void vi.useRealTimers());

  test.each(["readLine", "read", "write"] as const)(
    "%s fails after the timeout, even if bytes trickle in",
    async (name) => {
      vi.useFakeTimers();
      const raw = rawTransport({ result: "full" });
      const client = plain(raw.transport, { timeout: 1000 });
      const waiting =
        name === "write" ? client.write(ascii("x")) : name === "read" ? client.read(10) : client.readLine();
      const failed = expect(waiting).rejects.toMatchObject({ code: "plaintext_timeout" });
      for (let i = 0; i < 9; i++) {
        await vi.advanceTimersByTimeAsync(100);
        raw.data(ascii("x"));
      }
      expect(raw.calls).toEqual([]);
      await vi.advanceTimersByTimeAsync(100);
      await failed;
      expect(raw.calls).toEqual(["abort plaintext_timeout"]);
    },
  );

  test("no timer remains after a read", async () => {
    vi.useFakeTimers();
    const raw = rawTransport();
    const client = plain(raw.transport);
    raw.data(ascii("x"));
    await client.read();
    expect(vi.getTimerCount()).toBe(0);
  });

  test.each([{ timeout: 0 }, { timeout: "1" }, { time: 1 }])("plain(transport, %j) throws", (options) => {
    expect(() => plain(rawTransport().transport, options as never)).toThrow(/time/);
  });
});

test("plain refuses what is not a transport", () => {
  expect(() => plain({} as never)).toThrow("the transport");
});
