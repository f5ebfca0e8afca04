import { type CommonOptions, connect, type TraceEvent } from "@handclasp/core";
import { acceptWith, serverHandshakeConfig, TlsConnection } from "@handclasp/core/unstable/engine";

import { memoryPair } from "@handclasp/testing";
import { beforeAll, describe, expect, test, vi } from "vitest";
import { nodeCrypto } from "../../../node/src/crypto/nodeCrypto.ts";
import { commonConfig } from "../../src/connection/options.ts";
import { clientHandshake } from "../../src/handshake/client.ts";
import type { Peer } from "../../src/handshake/peer.ts";
import { serverHandshake } from "../../src/handshake/server.ts";
import type { RecordWriter } from "../../src/record/writer.ts";
import type { RawExtension } from "../../src/wire/messages.ts";
import { trustPolicy } from "../../src/x509/verify.ts";
import { type Cast, cast, message, records } from "../handshake/mitm.ts";
import { turn } from "../record/support.ts";

/** The writers of all connections, in the order of their making: what no connection would say is put there. */
const writers = vi.hoisted(() => [] as RecordWriter[]);
vi.mock("../../src/record/writer.ts", async (original) => ({
  RecordWriter: class extends (await original<typeof import("../../src/record/writer.ts")>()).RecordWriter {
    constructor(...options: ConstructorParameters<typeof RecordWriter>) {
      super(...options);
      writers.push(this);
    }
  },
}));

let people: Cast;
beforeAll(async () => {
  people = await cast();
});

const handshake = 22;
const alert = 21;
const applicationData = 23;
const one = Uint8Array.of(1);

interface Established {
  readonly client: TlsConnection;
  readonly server: TlsConnection;
  /** Says things that no connection would, each in a record, and a byte of data behind them. */
  readonly clientSays: (type: 20 | 21 | 22 | 23, ...contents: readonly Uint8Array[]) => Promise<void>;
  readonly serverSays: Established["clientSays"];
  readonly clientEvents: TraceEvent[];
  readonly serverEvents: TraceEvent[];
}

async function established(
  prepare: (peer: Peer, role: "client" | "server") => void = () => {},
  options: CommonOptions & { readonly requireSecureRenegotiation?: boolean } = {},
): Promise<Established> {
  const { a, b } = memoryPair();
  const events = { client: [] as TraceEvent[], server: [] as TraceEvent[] };
  const own = (role: "client" | "server") => ({
    traceListener: (event: TraceEvent) => void events[role].push(event),
    signal: undefined,
    handshakeTimeout: 10_000,
    closeTimeout: 5000,
    allowHalfOpen: false,
  });
  const common = commonConfig({ provider: nodeCrypto, ...options });
  const config = serverHandshakeConfig({ provider: nodeCrypto, credentials: [people.server] });
  const client = new TlsConnection(
    a,
    {
      role: "client",
      handshake: (peer) => {
        prepare(peer, "client");
        return clientHandshake(peer, {
          ...common,
          serverName: "localhost",
          trust: trustPolicy({ ca: people.ca }),
          psk: undefined,
          maxFragmentLength: undefined,
          requireSecureRenegotiation: options.requireSecureRenegotiation ?? true,
          fallbackScsv: false,
          grease: undefined,
          ocsp: undefined,
          signedCertificateTimestamps: false,
          selectCredential: () => undefined,
          identity: [],
          identityFits: false,
          sessions: undefined,
          sessionScope: "",
        });
      },
      maxFragment: 16_384,
      maxRenegotiations: common.maxRenegotiations,
      traceSecrets: false,
    },
    own("client"),
  );
  const clientWriter = writers.at(-1) as RecordWriter;
  const server = new TlsConnection(
    b,
    {
      role: "server",
      handshake: (peer) => {
        prepare(peer, "server");
        return serverHandshake(peer, config);
      },
      maxFragment: 16_384,
      maxRenegotiations: common.maxRenegotiations,
      traceSecrets: false,
    },
    own("server"),
  );
  const serverWriter = writers.at(-1) as RecordWriter;
  await Promise.all([client.opened, server.opened]);
  const says =
    (connection: TlsConnection, writer: RecordWriter): Established["clientSays"] =>
    async (type, ...contents) => {
      for (const content of contents) writer.send(type, content);
      await connection.write(one);
    };
  return {
    client,
    server,
    clientSays: says(client, clientWriter),
    serverSays: says(server, serverWriter),
    clientEvents: events.client,
    serverEvents: events.server,
  };
}

/** What was traced; data is there before it is, by some microtasks. */
const alerts = (events: readonly TraceEvent[], direction: "sent" | "received") =>
  events.flatMap((event) =>
    event.type === "alert" && event.direction === direction ? [`${event.level} ${event.description}`] : [],
  );

async function bytes(connection: TlsConnection, count: number): Promise<number> {
  let got = 0;
  while (got < count) got += (await connection.read())?.length ?? Number.POSITIVE_INFINITY;
  return got;
}

describe("renegotiation", () => {
  const clientHello = message(1, new Uint8Array(40));
  test.each([
    ["a server's HelloRequest", "server", message(0)],
    ["a client's ClientHello", "client", clientHello],
  ] as const)("%s is refused with a warning, and the fourth is fatal", async (_, asks, hello) => {
    const ends = await established();
    const say = asks === "server" ? ends.serverSays : ends.clientSays;
    const refuser = asks === "server" ? ends.client : ends.server;
    const asker = asks === "server" ? ends.server : ends.client;
    const events = asks === "server" ? ends.clientEvents : ends.serverEvents;
    for (let i = 0; i < 3; i++) {
      await say(handshake, hello);
      expect(await bytes(refuser, 1)).toBe(1);
    }
    await turn();
    expect(alerts(events, "sent")).toEqual(Array.from({ length: 3 }, () => "warning no_renegotiation"));
    // The connection goes on, both ways.
    await refuser.write(Uint8Array.of(7));
    expect(await asker.read()).toEqual(Uint8Array.of(7));
    await say(handshake, hello);
    await expect(refuser.closed).rejects.toMatchObject({ alert: "no_renegotiation", by: "us" });
    await expect(asker.closed).rejects.toMatchObject({ alert: "no_renegotiation", by: "peer" });
    expect(alerts(events, "sent").at(-1)).toBe("fatal no_renegotiation");
  });

  test.each([
    ["a server's HelloRequest", "server", message(0)],
    ["a client's ClientHello", "client", clientHello],
  ] as const)('%s is fatal at once with renegotiation: "abort"', async (_, asks, hello) => {
    const ends = await established(() => {}, { renegotiation: "abort" });
    await (asks === "server" ? ends.serverSays : ends.clientSays)(handshake, hello);
    const [refuser, asker, events] =
      asks === "server" ? [ends.client, ends.server, ends.clientEvents] : [ends.server, ends.client, ends.serverEvents];
    await expect(refuser.closed).rejects.toMatchObject({ code: "no_renegotiation", by: "us" });
    await expect(asker.closed).rejects.toMatchObject({ alert: "no_renegotiation", by: "peer" });
    expect(alerts(events, "sent")).toEqual(["fatal no_renegotiation"]);
  });

  test("a ClientHello in pieces is refused once it is whole", async () => {
    const { server, clientSays, serverEvents } = await established();
    await clientSays(handshake, clientHello.subarray(0, 2), clientHello.subarray(2, 9), clientHello.subarray(9));
    expect(await bytes(server, 1)).toBeGreaterThanOrEqual(1);
    await turn();
    expect(alerts(serverEvents, "sent")).toEqual(["warning no_renegotiation"]);
  });

  test("a HelloRequest with a body is no HelloRequest", async () => {
    const { client, serverSays } = await established();
    await serverSays(handshake, message(0, one));
    await expect(client.closed).rejects.toMatchObject({ alert: "decode_error", by: "us" });
  });

  test("application data within a handshake message is refused", async () => {
    const { server, clientSays } = await established();
    await clientSays(handshake, clientHello.subarray(0, 10));
    await expect(server.closed).rejects.toMatchObject({ alert: "unexpected_message", by: "us" });
  });

  test.each([
    ["a server's Finished", "server", message(20, new Uint8Array(12))],
    ["a server's ClientHello", "server", clientHello],
    ["a client's HelloRequest", "client", message(0)],
  ] as const)("%s is unexpected", async (_, from, bytes) => {
    const ends = await established();
    await (from === "server" ? ends.serverSays : ends.clientSays)(handshake, bytes);
    await expect((from === "server" ? ends.client : ends.server).closed).rejects.toMatchObject({
      alert: "unexpected_message",
      by: "us",
    });
  });
});

describe("extensions that a peer does not have", () => {
  /** Its hello is without them; it reads and counts on what it gets all the same. */
  const lacking =
    (who: "client" | "server", id: number) =>
    (peer: Peer, role: "client" | "server"): void => {
      if (role !== who) return;
      const send = peer.send.bind(peer);
      peer.send = (type, body) => {
        const { extensions } = body as { readonly extensions?: readonly RawExtension[] };
        send(type, extensions ? { ...body, extensions: extensions.filter((one) => one.type !== id) } : body);
      };
    };
  test("renegotiation_info: a server goes without it where the client does not insist", async () => {
    const prepare = lacking("server", 0xff01);
    await expect(established(prepare)).rejects.toMatchObject({ code: "unsafe_legacy_renegotiation" });
    const { client, serverSays } = await established(prepare, { requireSecureRenegotiation: false });
    expect(client.session).toMatchObject({ secureRenegotiation: false });
    await serverSays(applicationData, one);
    expect(await bytes(client, 2)).toBe(2);
  });
  test("extended_master_secret: a client goes without it, and both derive the classic one", async () => {
    const { client, server, clientSays } = await established(lacking("client", 23));
    for (const { session } of [client, server]) expect(session).toMatchObject({ extendedMasterSecret: false });
    await clientSays(applicationData, one);
    expect(await bytes(server, 2)).toBe(2);
  });
});

describe("Finished", () => {
  test.each(["client", "server"] as const)("a %s that saw another handshake is found out", async (liar) => {
    const failure = await established((peer, role) => {
      if (role !== liar) return;
      const send = peer.send.bind(peer);
      peer.send = (type, body) =>
        send(type, type.name === "finished" ? ({ verifyData: new Uint8Array(12) } as typeof body) : body);
    }).catch((error: unknown) => error);
    // The one who checks it raises it, or the liar hears of it first: both are the same alert.
    expect(failure).toMatchObject({ alert: "decrypt_error" });
  });
});

describe("limits", () => {
  const repeat = (
    { clientSays }: Established,
    count: number,
    type: 20 | 21 | 22 | 23,
    content: Uint8Array,
  ): Promise<void> => clientSays(type, ...Array.from({ length: count }, () => content));
  test("32 empty records in a row are borne, 33 are not", async () => {
    const ends = await established();
    await repeat(ends, 32, applicationData, new Uint8Array(0));
    await repeat(ends, 32, applicationData, new Uint8Array(0));
    expect(await bytes(ends.server, 2)).toBe(2);
    await repeat(ends, 33, applicationData, new Uint8Array(0));
    await expect(ends.server.closed).rejects.toMatchObject({ code: "too_many_empty_records", by: "us" });
  });
  test("four warnings in a row are borne, five are not", async () => {
    const ends = await established();
    await repeat(ends, 4, alert, Uint8Array.of(1, 90));
    await repeat(ends, 4, alert, Uint8Array.of(1, 90));
    expect(await bytes(ends.server, 2)).toBe(2);
    await repeat(ends, 5, alert, Uint8Array.of(1, 90));
    await expect(ends.server.closed).rejects.toMatchObject({ code: "too_many_warning_alerts", by: "us" });
  });
  test("a warning in two records counts as one, and so does each of several in a record", async () => {
    const ends = await established();
    const [level, description] = [Uint8Array.of(1), Uint8Array.of(90)];
    await ends.clientSays(alert, level, description, level, description, level, description, level, description);
    expect(await bytes(ends.server, 1)).toBe(1);
    await ends.clientSays(alert, Uint8Array.of(1, 90, 1, 90, 1, 90, 1, 90, 1), description);
    await expect(ends.server.closed).rejects.toMatchObject({ code: "too_many_warning_alerts", by: "us" });
  });
  test("a peer with records of one byte closes in order (RFC 5246 §6.2.1)", async () => {
    const { client, serverSays } = await established();
    await serverSays(alert, Uint8Array.of(1), Uint8Array.of(0));
    expect(await client.read()).toBeUndefined();
    await client.closed;
  });
  test("data may stand between the halves of an alert", async () => {
    const { client, serverSays } = await established();
    await serverSays(alert, Uint8Array.of(1));
    await serverSays(alert, Uint8Array.of(0));
    expect(await client.read()).toEqual(one);
    expect(await client.read()).toBeUndefined();
    await client.closed;
  });
  test("ChangeCipherSpec is refused", async () => {
    const ends = await established();
    await repeat(ends, 1, 20, one);
    await expect(ends.server.closed).rejects.toMatchObject({ alert: "unexpected_message", by: "us" });
    await expect(ends.client.closed).rejects.toMatchObject({ alert: "unexpected_message", by: "peer" });
  });
  test("what comes behind close_notify is ignored (RFC 5246 §7.2.1)", async () => {
    const { client, serverSays, clientEvents } = await established();
    await serverSays(alert, Uint8Array.of(1, 0));
    await serverSays(applicationData, Uint8Array.of(5, 6));
    expect(await client.read()).toBeUndefined();
    expect(await client.read()).toBeUndefined();
    await client.closed;
    expect(alerts(clientEvents, "sent")).toEqual(["warning close_notify"]);
  });
  test("what is written before the handshake is done waits for it (RFC 5246 §7.3)", async () => {
    const sent: number[] = [];
    const { a, b } = memoryPair({
      alter(bytes, direction) {
        if (direction === "b->a") sent.push(...records(bytes).map(({ type }) => type));
        return bytes;
      },
    });
    const server = acceptWith(serverHandshakeConfig({ provider: nodeCrypto, credentials: [people.server] }), b, {});
    const early = server.write(Uint8Array.of(7));
    const client = await connect(a, { provider: nodeCrypto, ca: people.ca, serverName: "localhost" });
    expect(await client.read()).toEqual(Uint8Array.of(7));
    await early;
    // ServerHello to ServerHelloDone, ChangeCipherSpec, Finished.
    expect(sent).toEqual([handshake, handshake, handshake, handshake, 20, handshake, applicationData]);
  });
  test("what came before a bad record is delivered", async () => {
    const ends = await established();
    await ends.client.write(Uint8Array.of(5, 6));
    await ends.clientSays(20, one).catch(() => {});
    expect(await ends.server.read()).toEqual(Uint8Array.of(5, 6));
    await expect(ends.server.read()).rejects.toMatchObject({ alert: "unexpected_message" });
  });
});

describe("the version of records", () => {
  test("is 3.1 for a client's first, which old servers want, and 3.3 from then on and for a server (RFC 5246 §E.1)", async () => {
    const { clientEvents, serverEvents } = await established();
    const sent = (events: readonly TraceEvent[]) =>
      events.flatMap((event) => (event.type === "record" && event.direction === "sent" ? [event.header[2]] : []));
    expect(sent(clientEvents)).toEqual([1, 3, 3, 3]);
    expect(new Set(sent(serverEvents))).toEqual(new Set([3]));
  });
});

describe("what is not TLS", () => {
  test.each([
    ["GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", "plain HTTP", "plain_http"],
    ["POST / HTTP/1.1\r\n\r\n", "plain HTTP", "plain_http"],
    ["SSH-2.0-OpenSSH_9.6\r\n", "not TLS", "not_tls"],
  ])("%j to a server is said to be what it looks like", async (text, named, code) => {
    const { a, b } = memoryPair();
    a.start({ data() {}, drain() {}, end() {}, error() {} });
    a.send(new TextEncoder().encode(text));
    const server = acceptWith(serverHandshakeConfig({ provider: nodeCrypto, credentials: [people.server] }), b, {
      handshakeTimeout: 1000,
    });
    await expect(server.opened).rejects.toMatchObject({
      alert: "unexpected_message",
      code,
      message: expect.stringContaining(named),
    });
  });
  test("an HTTP reply to a client too", async () => {
    const { a, b } = memoryPair();
    b.start({ data() {}, drain() {}, end() {}, error() {} });
    b.send(new TextEncoder().encode("HTTP/1.1 400 Bad Request\r\n\r\n"));
    await expect(connect(a, { provider: nodeCrypto, ca: people.ca, serverName: "localhost" })).rejects.toMatchObject({
      message: expect.stringContaining("plain HTTP"),
    });
  });
});
