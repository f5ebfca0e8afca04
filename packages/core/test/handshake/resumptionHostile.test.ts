/**
 * Hostile resumption: clients that offer sessions made with other parameters, servers that resume wrongly, and altered
 * tickets and faulty stores.
 */

import {
  type AcceptOptions,
  alertDescriptions,
  type ClientSessions,
  type ConnectOptions,
  connect,
  keepSessions,
  memoryStore,
  pskSuites,
  type SessionStore,
  TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
  TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
  type TlsConnection,
  TlsError,
  type TraceEvent,
} from "@handclasp/core";
import { fromHex } from "@handclasp/core/unstable";

import { acceptWith, type SessionKeeper, type SuiteRow, serverHandshakeConfig } from "@handclasp/core/unstable/engine";

import { type MemoryPairOptions, memoryPair, testCa } from "@handclasp/testing";
import { describe, expect, test, vi } from "vitest";
import { nodeCredential } from "../../../node/src/crypto/credential.ts";
import { nodeCrypto } from "../../../node/src/crypto/nodeCrypto.ts";
import { waitFor } from "../../src/flow.ts";
import { sessionTicketServer } from "../../src/handshake/extensions/sessionTicket.ts";
import { newSessionId } from "../../src/handshake/resumption/server.ts";
import { readSessionState, type SessionState, writeSessionState } from "../../src/handshake/resumption/state.ts";
import { decode, encode } from "../../src/wire/codec.ts";
import { type ClientHello, clientHello, type ServerHello, serverHello } from "../../src/wire/messages.ts";
import { virtualTime } from "../virtualTime.ts";
import { parseRecords, record } from "./mitm.ts";

virtualTime();

const ca = await testCa();
const credential = nodeCredential(await ca.issue({ names: ["localhost", "b.example"] }));
const client = nodeCredential(await ca.issue({ client: true }));
const ticketKeys = [new Uint8Array(48).fill(1)];

type Client = Partial<ConnectOptions>;
type Server = Partial<AcceptOptions>;
interface Ends {
  readonly client: TlsConnection | TlsError;
  readonly server: TlsConnection | TlsError;
  readonly declined: string | undefined;
}

const configOf = (options: Server = {}) =>
  serverHandshakeConfig({ provider: nodeCrypto, credentials: [credential], ...options });

/** Each side's connection after the handshake, or its error. */
async function attempt(
  config: ReturnType<typeof serverHandshakeConfig>,
  options: Client,
  wire: MemoryPairOptions = {},
): Promise<Ends> {
  const { a, b } = memoryPair(wire);
  let declined: string | undefined;
  const trace = (event: TraceEvent) => {
    if (event.type === "resumption" && !event.resumed) declined = event.reason;
  };
  const common = { provider: nodeCrypto, handshakeTimeout: 2000 };
  const accepted = acceptWith(config, b, { ...common, trace });
  const [mine, theirs] = await Promise.allSettled([
    connect(a, { ...common, ca: ca.pem, serverName: "localhost", ...options }),
    accepted.opened,
  ]);
  return {
    client: mine.status === "fulfilled" ? mine.value : mine.reason,
    server: theirs.status === "fulfilled" ? accepted : theirs.reason,
    declined,
  };
}

const opened = (end: TlsConnection | TlsError): TlsConnection => {
  if (TlsError.is(end)) throw end;
  return end;
};
const close = (...ends: readonly (TlsConnection | TlsError)[]) =>
  Promise.all(
    ends.map((end) =>
      opened(end)
        .close()
        .catch(() => {}),
    ),
  );

/** A client's store for one session. */
function oneSlot(): SessionStore & { session: Uint8Array | undefined } {
  return {
    session: undefined,
    get() {
      return this.session;
    },
    set(_, session) {
      this.session = session;
    },
    delete() {
      this.session = undefined;
    },
  };
}

/** Runs a full handshake and returns the client's session. */
async function newSession(
  config: ReturnType<typeof serverHandshakeConfig>,
  options: Client = {},
): Promise<SessionState> {
  const store = oneSlot();
  const ends = await attempt(config, { ...options, sessions: keepSessions({ store, tickets: true }) });
  await close(ends.client, ends.server);
  const state = store.session && readSessionState(store.session);
  if (!state) throw new Error("the client stored no session");
  return state;
}

/** Client sessions that offer `state` to every server, without the client's own checks. */
function alwaysOffering(state: SessionState): SessionKeeper {
  const honest = keepSessions() as SessionKeeper;
  return {
    ...honest,
    find: () =>
      waitFor({
        state,
        resume: () => waitFor<never>(Promise.reject(new Error("it was resumed"))),
        forget: () => waitFor<void>(undefined),
      }),
  };
}

// A client sends no server_name for an address.
const byAddress: Client = { serverName: "127.0.0.1", verify: () => true, ca: undefined, insecure: true };

describe("a client that offers a session made with other parameters", () => {
  const cases: Readonly<
    Record<
      string,
      { first?: { client?: Client; server?: Server }; second?: { client?: Client; server?: Server }; reason: string }
    >
  > = {
    "for another server name": { second: { client: { serverName: "b.example" } }, reason: "server_name" },
    "without a server name": {
      second: { client: byAddress },
      reason: "server_name",
    },
    "with a server name, for a session without one": {
      first: { client: byAddress },
      reason: "server_name",
    },
    "with shorter fragments": { second: { client: { maxFragmentLength: 512 } }, reason: "max_fragment_length" },
    "with longer fragments": { first: { client: { maxFragmentLength: 512 } }, reason: "max_fragment_length" },
    "without its suite": {
      first: { client: { suites: [TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256] } },
      second: { client: { suites: [TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384] } },
      reason: "suite",
    },
    "after it has expired": { second: { server: { now: () => Date.now() + 7_201_000 } }, reason: "expired" },
    "more than a minute before it was made": {
      second: { server: { now: () => Date.now() - 65_000 } },
      reason: "expired",
    },
  };
  test.each(Object.entries(cases))("%s gets a full handshake", async (_, { first = {}, second = {}, reason }) => {
    for (const kind of [
      { ticketKeys, sessionStore: false as const },
      { tickets: false, sessionStore: memoryStore({ now: () => 0 }) },
    ]) {
      const state = await newSession(configOf({ ...kind, ...first.server }), first.client);
      expect(kind.tickets === false ? state.sessionId.length : state.ticket.length).toBeGreaterThan(0);
      const ends = await attempt(configOf({ ...kind, ...second.server }), {
        ...second.client,
        sessions: alwaysOffering(state),
      });
      expect(ends.declined).toBe(reason);
      expect(opened(ends.server).session.resumed).toBe(false);
      await close(ends.client, ends.server);
    }
  });

  test("made by a server whose clock is half a minute ahead is resumed", async () => {
    for (const kind of [
      { ticketKeys, sessionStore: false as const },
      { tickets: false, sessionStore: memoryStore({ now: () => 0 }) },
    ]) {
      const sessions = keepSessions({ tickets: kind.tickets !== false });
      for (const [ahead, resumed] of [
        [30_000, false],
        [0, true],
      ] as const) {
        const ends = await attempt(configOf({ ...kind, now: () => Date.now() + ahead }), { sessions });
        expect(opened(ends.server).session.resumed).toBe(resumed);
        await close(ends.client, ends.server);
      }
    }
  });

  test("without extended_master_secret gets handshake_failure (RFC 7627 §5.3)", async () => {
    const config = configOf({ ticketKeys });
    const state = await newSession(config);
    const ends = await attempt(
      config,
      { sessions: alwaysOffering(state) },
      { alter: onHello("a->b", withoutExtension(23)) },
    );
    expect(ends.server).toMatchObject({
      alert: "handshake_failure",
      code: "resumed_without_extended_master_secret",
      by: "us",
    });
    expect(ends.client).toMatchObject({ alert: "handshake_failure", by: "peer" });
  });

  test("without renegotiation_info, although the session was made with it, gets a full handshake", async () => {
    const config = configOf({ ticketKeys });
    const state = await newSession(config);
    const ends = await attempt(
      config,
      { sessions: alwaysOffering(state) },
      { alter: onHello("a->b", withoutExtension(0xff01)) },
    );
    expect(ends.declined).toBe("renegotiation_info");
  });

  test("with a client certificate that has expired since then gets a full handshake", async () => {
    const brief = nodeCredential(await ca.issue({ client: true, notAfter: new Date(Date.now() + 600_000) }));
    const server: Server = { ticketKeys, clientAuth: "require", ca: ca.pem };
    const state = await newSession(configOf(server), { credentials: brief });
    const afterExpiry = configOf({ ...server, now: () => Date.now() + 601_000 });
    const ends = await attempt(afterExpiry, { sessions: alwaysOffering(state), credentials: client });
    expect(ends.declined).toBe("expired");
  });
});

describe("a ticket that was altered", () => {
  test("in any byte, or truncated, is unknown, and causes a full handshake", async () => {
    const config = configOf({ ticketKeys });
    const state = await newSession(config);
    const { ticket } = state;
    const altered = [...ticket.keys()].map((i) => ticket.map((byte, j) => (i === j ? byte ^ 0x40 : byte)));
    const cut = [1, 15, 16, 17, 28, 43, 44, ticket.length - 1].map((length) => ticket.subarray(0, length));
    for (const one of [...altered, ...cut, new Uint8Array(60_000)]) {
      const ends = await attempt(config, { sessions: alwaysOffering({ ...state, ticket: one }) });
      expect(ends.declined).toBe("unknown");
      await close(ends.client, ends.server);
    }
  });

  test("and contains only the name of a valid key is unknown, like one with an invalid name", async () => {
    const config = configOf({ ticketKeys });
    const ends = await attempt(config, {
      sessions: alwaysOffering({ ...(await newSession(config)), ticket: new Uint8Array(16).fill(1) }),
    });
    expect(ends.declined).toBe("unknown");
    await close(ends.client, ends.server);
  });
});

test("if the lookup of a session's pre-shared key fails, the server makes a full handshake", async () => {
  const key = new Uint8Array(16).fill(1);
  let calls = 0;
  const lookup = () => {
    if (++calls === 2) throw new Error("the database is away");
    return key;
  };
  const config = configOf({ ticketKeys, suites: pskSuites, psk: { lookup } });
  const sessions = keepSessions();
  const options: Client = { suites: pskSuites, psk: { identity: "me", key }, ca: undefined, sessions };
  for (const declined of [undefined, "pre_shared_key"]) {
    const ends = await attempt(config, options);
    expect(opened(ends.server).session.resumed).toBe(false);
    expect(ends.declined).toBe(declined);
    await close(ends.client, ends.server);
  }
});

describe("ticket keys from a function", () => {
  test("may be overwritten in place: tickets that were encrypted before are then unknown", async () => {
    const key = new Uint8Array(48).fill(1);
    const config = configOf({ ticketKeys: () => [key], sessionStore: false });
    const sessions = keepSessions();
    for (const resumed of [false, true]) {
      const ends = await attempt(config, { sessions });
      expect(opened(ends.client).session.resumed).toBe(resumed);
      await close(ends.client, ends.server);
    }
    key.fill(2, 16); // The key's name stays the same; only its secret differs.
    const rotated = await attempt(config, { sessions });
    expect(rotated.declined).toBe("unknown");
    await close(rotated.client, rotated.server);
    const other = await attempt(configOf({ ticketKeys: [key], sessionStore: false }), { sessions });
    expect(opened(other.client).session.resumed).toBe(true);
    await close(other.client, other.server);
  });
  test("may be invalid: the connection succeeds without a ticket", async () => {
    const zeros = new Uint8Array(48).fill(1, 0, 16);
    const wrong = ["x".repeat(48), new Uint8Array(32), zeros, undefined] as unknown as Uint8Array[];
    expect(() => configOf({ ticketKeys: [zeros] })).toThrow(expect.objectContaining({ code: "configuration" }));
    for (const ticketKeys of wrong.map((key) => () => [key])) {
      const ends = await attempt(configOf({ ticketKeys }), { sessions: keepSessions() });
      expect(opened(ends.client).session.resumed).toBe(false);
      await close(ends.client, ends.server);
    }
  });
});

test("if the clock passes a session's expiry while its ticket is made, only the session is lost", async () => {
  let time = Date.now();
  const config = configOf({
    now: () => time,
    ticketKeys: () => {
      time += 7_200_000 + 5_000; // the machine slept
      return ticketKeys;
    },
  });
  const store = oneSlot();
  const ends = await attempt(config, { sessions: keepSessions({ store }) });
  expect(opened(ends.server).session.resumed).toBe(false);
  await close(ends.client, ends.server);
  const state = store.session && readSessionState(store.session);
  expect((state?.expires ?? 0) - (state?.created ?? 0)).toBe(1);
});

test.each([
  ["beyond 2106", 2 ** 32 * 1000 + 1],
  ["before 1970", -86_400_000],
])("a clock that is set %s does not prevent a handshake", async (_, time) => {
  const now = () => time;
  for (const options of [{ ticketKeys }, { tickets: false }]) {
    const config = configOf({ ...options, now });
    const trust: Client = { ca: undefined, insecure: true, sessions: keepSessions(), now };
    for (let i = 0; i < 2; i++) {
      const ends = await attempt(config, trust);
      expect(opened(ends.server).session.resumed).toBe(false);
      await close(ends.client, ends.server);
    }
  }
});

describe("a ticket and a session ID together (RFC 5077 §3.4)", () => {
  /** Offers `state` with `sessionId` in ClientHello. Returns the server's decisions and the session ID of its hello. */
  async function offer(config: ReturnType<typeof serverHandshakeConfig>, state: SessionState, sessionId: Uint8Array) {
    const onClientHello = onHello("a->b", (hello: ClientHello) => ({ ...hello, sessionId }) satisfies ClientHello);
    let answer: ServerHello | undefined;
    const onServerHello = onHello("b->a", (hello: ServerHello) => {
      answer = hello;
      return hello;
    });
    const { a, b } = memoryPair({
      alter: (bytes, direction) => (direction === "a->b" ? onClientHello : onServerHello)(bytes, direction),
    });
    const decisions: unknown[] = [];
    const trace = (event: TraceEvent) => {
      if (event.type === "resumption") decisions.push(event.resumed || event.reason);
    };
    const accepted = acceptWith(config, b, { handshakeTimeout: 2000, trace });
    await Promise.allSettled([
      connect(a, { provider: nodeCrypto, ca: ca.pem, serverName: "localhost", sessions: alwaysOffering(state) }),
      accepted.opened,
    ]);
    return { decisions, sessionId: answer?.sessionId };
  }
  const sessions = memoryStore();
  const config = configOf({ ticketKeys, sessionStore: sessions });

  test("if the ticket is unknown, the session ID is ignored", async () => {
    const state = await newSession(configOf({ tickets: false, sessionStore: sessions }));
    const { sessionId } = state;
    expect(sessionId).toHaveLength(32);
    expect(await offer(config, { ...state, ticket: new Uint8Array(100) }, sessionId)).toMatchObject({
      decisions: ["unknown"],
    });
    expect(await offer(config, state, sessionId)).toEqual({ decisions: [true], sessionId });
  });

  test.each([0, 1, 32])("if the ticket is accepted, a session ID of %i bytes is echoed", async (length) => {
    const sessionId = new Uint8Array(length).fill(7);
    expect(await offer(config, await newSession(config), sessionId)).toEqual({ decisions: [true], sessionId });
  });
});

describe("a client refuses a server that resumes", () => {
  const resumeWith = async (change: (hello: ServerHello) => ServerHello, options: Client = {}) => {
    const config = configOf({ ticketKeys });
    const store = oneSlot();
    const sessions = keepSessions({ store });
    const first = await attempt(config, { ...options, sessions });
    await close(first.client, first.server);
    const ends = await attempt(config, { ...options, sessions }, { alter: onHello("b->a", change) });
    return { ends, store };
  };
  test("with another suite", async () => {
    const { ends, store } = await resumeWith((hello) => ({ ...hello, cipherSuite: 0xc02c }));
    expect(ends.client).toMatchObject({ alert: "illegal_parameter", code: "resumed_with_other_suite" });
    expect(store.session).toBeUndefined();
  });
  test("without extended_master_secret (RFC 7627 §5.3)", async () => {
    const { ends } = await resumeWith(withoutExtension(23));
    expect(ends.client).toMatchObject({ alert: "handshake_failure", code: "resumed_without_extended_master_secret" });
  });
  test("without renegotiation_info", async () => {
    const { ends } = await resumeWith(withoutExtension(0xff01));
    expect(ends.client).toMatchObject({ alert: "handshake_failure", code: "unsafe_legacy_renegotiation" });
    // A session that was made with renegotiation_info requires it, even if the client's options do not.
    const lenient = await resumeWith(withoutExtension(0xff01), { requireSecureRenegotiation: false });
    expect(lenient.ends.client).toMatchObject({ alert: "handshake_failure", code: "renegotiation_mismatch" });
  });
  test("with an echoed session_id, and then sends a certificate", async () => {
    const config = configOf({ tickets: false, sessionStore: false });
    const state = await newSession(configOf({ ticketKeys }));
    let offeredId = new Uint8Array(0) as Uint8Array;
    const listen = onHello("a->b", (hello: ClientHello) => {
      offeredId = hello.sessionId;
      return hello;
    });
    const answer = onHello("b->a", (hello: ServerHello) => ({ ...hello, sessionId: offeredId }));
    const store = oneSlot();
    store.session = writeSessionState(state);
    const ends = await attempt(
      config,
      { sessions: keepSessions({ store }) },
      { alter: (bytes, direction) => (direction === "a->b" ? listen : answer)(bytes, direction) },
    );
    expect(offeredId).toHaveLength(32);
    expect(ends.client).toMatchObject({ alert: "unexpected_message", by: "us" });
  });
});

describe("a ticket that is too long for a ClientHello", () => {
  /** A server whose tickets have `length` bytes. */
  const serverWithTicketsOf = (length: number) => {
    const config = configOf({ ticketKeys });
    const { tickets } = config;
    if (!tickets) throw new Error("no tickets");
    vi.spyOn(tickets, "seal").mockImplementation(function* () {
      yield* waitFor(undefined);
      return new Uint8Array(length);
    });
    return config;
  };
  test("is not stored: otherwise every later connection would fail", async () => {
    const store = oneSlot();
    const sessions = keepSessions({ store });
    const first = await attempt(serverWithTicketsOf(65_500), { sessions });
    await close(first.client, first.server);
    expect(store.session).toBeUndefined();
    const second = await attempt(configOf({ ticketKeys }), { sessions });
    expect(opened(second.client).session.resumed).toBe(false);
    await close(second.client, second.server);
  });
  test("does not replace the ticket that is to be renewed", async () => {
    const store = oneSlot();
    const sessions = keepSessions({ store });
    const first = await attempt(configOf({ ticketKeys }), { sessions });
    await close(first.client, first.server);
    const before = store.session && readSessionState(store.session);
    const rotated = configOf({ ticketKeys: [new Uint8Array(48).fill(2), ...ticketKeys] });
    if (!rotated.tickets) throw new Error("no tickets");
    vi.spyOn(rotated.tickets, "seal").mockImplementation(function* () {
      yield* waitFor(undefined);
      return new Uint8Array(65_500);
    });
    const second = await attempt(rotated, { sessions });
    expect(opened(second.client).session.resumed).toBe(true);
    await close(second.client, second.server);
    const after = store.session && readSessionState(store.session);
    expect(after?.ticket.length).toBe(before?.ticket.length);
  });
});

describe("a session ends with a fatal alert (RFC 5246 §7.2.2)", () => {
  test.each(["client", "server"] as const)("that the %s sends: neither side resumes it", async (sender) => {
    const config = configOf({ tickets: false });
    const store = oneSlot();
    const sessions = keepSessions({ store });
    const ends = await attempt(config, { sessions });
    const state = store.session;
    expect(state).toBeDefined();
    opened(ends[sender]).abort(new Error("enough"));
    await expect(opened(ends[sender === "client" ? "server" : "client"]).closed).rejects.toMatchObject({ by: "peer" });
    expect(store.session).toBeUndefined();
    store.session = state;
    const again = await attempt(config, { sessions });
    expect(again.declined).toBe("unknown");
    expect(opened(again.client).session.resumed).toBe(false);
    await close(again.client, again.server);
  });
  test.each(["client", "server"] as const)("but not with a close_notify that the %s sends", async (sender) => {
    const config = configOf({ tickets: false });
    const store = oneSlot();
    const sessions = keepSessions({ store });
    const ends = await attempt(config, { sessions });
    await opened(ends[sender]).close();
    await close(ends.client, ends.server);
    expect(store.session).toBeDefined();
    const again = await attempt(config, { sessions });
    expect(opened(again.client).session.resumed).toBe(true);
    await close(again.client, again.server);
  });
  test("and a connection that is resuming it at that time does not store it again", async () => {
    const config = configOf({ ticketKeys });
    const store = oneSlot();
    const sessions = keepSessions({ store });
    const first = await attempt(config, { sessions });
    const alter = onHello("b->a", (hello: ServerHello) => {
      opened(first.client).abort(new Error("enough"));
      return hello;
    });
    const second = await attempt(config, { sessions }, { alter, delay: 5 });
    expect(opened(second.client).session.resumed).toBe(true);
    expect(store.session).toBeUndefined();
    await close(second.client, second.server);
  });
  test("with an unknown number, too", async () => {
    const store = oneSlot();
    const ends = await attempt(configOf({ ticketKeys }), { sessions: keepSessions({ store }) });
    expect(store.session).toBeDefined();
    // The alert is encrypted at once. When it arrives, the number is no longer in the table.
    const table = alertDescriptions as Record<string, number>;
    table.nameless = 200;
    opened(ends.server).abort(undefined, "nameless" as never);
    delete table.nameless;
    await expect(opened(ends.client).closed).rejects.toMatchObject({ code: "unknown_alert", by: "peer" });
    expect(store.session).toBeUndefined();
  });
  test("in the handshake too, if the alert is the server's only answer", async () => {
    const config = configOf({ ticketKeys });
    const store = oneSlot();
    const sessions = keepSessions({ store });
    const first = await attempt(config, { sessions });
    await close(first.client, first.server);
    expect(store.session).toBeDefined();
    const { a, b } = memoryPair();
    b.start({ data: () => void b.send(record(21, Uint8Array.of(2, 51))), drain() {}, end() {}, error() {} });
    const refused = connect(a, { provider: nodeCrypto, ca: ca.pem, serverName: "localhost", sessions });
    await expect(refused).rejects.toMatchObject({ alert: "decrypt_error", by: "peer" });
    expect(store.session).toBeUndefined();
  });
  test("in the handshake too, if ServerHello does not fit the ClientHello", async () => {
    const store = oneSlot();
    const sessions = keepSessions({ store });
    const first = await attempt(configOf({ ticketKeys }), { sessions });
    await close(first.client, first.server);
    const wrong = onHello("b->a", (hello: ServerHello) => ({ ...hello, cipherSuite: 0x1301 }));
    const { client } = await attempt(configOf({ ticketKeys }), { sessions }, { alter: wrong });
    expect(client).toMatchObject({ code: "wrong_cipher_returned", by: "us" });
    expect(store.session).toBeUndefined();
  });
  test.each([
    ["that resumed it", false],
    ["that was resuming it", true],
  ])("and a server with a store deletes it after an alert in the connection %s", async (_, inHandshake) => {
    const config = configOf({ tickets: false });
    const store = oneSlot();
    const sessions = keepSessions({ store });
    const first = await attempt(config, { sessions });
    await close(first.client, first.server);
    const state = store.session;
    const wrong = onHello("b->a", (hello: ServerHello) => ({ ...hello, cipherSuite: 0x1301 }));
    const second = await attempt(config, { sessions }, inHandshake ? { alter: wrong } : undefined);
    if (inHandshake) expect(second.server).toMatchObject({ alert: "illegal_parameter", by: "peer" });
    else {
      expect(opened(second.server).session.resumed).toBe(true);
      opened(second.client).abort(new Error("enough"));
      await expect(opened(second.server).closed).rejects.toMatchObject({ by: "peer" });
    }
    store.session = state;
    const again = await attempt(config, { sessions });
    expect(again.declined).toBe("unknown");
    await close(again.client, again.server);
  });
  test("but not if the transport fails", async () => {
    const config = configOf({ tickets: false });
    const store = oneSlot();
    const sessions = keepSessions({ store });
    const { a, b, fail } = memoryPair();
    const accepted = acceptWith(config, b, { provider: nodeCrypto });
    const mine = await connect(a, { provider: nodeCrypto, ca: ca.pem, serverName: "localhost", sessions });
    fail(new Error("cable pulled"));
    await expect(mine.closed).rejects.toMatchObject({ fault: "transport" });
    await accepted.closed.catch(() => {});
    const again = await attempt(config, { sessions });
    expect(opened(again.client).session.resumed).toBe(true);
    await close(again.client, again.server);
  });
});

describe("a session is not stored", () => {
  test("if the client's function chose a certificate; it is stored if the server requested none", async () => {
    const store = oneSlot();
    const choosing: Client = { sessions: keepSessions({ store }), credentials: () => client };
    const asked = await attempt(configOf({ clientAuth: "request", ca: ca.pem }), choosing);
    await close(asked.client, asked.server);
    expect(store.session).toBeUndefined();
    const unasked = await attempt(configOf(), choosing);
    await close(unasked.client, unasked.server);
    expect(store.session).toBeDefined();
  });
  test("by a server without extended_master_secret (RFC 7627 §5.3)", async () => {
    const config = configOf({ ticketKeys });
    const offered = new Uint8Array(0);
    for (const extendedMasterSecret of [true, undefined] as const) {
      const suite = TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256 as SuiteRow;
      const agreement = { suite, resumed: false, extendedMasterSecret };
      const answer = sessionTicketServer.answer?.(offered, { offer: { ticket: offered }, agreement, config });
      expect(answer?.agreed).toBe(extendedMasterSecret);
      expect(newSessionId(config, agreement)).toHaveLength(extendedMasterSecret ? 32 : 0);
    }
  });
  test("if it is too large for a ticket: the server sends an empty ticket", async () => {
    const many = nodeCredential(
      await ca.issue({ client: true, names: Array.from({ length: 700 }, (_, i) => `host-${i}.a-long-domain.example`) }),
    );
    const store = oneSlot();
    const ends = await attempt(configOf({ clientAuth: "require", ca: ca.pem }), {
      sessions: keepSessions({ store }),
      credentials: many,
    });
    await close(ends.client, ends.server);
    expect(store.session).toBeUndefined();
  });
});

/** A thenable that is not a promise. The name `then` is built from two parts because linters look for it. */
const thenable = {
  ["th".concat("en")]: (): never => {
    throw new Error("no");
  },
} as unknown as Promise<undefined>;

describe("a store", () => {
  const stores: Readonly<Record<string, Partial<SessionStore>>> = {
    "that never answers": { get: () => new Promise(() => {}), set: () => new Promise(() => {}) },
    "that throws": {
      get() {
        throw new Error("no");
      },
      set() {
        throw new Error("no");
      },
    },
    "that rejects": { get: () => Promise.reject(new Error("no")), set: () => Promise.reject(new Error("no")) },
    "that returns invalid promises": {
      get: () => thenable,
      set: () => thenable,
    },
    "that returns malformed bytes": { get: () => fromHex("01c02b00") },
    "that returns a string": { get: () => "nonsense" as unknown as Uint8Array },
  };
  test.each(Object.entries(stores))("%s, on either side, causes a full handshake", async (_, methods) => {
    const store: SessionStore = { get: () => undefined, set: () => {}, delete: () => {}, ...methods };
    const withClientStore = await attempt(configOf(), { sessions: keepSessions({ store }) });
    expect(opened(withClientStore.client).session.resumed).toBe(false);
    await close(withClientStore.client, withClientStore.server);
    const state = await newSession(configOf({ tickets: false }));
    const withServerStore = await attempt(configOf({ sessionStore: store }), {
      sessions: alwaysOffering({ ...state }),
    });
    expect(opened(withServerStore.client).session.resumed).toBe(false);
    await close(withServerStore.client, withServerStore.server);
  });
  test("is asked only for IDs that a server could have chosen", async () => {
    const get = vi.fn();
    const config = configOf({ tickets: false, sessionStore: { get, set() {}, delete() {} } });
    const state = await newSession(configOf({ tickets: false }));
    for (const length of [1, 31, 32]) {
      const ends = await attempt(config, { sessions: alwaysOffering({ ...state, sessionId: new Uint8Array(length) }) });
      expect(ends.declined).toBe("unknown");
      await close(ends.client, ends.server);
    }
    expect(get.mock.calls).toEqual([["00".repeat(32)]]);
  });
  test("that answers asynchronously and in time lets the session be resumed", async () => {
    const inner = memoryStore();
    const delayed = async <T>(value: T): Promise<T> => {
      await new Promise((resolve) => setTimeout(resolve, 20));
      return value;
    };
    const slow: SessionStore = {
      get: (key) => delayed(inner.get(key) as Uint8Array | undefined),
      set: async (key, session, expires) => inner.set(key, session, expires),
      delete: async (key) => inner.delete(key),
    };
    const config = configOf({ tickets: false, sessionStore: slow });
    const sessions = keepSessions({ store: slow });
    const first = await attempt(config, { sessions });
    await close(first.client, first.server);
    const second = await attempt(config, { sessions });
    expect(opened(second.client).session.resumed).toBe(true);
    await close(second.client, second.server);
  });
  test("in memory drops sessions that are the least recently used, expired or too large", () => {
    let time = 0;
    const store = memoryStore({ maxBytes: 3 * 300, now: () => time });
    const bytes = new Uint8Array(44);
    for (const key of ["a", "b", "c"]) store.set(key, bytes, 100);
    expect(store.get("a")).toBe(bytes);
    store.set("d", bytes, 200);
    expect(["a", "b", "c", "d"].map((key) => store.get(key) !== undefined)).toEqual([true, false, true, true]);
    time = 100;
    expect(["a", "c", "d"].map((key) => store.get(key) !== undefined)).toEqual([false, false, true]);
    store.set("e", new Uint8Array(1000), 200);
    expect(["d", "e"].map((key) => store.get(key) !== undefined)).toEqual([false, false]);
    store.set("f", bytes, 200);
    store.delete("f");
    store.delete("f");
    expect(store.get("f")).toBeUndefined();
    for (const key of ["g", "h", "i"]) store.set(key, bytes, 200);
    expect(["g", "h", "i"].every((key) => store.get(key) !== undefined)).toBe(true);
  });
});

test("a store in memory deletes expired sessions, because their secrets can decrypt recorded connections", () => {
  let time = 0;
  const store = memoryStore({ now: () => time });
  store.set("expired", new Uint8Array(100), 1_000);
  time = 61_000;
  store.set("other", new Uint8Array(100), 100_000);
  time = 0; // Only a clock that is set back shows from outside that the session is deleted.
  expect(store.get("expired")).toBeUndefined();
  expect(store.get("other")).toBeDefined();
});

describe("the encoding of a session state", () => {
  test("is read as `undefined` if it is cut off or too long, and an altered byte causes no exception", async () => {
    const good = writeSessionState(
      await newSession(configOf({ clientAuth: "require", ca: ca.pem }), { credentials: client }),
    );
    expect(readSessionState(good)).toBeDefined();
    for (let length = 0; length < good.length; length++)
      expect(readSessionState(good.subarray(0, length))).toBeUndefined();
    expect(readSessionState(Uint8Array.of(...good, 0))).toBeUndefined();
    for (let i = 0; i < good.length; i++) readSessionState(good.map((byte, j) => (i === j ? byte ^ 0xff : byte)));
    expect(readSessionState(Uint8Array.of(1, ...good.subarray(1)))).toBeUndefined();
  });
});

test("a listener gets secrets only if it requests them itself, not if the configuration's listener does", async () => {
  const config = configOf({ trace: { listener() {}, secrets: true } });
  for (const secrets of [false, true]) {
    const events: TraceEvent[] = [];
    const listener = (event: TraceEvent) => void events.push(event);
    const { a, b } = memoryPair();
    const accepted = acceptWith(config, b, { trace: secrets ? { listener, secrets } : listener });
    const mine = await connect(a, { provider: nodeCrypto, ca: ca.pem, serverName: "localhost" });
    await mine.write(Uint8Array.of(1));
    await accepted.read();
    await close(mine, accepted);
    expect(events.some(({ type }) => type === "established")).toBe(true);
    expect(events.some(({ type }) => type === "secret")).toBe(secrets);
    expect(
      events.some((one) => one.type === "record" && one.contentType === "application_data" && "plaintext" in one),
    ).toBe(secrets);
  }
});

describe("a configuration error is thrown for", () => {
  const wrong: Readonly<Record<string, Server>> = {
    "no keys": { ticketKeys: [] },
    "a short key": { ticketKeys: [new Uint8Array(32)] },
    "keys that are a string": { ticketKeys: "secret" as unknown as Uint8Array[] },
    "an unknown value of renegotiation": { renegotiation: "no" as "abort" },
    "keys without tickets": { ticketKeys, tickets: false },
    "tickets without AES-256-GCM": {
      tickets: true,
      provider: { ...nodeCrypto, ciphers: { AES_128_GCM: nodeCrypto.ciphers.AES_128_GCM as never } },
      suites: [TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256],
    },
    "a lifetime of zero": { sessionLifetime: 0 },
    "a lifetime of two days": { sessionLifetime: 172_800 },
    "a store without delete": { sessionStore: { get: vi.fn(), set: vi.fn() } as unknown as SessionStore },
  };
  test.each(Object.entries(wrong))("%s", (_, options) => {
    expect(() => configOf(options)).toThrow(expect.objectContaining({ fault: "configuration" }));
  });
  test("invalid options of a client", async () => {
    expect(() => keepSessions({ store: {} as SessionStore })).toThrow(
      expect.objectContaining({ fault: "configuration" }),
    );
    for (const options of [
      { sessions: keepSessions(), sessionScope: "ü" },
      { sessions: memoryStore() as unknown as ClientSessions },
    ])
      await expect(connect(memoryPair().a, { ca: ca.pem, serverName: "localhost", ...options })).rejects.toMatchObject({
        fault: "configuration",
      });
  });
});

type Hello = ClientHello | ServerHello;

const withoutExtension =
  (type: number) =>
  <T extends Hello>(hello: T): T => ({ ...hello, extensions: hello.extensions?.filter((one) => one.type !== type) });

/** An `alter` function for `memoryPair` that rewrites the first hello in one direction. */
function onHello<T extends Hello>(
  from: "a->b" | "b->a",
  change: (hello: T) => T,
): Required<MemoryPairOptions>["alter"] {
  const codec = (from === "a->b" ? clientHello.body : serverHello.body) as never as typeof clientHello.body;
  let done = false;
  return (bytes, direction) => {
    if (done || direction !== from) return bytes;
    done = true;
    const [first, ...rest] = parseRecords(bytes);
    if (!first) return bytes;
    const length =
      4 + (((first.body[1] as number) << 16) | ((first.body[2] as number) << 8) | (first.body[3] as number));
    const hello = change(decode(codec, first.body.subarray(4, length), "hello") as T);
    const body = encode(codec, hello as never);
    const message = Uint8Array.of(
      first.body[0] as number,
      0,
      body.length >> 8,
      body.length & 255,
      ...body,
      ...first.body.subarray(length),
    );
    return Uint8Array.of(...record(22, message), ...rest.flatMap(({ header, body: other }) => [...header, ...other]));
  };
}
