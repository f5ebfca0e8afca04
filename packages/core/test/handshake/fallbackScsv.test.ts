import { keepSessions, modernSuites } from "@handclasp/core";
import { describe, expect, test } from "vitest";
import { connectPair } from "./extensions/connectPair.ts";

const scsv = 0x5600;

describe("TLS_FALLBACK_SCSV", () => {
  test.each([
    [true, "inappropriate_fallback"],
    [false, "protocol_version"],
  ])("with fallbackScsv %s, a ClientHello of TLS 1.1 is refused with %s (RFC 7507 §3)", async (fallbackScsv, alert) => {
    const { client, server } = await connectPair(
      { fallbackScsv },
      {},
      { client: (hello) => ({ ...hello, clientVersion: 0x0302 }) },
    );
    expect(server).toMatchObject({ alert, by: "us" });
    expect(client).toMatchObject({ alert, by: "peer", advice: expect.stringContaining("TLS 1.2") });
  });

  test("is sent after the suites, and changes nothing if the server's highest version is TLS 1.2", async () => {
    const { client, server, hellos } = await connectPair({ fallbackScsv: true });
    expect(client.suite).toBe(modernSuites[0]?.name);
    expect(server.suite).toBe(client.suite);
    expect(hellos.client?.cipherSuites).toEqual([...modernSuites.map(({ id }) => id), scsv]);
  });

  test("is not sent without the option", async () => {
    expect((await connectPair()).hellos.client?.cipherSuites).not.toContain(scsv);
  });

  test("is not sent with a session that is to be resumed (RFC 7507 §4)", async () => {
    const options = { fallbackScsv: true, sessions: keepSessions() };
    const serverOptions = { ticketKeys: [new Uint8Array(48).fill(1)] };
    const first = await connectPair(options, serverOptions);
    expect(first.hellos.client?.cipherSuites).toContain(scsv);
    const second = await connectPair(options, serverOptions);
    expect(second.client.resumed).toBe(true);
    expect(second.hellos.client?.cipherSuites).not.toContain(scsv);
  });

  test("is refused by the client if the server chooses it as a suite", async () => {
    const { client } = await connectPair(
      { fallbackScsv: true },
      {},
      { server: (hello) => ({ ...hello, cipherSuite: scsv }) },
    );
    expect(client).toMatchObject({ code: "wrong_cipher_returned", by: "us" });
  });
});
