import { type CommonOptions, connect, type TraceEvent } from "@handclasp/core";
import { acceptWith, serverHandshakeConfig, TlsConnection } from "@handclasp/core/unstable/engine";

import { memoryPair } from "@handclasp/testing";
import { beforeAll, describe, expect, test, vi } from "vitest";
import { nodeCrypto } from "../../../node/src/crypto/nodeCrypto.ts";
import { commonConfig } from "../../src/connection/options.ts";
import { clientHandshake } from "../../src/handshake/client.ts";
import type { HandshakeLink } from "../../src/handshake/link.ts";
import { serverHandshake } from "../../src/handshake/server.ts";
import type { RecordWriter } from "../../src/record/writer.ts";
import type { RawExtension } from "../../src/wire/messages.ts";
import { trustPolicy } from "../../src/x509/trust.ts";
import { issuePki, message, type Pki, parseRecords } from "../handshake/mitm.ts";
import { turn } from "../record/support.ts";

/**
 * The writers of all connections, in the order of their creation. With them, the tests send records that a
 * connection would not send.
 */
const writers = vi.hoisted(() => [] as RecordWriter[]);
vi.mock("../../src/record/writer.ts", async (original) => ({
  RecordWriter: class extends (await original<typeof import("../../src/record/writer.ts")>()).RecordWriter {
    constructor(...options: ConstructorParameters<typeof RecordWriter>) {
      super(...options);
      writers.push(this);
    }
  },
}));

let pki: Pki;
beforeAll(async () => {
  pki = await issuePki();
});

const handshake = 22;
const alert = 21;
const applicationData = 23;
const oneByte = Uint8Array.of(1);

interface Established {
  readonly client: TlsConnection;
  readonly server: TlsConnection;
  /** Sends contents that a connection would not send, each in a record if it is not data, then one byte of data. */
  readonly sendAsClient: (type: 20 | 21 | 22 | 23, ...contents: readonly Uint8Array[]) => Promise<void>;
  readonly sendAsServer: Established["sendAsClient"];
  readonly clientEvents: TraceEvent[];
  readonly serverEvents: TraceEvent[];
}

async function established(
  prepare: (link: HandshakeLink, role: "client" | "server") => void = () => {},
  options: CommonOptions & { readonly requireSecureRenegotiation?: boolean } = {},
): Promise<Established> {
  const { a, b } = memoryPair();
  const events = { client: [] as TraceEvent[], server: [] as TraceEvent[] };
  const connectionOptions = (role: "client" | "server") => ({
    traceListener: (event: TraceEvent) => void events[role].push(event),
    signal: undefined,
    handshakeTimeout: 10_000,
    closeTimeout: 5000,
    allowHalfOpen: false,
  });
  const common = commonConfig({ provider: nodeCrypto, ...options });
  const config = serverHandshakeConfig({ provider: nodeCrypto, credentials: [pki.server] });
  const client = new TlsConnection(
    a,
    {
      role: "client",
      handshake: (link) => {
        prepare(link, "client");
        return clientHandshake(link, {
          ...common,
          serverName: "localhost",
          trust: trustPolicy({ ca: pki.ca }),
          psk: undefined,
          maxFragmentLength: undefined,
          requireSecureRenegotiation: options.requireSecureRenegotiation ?? true,
          fallbackScsv: false,
          grease: undefined,
          ocsp: undefined,
          signedCertificateTimestamps: false,
          selectCredential: () => undefined,
          ownCertificates: [],
          matchesIssuers: false,
          sessions: undefined,
          sessionScope: "",
        });
      },
      maxFragment: 16_384,
      maxRefusals: common.maxRefusals,
      traceSecrets: false,
    },
    connectionOptions("client"),
  );
  const clientWriter = writers.at(-1) as RecordWriter;
  const server = new TlsConnection(
    b,
    {
      role: "server",
      handshake: (link) => {
        prepare(link, "server");
        return serverHandshake(link, config);
      },
      maxFragment: 16_384,
      maxRefusals: common.maxRefusals,
      traceSecrets: false,
    },
    connectionOptions("server"),
  );
  const serverWriter = writers.at(-1) as RecordWriter;
  await Promise.all([client.opened, server.opened]);
  const sendThenData =
    (connection: TlsConnection, writer: RecordWriter): Established["sendAsClient"] =>
    async (type, ...contents) => {
      for (const content of contents) writer.send(type, content);
      await connection.write(oneByte);
    };
  return {
    client,
    server,
    sendAsClient: sendThenData(client, clientWriter),
    sendAsServer: sendThenData(server, serverWriter),
    clientEvents: events.client,
    serverEvents: events.server,
  };
}

/** The traced alerts. Their events may come some microtasks after data that arrived later. */
const alerts = (events: readonly TraceEvent[], direction: "sent" | "received") =>
  events.flatMap((event) =>
    event.type === "alert" && event.direction === direction ? [`${event.level} ${event.description}`] : [],
  );

async function readBytes(connection: TlsConnection, count: number): Promise<number> {
  let received = 0;
  while (received < count) received += (await connection.read())?.length ?? Number.POSITIVE_INFINITY;
  return received;
}

describe("renegotiation", () => {
  const clientHello = message(1, new Uint8Array(40));
  test.each([
    ["a server's HelloRequest", "server", message(0)],
    ["a client's ClientHello", "client", clientHello],
  ] as const)("%s is refused with a warning, and the fourth is fatal", async (_, requester, hello) => {
    const ends = await established();
    const sendAs = requester === "server" ? ends.sendAsServer : ends.sendAsClient;
    const refuserEnd = requester === "server" ? ends.client : ends.server;
    const requesterEnd = requester === "server" ? ends.server : ends.client;
    const events = requester === "server" ? ends.clientEvents : ends.serverEvents;
    for (let i = 0; i < 3; i++) {
      await sendAs(handshake, hello);
      expect(await readBytes(refuserEnd, 1)).toBe(1);
    }
    await turn();
    expect(alerts(events, "sent")).toEqual(Array.from({ length: 3 }, () => "warning no_renegotiation"));
    // The connection continues in both directions.
    await refuserEnd.write(Uint8Array.of(7));
    expect(await requesterEnd.read()).toEqual(Uint8Array.of(7));
    await sendAs(handshake, hello);
    await expect(refuserEnd.closed).rejects.toMatchObject({ alert: "no_renegotiation", by: "us" });
    await expect(requesterEnd.closed).rejects.toMatchObject({ alert: "no_renegotiation", by: "peer" });
    expect(alerts(events, "sent").at(-1)).toBe("fatal no_renegotiation");
  });

  test.each([
    ["a server's HelloRequest", "server", message(0)],
    ["a client's ClientHello", "client", clientHello],
  ] as const)('%s is fatal at once with renegotiation: "abort"', async (_, requester, hello) => {
    const ends = await established(() => {}, { renegotiation: "abort" });
    await (requester === "server" ? ends.sendAsServer : ends.sendAsClient)(handshake, hello);
    const [refuserEnd, requesterEnd, events] =
      requester === "server"
        ? [ends.client, ends.server, ends.clientEvents]
        : [ends.server, ends.client, ends.serverEvents];
    await expect(refuserEnd.closed).rejects.toMatchObject({ code: "no_renegotiation", by: "us" });
    await expect(requesterEnd.closed).rejects.toMatchObject({ alert: "no_renegotiation", by: "peer" });
    expect(alerts(events, "sent")).toEqual(["fatal no_renegotiation"]);
  });

  test("a ClientHello in pieces is refused once it is complete", async () => {
    const { server, sendAsClient, serverEvents } = await established();
    await sendAsClient(handshake, clientHello.subarray(0, 2), clientHello.subarray(2, 9), clientHello.subarray(9));
    expect(await readBytes(server, 1)).toBeGreaterThanOrEqual(1);
    await turn();
    expect(alerts(serverEvents, "sent")).toEqual(["warning no_renegotiation"]);
  });

  test("a HelloRequest with a body is refused with decode_error", async () => {
    const { client, sendAsServer } = await established();
    await sendAsServer(handshake, message(0, oneByte));
    await expect(client.closed).rejects.toMatchObject({ alert: "decode_error", by: "us" });
  });

  test("application data within a handshake message is refused", async () => {
    const { server, sendAsClient } = await established();
    await sendAsClient(handshake, clientHello.subarray(0, 10));
    await expect(server.closed).rejects.toMatchObject({ alert: "unexpected_message", by: "us" });
  });

  test.each([
    ["a server's Finished", "server", message(20, new Uint8Array(12))],
    ["a server's ClientHello", "server", clientHello],
    ["a client's HelloRequest", "client", message(0)],
  ] as const)("%s is unexpected", async (_, from, unexpected) => {
    const ends = await established();
    await (from === "server" ? ends.sendAsServer : ends.sendAsClient)(handshake, unexpected);
    await expect((from === "server" ? ends.client : ends.server).closed).rejects.toMatchObject({
      alert: "unexpected_message",
      by: "us",
    });
  });
});

describe("extensions that a peer does not support", () => {
  /** Removes the extension from the hello of one side, which otherwise behaves as if both sides had it. */
  const withoutExtension =
    (sender: "client" | "server", id: number) =>
    (link: HandshakeLink, role: "client" | "server"): void => {
      if (role !== sender) return;
      const send = link.send.bind(link);
      link.send = (type, body) => {
        const { extensions } = body as { readonly extensions?: readonly RawExtension[] };
        send(
          type,
          extensions ? { ...body, extensions: extensions.filter((extension) => extension.type !== id) } : body,
        );
      };
    };
  test("renegotiation_info: a server without it is accepted only if the client does not require it", async () => {
    const prepare = withoutExtension("server", 0xff01);
    await expect(established(prepare)).rejects.toMatchObject({ code: "unsafe_legacy_renegotiation" });
    const { client, sendAsServer } = await established(prepare, { requireSecureRenegotiation: false });
    expect(client.session).toMatchObject({ secureRenegotiation: false });
    await sendAsServer(applicationData, oneByte);
    expect(await readBytes(client, 2)).toBe(2);
  });
  test("extended_master_secret: if the client lacks it, both sides derive the classic master secret", async () => {
    const { client, server, sendAsClient } = await established(withoutExtension("client", 23));
    for (const { session } of [client, server]) expect(session).toMatchObject({ extendedMasterSecret: false });
    await sendAsClient(applicationData, oneByte);
    expect(await readBytes(server, 2)).toBe(2);
  });
});

describe("the handshake fails if a Finished message", () => {
  test.each(["client", "server"] as const)(
    "of the %s has wrong verify_data: the other side refuses it with decrypt_error",
    async (faultyRole) => {
      const failure = await established((link, role) => {
        if (role !== faultyRole) return;
        const send = link.send.bind(link);
        link.send = (type, body) =>
          send(type, type.name === "finished" ? ({ verifyData: new Uint8Array(12) } as typeof body) : body);
      }).catch((error: unknown) => error);
      // The error is that of the peer, which sends the alert, or of the faulty side, which receives it.
      expect(failure).toMatchObject({ alert: "decrypt_error" });
    },
  );
});

describe("limits and the order of messages", () => {
  const sendRepeatedly = (
    { sendAsClient }: Established,
    count: number,
    type: 20 | 21 | 22 | 23,
    content: Uint8Array,
  ): Promise<void> => sendAsClient(type, ...Array.from({ length: count }, () => content));
  test("32 empty records in a row are accepted, 33 are not", async () => {
    const ends = await established();
    await sendRepeatedly(ends, 32, applicationData, new Uint8Array(0));
    await sendRepeatedly(ends, 32, applicationData, new Uint8Array(0));
    expect(await readBytes(ends.server, 2)).toBe(2);
    await sendRepeatedly(ends, 33, applicationData, new Uint8Array(0));
    await expect(ends.server.closed).rejects.toMatchObject({ code: "too_many_empty_records", by: "us" });
  });
  test("four warnings in a row are accepted, five are not", async () => {
    const ends = await established();
    await sendRepeatedly(ends, 4, alert, Uint8Array.of(1, 90));
    await sendRepeatedly(ends, 4, alert, Uint8Array.of(1, 90));
    expect(await readBytes(ends.server, 2)).toBe(2);
    await sendRepeatedly(ends, 5, alert, Uint8Array.of(1, 90));
    await expect(ends.server.closed).rejects.toMatchObject({ code: "too_many_warning_alerts", by: "us" });
  });
  test("a warning in two records counts as one, and several warnings in one record count as several", async () => {
    const ends = await established();
    const [level, description] = [Uint8Array.of(1), Uint8Array.of(90)];
    await ends.sendAsClient(alert, level, description, level, description, level, description, level, description);
    expect(await readBytes(ends.server, 1)).toBe(1);
    await ends.sendAsClient(alert, Uint8Array.of(1, 90, 1, 90, 1, 90, 1, 90, 1), description);
    await expect(ends.server.closed).rejects.toMatchObject({ code: "too_many_warning_alerts", by: "us" });
  });
  test("a close_notify in two records of one byte closes the connection cleanly (RFC 5246 §6.2.1)", async () => {
    const { client, sendAsServer } = await established();
    await sendAsServer(alert, Uint8Array.of(1), Uint8Array.of(0));
    expect(await client.read()).toBeUndefined();
    await client.closed;
  });
  test("data may come between the halves of an alert", async () => {
    const { client, sendAsServer } = await established();
    await sendAsServer(alert, Uint8Array.of(1));
    await sendAsServer(alert, Uint8Array.of(0));
    expect(await client.read()).toEqual(oneByte);
    expect(await client.read()).toBeUndefined();
    await client.closed;
  });
  test("a ChangeCipherSpec after the handshake is refused", async () => {
    const ends = await established();
    await sendRepeatedly(ends, 1, 20, oneByte);
    await expect(ends.server.closed).rejects.toMatchObject({ alert: "unexpected_message", by: "us" });
    await expect(ends.client.closed).rejects.toMatchObject({ alert: "unexpected_message", by: "peer" });
  });
  test("data after close_notify is ignored (RFC 5246 §7.2.1)", async () => {
    const { client, sendAsServer, clientEvents } = await established();
    await sendAsServer(alert, Uint8Array.of(1, 0));
    await sendAsServer(applicationData, Uint8Array.of(5, 6));
    expect(await client.read()).toBeUndefined();
    expect(await client.read()).toBeUndefined();
    await client.closed;
    expect(alerts(clientEvents, "sent")).toEqual(["warning close_notify"]);
  });
  test("data written before the handshake is done waits for it (RFC 5246 §7.3)", async () => {
    const sent: number[] = [];
    const { a, b } = memoryPair({
      alter(bytes, direction) {
        if (direction === "b->a") sent.push(...parseRecords(bytes).map(({ type }) => type));
        return bytes;
      },
    });
    const server = acceptWith(serverHandshakeConfig({ provider: nodeCrypto, credentials: [pki.server] }), b, {});
    const earlyWrite = server.write(Uint8Array.of(7));
    const client = await connect(a, { provider: nodeCrypto, ca: pki.ca, serverName: "localhost" });
    expect(await client.read()).toEqual(Uint8Array.of(7));
    await earlyWrite;
    // ServerHello to ServerHelloDone, ChangeCipherSpec, Finished.
    expect(sent).toEqual([handshake, handshake, handshake, handshake, 20, handshake, applicationData]);
  });
  test("data before a bad record is delivered", async () => {
    const ends = await established();
    await ends.client.write(Uint8Array.of(5, 6));
    await ends.sendAsClient(20, oneByte).catch(() => {});
    expect(await ends.server.read()).toEqual(Uint8Array.of(5, 6));
    await expect(ends.server.read()).rejects.toMatchObject({ alert: "unexpected_message" });
  });
});

describe("the version of records", () => {
  test("is 3.1 for a client's first record, for old servers, and 3.3 for all others (RFC 5246 §E.1)", async () => {
    const { clientEvents, serverEvents } = await established();
    const sent = (events: readonly TraceEvent[]) =>
      events.flatMap((event) => (event.type === "record" && event.direction === "sent" ? [event.header[2]] : []));
    expect(sent(clientEvents)).toEqual([1, 3, 3, 3]);
    expect(new Set(sent(serverEvents))).toEqual(new Set([3]));
  });
});

describe("a peer that does not speak TLS", () => {
  test.each([
    ["GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", "plain HTTP", "plain_http"],
    ["POST / HTTP/1.1\r\n\r\n", "plain HTTP", "plain_http"],
    ["SSH-2.0-OpenSSH_9.6\r\n", "not TLS", "not_tls"],
  ])("is recognised, and the server's error tells HTTP from other protocols: %j", async (text, named, code) => {
    const { a, b } = memoryPair();
    a.start({ data() {}, drain() {}, end() {}, error() {} });
    a.send(new TextEncoder().encode(text));
    const server = acceptWith(serverHandshakeConfig({ provider: nodeCrypto, credentials: [pki.server] }), b, {
      handshakeTimeout: 1000,
    });
    await expect(server.opened).rejects.toMatchObject({
      alert: "unexpected_message",
      code,
      message: expect.stringContaining(named),
    });
  });
  test("is recognised, and the client's error names its protocol, if it sends an HTTP response", async () => {
    const { a, b } = memoryPair();
    b.start({ data() {}, drain() {}, end() {}, error() {} });
    b.send(new TextEncoder().encode("HTTP/1.1 400 Bad Request\r\n\r\n"));
    await expect(connect(a, { provider: nodeCrypto, ca: pki.ca, serverName: "localhost" })).rejects.toMatchObject({
      message: expect.stringContaining("plain HTTP"),
    });
  });
});
