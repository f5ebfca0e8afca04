/**
 * ALPACA: an attacker leads a client to a server that has a certificate for the client's name, but speaks another
 * protocol. SNI and ALPN are strict, and a server that speaks no TLS gets no data.
 */
import type { AddressInfo } from "node:net";
import { messageProtocols, openMessages } from "@handclasp/core/messages";
import {
  connect,
  createServer,
  nodeCredential,
  type ServerOptions,
  TLS_RSA_WITH_AES_128_GCM_SHA256,
  type TlsError,
  type TlsServer,
} from "@handclasp/node";
import { testCa } from "@handclasp/testing";
import { afterEach, describe, expect, test } from "vitest";
import { uint16 } from "../../src/hostile/rawKeys.ts";
import { dial, listenRaw, type Wire } from "../../src/hostile/wire.ts";
import { extension, RawRsaClient } from "./rawRsaClient.ts";

const ca = await testCa();
const issue = async (...names: string[]) => nodeCredential(await ca.issue({ names, algorithm: "rsa-2048" }));
const web = await issue("www.example");
const files = await issue("files.example");
/** A certificate that a server of another protocol shares. */
const shared = await issue("*.shop.example", "localhost");

const stops: (() => unknown)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});

let handled = 0;
async function listen(options: ServerOptions): Promise<number> {
  handled = 0;
  const server: TlsServer = createServer({ onError() {}, ...options }, () => void handled++);
  stops.push(() => server.close({ grace: 0 }));
  return ((await server.listenTcp()).address() as AddressInfo).port;
}

const vector = (length: 1 | 2, body: Uint8Array): Buffer =>
  Buffer.concat([length === 1 ? Buffer.from([body.length]) : uint16(body.length), body]);
const alpn = (...protocols: readonly string[]): Buffer =>
  extension(16, vector(2, Buffer.concat(protocols.map((one) => vector(1, Buffer.from(one, "latin1"))))));
const serverName = (...names: readonly string[]): Buffer =>
  extension(
    0,
    vector(
      2,
      Buffer.concat(names.map((one) => Buffer.concat([Buffer.from([0]), vector(2, Buffer.from(one, "latin1"))]))),
    ),
  );

/** The alert that a raw ClientHello with these extensions gets, or "accepted". */
async function answerTo(port: number, extensions: readonly Buffer[]): Promise<string> {
  const client = new RawRsaClient(await dial("tcp", port), {
    suite: { id: TLS_RSA_WITH_AES_128_GCM_SHA256.id },
    extensions,
  });
  const failure = await client.start().then(
    () => undefined,
    (error: Error) => error.message,
  );
  const [, alert] = /got 21 02(..)$/.exec(failure ?? "") ?? [];
  // A refused client gets the alert, nothing else, and the end of the connection.
  if (failure) expect([alert, (await client.untilEnd()).length]).toEqual([expect.any(String), 0]);
  client.wire.socket.destroy();
  return alert ? `alert ${Number.parseInt(alert, 16)}` : "accepted";
}

const strict: ServerOptions = {
  credentials: [web, files],
  suites: [TLS_RSA_WITH_AES_128_GCM_SHA256],
  alpn: ["http/1.1"],
  requireAlpn: true,
};
const ours = serverName("www.example");
const http = alpn("http/1.1");

describe("a server with its own protocol and names", () => {
  test.each<[string, string, readonly Buffer[]]>([
    ["the right name and protocol", "accepted", [ours, http]],
    ["the name in upper case", "accepted", [serverName("WWW.EXAMPLE"), http]],
    ["its protocol after others", "accepted", [ours, alpn("ftp", "h2", "http/1.1")]],
    ["no protocol", "alert 120", [ours]],
    ["another protocol", "alert 120", [ours, alpn("ftp")]],
    ["its protocol in upper case", "alert 120", [ours, alpn("HTTP/1.1")]],
    ["a prefix of its protocol", "alert 120", [ours, alpn("http/1")]],
    ["its protocol as a prefix", "alert 120", [ours, alpn("http/1.10")]],
    ["its protocol with a NUL", "alert 120", [ours, alpn("http/1.1\0")]],
    ["its protocol in one name with another", "alert 120", [ours, alpn("ftp,http/1.1")]],
    ["an empty list of protocols", "alert 50", [ours, alpn()]],
    ["an empty protocol", "alert 50", [ours, alpn("", "http/1.1")]],
    [
      "bytes after the protocols",
      "alert 50",
      [ours, extension(16, Buffer.concat([http.subarray(4), Buffer.alloc(1)]))],
    ],
    ["protocols twice", "alert 50", [ours, http, alpn("ftp")]],
    ["another name", "alert 112", [serverName("mail.example"), http]],
    ["a name below its own", "alert 112", [serverName("a.www.example"), http]],
    ["a name that begins with its own", "alert 112", [serverName("www.example.evil.example"), http]],
    ["its own name with a NUL", "alert 47", [serverName("www.example\0.evil.example"), http]],
    ["its own name with a space", "alert 47", [serverName("www.example "), http]],
    ["an empty name", "alert 47", [serverName(""), http]],
    ["two names", "alert 47", [serverName("www.example", "files.example"), http]],
    ["names twice", "alert 50", [ours, serverName("files.example"), http]],
  ])("answers a raw ClientHello with %s: %s", async (_, expected, extensions) => {
    const port = await listen(strict);
    expect(await answerTo(port, extensions)).toBe(expected);
    expect(handled).toBe(0);
  });
});

describe("a client that an attacker leads to a server of another protocol with a valid certificate", () => {
  const client = { ca: ca.pem, serverName: "www.shop.example" };
  const refusal = async (opening: Promise<unknown>): Promise<TlsError> =>
    opening.then(
      () => {
        throw new Error("the connection was accepted");
      },
      (error: TlsError) => error,
    );

  test("is refused by a server with ALPN, and sends no data", async () => {
    const port = await listen({ credentials: shared, alpn: ["ftp"] });
    const error = await refusal(connect(`tcp://127.0.0.1:${port}`, { ...client, alpn: ["http/1.1"] }));
    expect(error).toMatchObject({ alert: "no_application_protocol", by: "peer" });
    expect(handled).toBe(0);
  });

  test("sees in `session.alpn` that no protocol is agreed, and openMessages refuses the server", async () => {
    const port = await listen({ credentials: shared });
    const channel = await connect(`tcp://127.0.0.1:${port}`, { ...client, alpn: messageProtocols });
    expect(channel.session.alpn).toBeNull();
    const { bytesSent } = channel.traffic;
    expect(await refusal(openMessages(channel))).toMatchObject({ code: "no_application_protocol" });
    expect(channel.traffic.bytesSent).toBe(bytesSent);
    await channel.close();
  });

  test("refuses a server whose certificate is for another name", async () => {
    const port = await listen({ credentials: files });
    expect(await refusal(connect(`tcp://127.0.0.1:${port}`, client))).toMatchObject({
      code: "name_mismatch",
      by: "us",
    });
  });

  test.each([
    ["FTP or SMTP", "220 ready\r\n"],
    ["IMAP", "* OK ready\r\n"],
    ["POP3", "+OK ready\r\n"],
    ["SSH", "SSH-2.0-OpenSSH_9.6\r\n"],
    ["HTTP", "HTTP/1.1 400 Bad Request\r\n\r\n"],
    ["a reflected line of the client", "500 unknown command <script>\r\n"],
    ["SSL 2.0", "\x80\x2e\x04\0\x01\0\x02"],
  ])("sends nothing but ClientHello and an alert to a server of %s", async (_, greeting) => {
    let accept!: (wire: Wire) => void;
    const accepted = new Promise<Wire>((resolve) => {
      accept = resolve;
    });
    const server = await listenRaw("tcp", accept);
    stops.push(() => server.close());
    const failing = refusal(connect(`tcp://127.0.0.1:${server.port}`, client));
    const wire = await accepted;
    wire.write(Buffer.from(greeting, "latin1"));
    const error = await failing;
    expect(error).toMatchObject({ by: "us", fault: "peer" });
    wire.finish();
    const received: Buffer[] = [];
    for (let bytes = await wire.read(); bytes; bytes = await wire.read()) received.push(bytes);
    const bytes = Buffer.concat(received);
    const hello = 5 + bytes.readUInt16BE(3);
    expect([bytes[0], bytes[5]]).toEqual([22, 1]);
    // A plaintext alert has two bytes.
    expect([...bytes.subarray(hello)]).toEqual([21, 3, expect.any(Number), 0, 2, 2, expect.any(Number)]);
  });
});
