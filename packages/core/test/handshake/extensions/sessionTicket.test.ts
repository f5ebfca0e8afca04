/** session_ticket and NewSessionTicket, RFC 5077 §3.2 to §3.4: when each is sent, and when a client keeps a ticket. */
import { keepSessions, memoryStore, type SessionStore } from "@handclasp/core";
import { describe, expect, test } from "vitest";
import { decode, encode } from "../../../src/wire/codec.ts";
import { serverHello } from "../../../src/wire/messages.ts";
import { handshakeThrough, message, record, resumptionOptions, type Unit } from "../mitm.ts";
import { connectPair, extension, pki, withExtension } from "./connectPair.ts";

const id = 35;
const empty = new Uint8Array(0);

const ticketKeys = [new Uint8Array(48).fill(1)];

/** A store that keeps nothing, and counts the calls of `set`. */
function countingStore(): SessionStore & { stored: number } {
  return {
    stored: 0,
    get: () => undefined,
    set() {
      this.stored++;
    },
    delete() {},
  };
}
const label = (unit: Unit): string => `${unit.from} ${unit.name}`;
const altered = (unit: Unit): Uint8Array => unit.wire.map((byte, i) => (i === unit.wire.length - 1 ? byte ^ 1 : byte));

describe("session_ticket", () => {
  test("is empty if the client has no ticket; the server answers with an empty one and no session ID", async () => {
    const { hellos } = await connectPair({ sessions: keepSessions() }, { ticketKeys, sessionStore: memoryStore() });
    expect([extension(hellos.client, id), extension(hellos.server, id)]).toEqual([empty, empty]);
    expect(hellos.server?.sessionId).toEqual(empty);
  });

  test.each([
    ["that keeps no sessions", {}],
    ["that accepts no tickets", { sessions: keepSessions({ tickets: false }) }],
  ])("is not sent by a client %s, and the server then sends none either", async (_, options) => {
    const { hellos } = await connectPair(options, { ticketKeys, sessionStore: memoryStore() });
    expect([extension(hellos.client, id), extension(hellos.server, id)]).toEqual([undefined, undefined]);
    expect(hellos.server?.sessionId).toHaveLength(32);
  });

  test("is not sent by a server without tickets", async () => {
    const { hellos } = await connectPair({ sessions: keepSessions() }, { tickets: false, sessionStore: memoryStore() });
    expect([extension(hellos.client, id), extension(hellos.server, id)]).toEqual([empty, undefined]);
  });

  test("an answer with content is decode_error", async () => {
    const { client } = await connectPair(
      { sessions: keepSessions() },
      { ticketKeys },
      { server: (hello) => withExtension(hello, id, Uint8Array.of(0)) },
    );
    expect(client).toMatchObject({ alert: "decode_error", by: "us" });
  });
});

describe("NewSessionTicket", () => {
  test("is refused if ServerHello did not announce it", async () => {
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

  test("is sent in a full handshake only after the client's Finished is verified", async () => {
    const unitsSent = async (middle: (unit: Unit) => Uint8Array): Promise<string[]> => {
      const labels: string[] = [];
      const watch = (unit: Unit): Uint8Array => {
        labels.push(label(unit));
        return middle(unit);
      };
      await handshakeThrough(pki, watch, { client: { sessions: keepSessions() }, server: { ticketKeys } });
      return labels;
    };
    const unaltered = await unitsSent((unit) => unit.wire);
    expect(unaltered.indexOf("server new_session_ticket")).toBeGreaterThan(unaltered.indexOf("client finished"));
    const refused = await unitsSent((unit) => (label(unit) === "client finished" ? altered(unit) : unit.wire));
    expect(refused).toContain("client finished");
    expect(refused).not.toContain("server new_session_ticket");
  });

  test("is stored only after the server's Finished is verified", async () => {
    const stored = async (middle: (unit: Unit) => Uint8Array): Promise<number> => {
      const store = countingStore();
      await handshakeThrough(pki, middle, { client: { sessions: keepSessions({ store }) }, server: { ticketKeys } });
      return store.stored;
    };
    expect(await stored((unit) => unit.wire)).toBe(1);
    expect(await stored((unit) => (label(unit) === "server finished" ? altered(unit) : unit.wire))).toBe(0);
  });
});
