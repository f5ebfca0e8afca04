/** session_ticket and NewSessionTicket, RFC 5077 §3.2 to §3.4: when each is said, and when a ticket counts. */
import { keepSessions, memoryStore, type SessionStore } from "@handclasp/core";
import { describe, expect, test } from "vitest";
import { decode, encode } from "../../../src/wire/codec.ts";
import { serverHello } from "../../../src/wire/messages.ts";
import { handshakeThrough, message, record, resumptionOptions, type Unit } from "../mitm.ts";
import { connectPair, extension, pki, withExtension } from "./connectPair.ts";

const id = 35;
const empty = new Uint8Array(0);

const ticketKeys = [new Uint8Array(48).fill(1)];

/** A store that tells what was kept in it. */
function counting(): SessionStore & { kept: number } {
  return {
    kept: 0,
    get: () => undefined,
    set() {
      this.kept++;
    },
    delete() {},
  };
}
const label = (unit: Unit): string => `${unit.from} ${unit.name}`;
const altered = (unit: Unit): Uint8Array => unit.wire.map((byte, i) => (i === unit.wire.length - 1 ? byte ^ 1 : byte));

describe("session_ticket", () => {
  test("is empty where a client has no ticket and takes one, and then answered empty, with no session ID", async () => {
    const { hellos } = await connectPair({ sessions: keepSessions() }, { ticketKeys, sessionStore: memoryStore() });
    expect([extension(hellos.client, id), extension(hellos.server, id)]).toEqual([empty, empty]);
    expect(hellos.server?.sessionId).toEqual(empty);
  });

  test.each([
    ["that keeps no sessions", {}],
    ["that takes no tickets", { sessions: keepSessions({ tickets: false }) }],
  ])("is not sent by a client %s, and not answered", async (_, options) => {
    const { hellos } = await connectPair(options, { ticketKeys, sessionStore: memoryStore() });
    expect([extension(hellos.client, id), extension(hellos.server, id)]).toEqual([undefined, undefined]);
    expect(hellos.server?.sessionId).toHaveLength(32);
  });

  test("is not answered by a server without tickets", async () => {
    const { hellos } = await connectPair({ sessions: keepSessions() }, { tickets: false, sessionStore: memoryStore() });
    expect([extension(hellos.client, id), extension(hellos.server, id)]).toEqual([empty, undefined]);
  });

  test("answered with content is decode_error", async () => {
    const { client } = await connectPair(
      { sessions: keepSessions() },
      { ticketKeys },
      { server: (hello) => withExtension(hello, id, Uint8Array.of(0)) },
    );
    expect(client).toMatchObject({ alert: "decode_error", by: "us" });
  });
});

describe("NewSessionTicket", () => {
  test("that was not announced is unexpected", async () => {
    const unannounced = (unit: Unit): Uint8Array => {
      if (label(unit) !== "server server_hello") return unit.wire;
      const hello = decode(serverHello.body, unit.body, "");
      const extensions = hello.extensions?.filter(({ type }) => type !== id);
      expect(extensions?.length).toBe((hello.extensions?.length ?? 0) - 1);
      return record(22, message(serverHello.id, encode(serverHello.body, { ...hello, extensions })));
    };
    const { client } = await handshakeThrough(pki, unannounced, await resumptionOptions(pki));
    expect(client).toMatchObject({ alert: "unexpected_message", by: "us" });
    expect((client as Error).message).toContain("new_session_ticket");
  });

  test("is sent once the client's Finished is verified, not before", async () => {
    const run = async (middle: (unit: Unit) => Uint8Array): Promise<string[]> => {
      const seen: string[] = [];
      const watch = (unit: Unit): Uint8Array => {
        seen.push(label(unit));
        return middle(unit);
      };
      await handshakeThrough(pki, watch, { client: { sessions: keepSessions() }, server: { ticketKeys } });
      return seen;
    };
    const whole = await run((unit) => unit.wire);
    expect(whole.indexOf("server new_session_ticket")).toBeGreaterThan(whole.indexOf("client finished"));
    const broken = await run((unit) => (label(unit) === "client finished" ? altered(unit) : unit.wire));
    expect(broken).toContain("client finished");
    expect(broken).not.toContain("server new_session_ticket");
  });

  test("counts once the server's Finished is verified, not before", async () => {
    const kept = async (middle: (unit: Unit) => Uint8Array): Promise<number> => {
      const store = counting();
      await handshakeThrough(pki, middle, { client: { sessions: keepSessions({ store }) }, server: { ticketKeys } });
      return store.kept;
    };
    expect(await kept((unit) => unit.wire)).toBe(1);
    expect(await kept((unit) => (label(unit) === "server finished" ? altered(unit) : unit.wire))).toBe(0);
  });
});
