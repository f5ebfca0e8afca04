import { type ConnectOptions, TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, type TraceEvent } from "@handclasp/core";
import { describe, expect, test } from "vitest";
import { handshakeThrough, record } from "../mitm.ts";
import { connectPair, connectUnanswered, exchangeBytes, extension, pki, withExtension } from "./connectPair.ts";

const id = 1;
const overhead = 24;
const suites = [TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256];

/** The length of the longest plaintext that a side sent. */
const longestPlaintext = (events: readonly TraceEvent[]): number =>
  Math.max(
    ...events.flatMap((event) =>
      event.type === "record" && event.direction === "sent"
        ? [event.fragment.length - (event.protected ? overhead : 0)]
        : [],
    ),
  );

describe("max_fragment_length", () => {
  test.each([512, 1024, 2048, 4096] as const)(
    "with %i bytes, neither side sends a longer plaintext, handshake messages included (RFC 6066 §4)",
    async (maxFragmentLength) => {
      // The RSA certificate is longer than 512 bytes, so the server must split its Certificate message.
      const result = await connectPair({ maxFragmentLength, suites }, { suites, credentials: [pki.rsa] });
      expect(result.client).toMatchObject({ maxFragmentLength });
      expect(result.server).toMatchObject({ maxFragmentLength });
      const code = Uint8Array.of(Math.log2(maxFragmentLength) - 8);
      expect([extension(result.hellos.client, id), extension(result.hellos.server, id)]).toEqual([code, code]);
      if (maxFragmentLength === 512) expect(longestPlaintext(result.events.server)).toBe(512);
      await exchangeBytes(result, 10_000);
      expect(longestPlaintext(result.events.client)).toBe(maxFragmentLength);
      expect(longestPlaintext(result.events.server)).toBe(maxFragmentLength);
    },
  );

  test("is not offered without the option, and the sessions do not have it", async () => {
    const { client, server, hellos } = await connectPair();
    expect(extension(hellos.client, id)).toBeUndefined();
    for (const end of [client, server]) expect(end.maxFragmentLength).toBeUndefined();
  });

  test("a record after ServerHello that exceeds the limit is record_overflow", async () => {
    const outcome = await handshakeThrough(
      pki,
      (unit) => (unit.name === "server_key_exchange" ? record(22, new Uint8Array(513)) : unit.wire),
      { client: { maxFragmentLength: 512 } },
    );
    expect(outcome.client).toMatchObject({ alert: "record_overflow", by: "us" });
    expect(outcome.server).toMatchObject({ alert: "record_overflow", by: "peer" });
  });

  test.each([0, 5, 255])("the code %i in ClientHello is illegal_parameter", async (code) => {
    const { server } = await connectPair({}, {}, { client: (hello) => withExtension(hello, id, Uint8Array.of(code)) });
    expect(server).toMatchObject({ alert: "illegal_parameter", by: "us" });
  });

  test.each([0, 2, 5])("the code %i as the answer to 512 bytes is illegal_parameter", async (code) => {
    const { client } = await connectPair(
      { maxFragmentLength: 512 },
      {},
      { server: (hello) => withExtension(hello, id, Uint8Array.of(code)) },
    );
    expect(client).toMatchObject({ alert: "illegal_parameter", by: "us" });
  });

  test("an answer to a client that did not offer it is unsupported_extension", async () => {
    const { client } = await connectPair({}, {}, { server: (hello) => withExtension(hello, id, Uint8Array.of(1)) });
    expect(client).toMatchObject({ alert: "unsupported_extension", by: "us" });
  });

  test.each([[Uint8Array.of()], [Uint8Array.of(1, 1)]])("the content %j is decode_error", async (data) => {
    const { server } = await connectPair({}, {}, { client: (hello) => withExtension(hello, id, data) });
    expect(server).toMatchObject({ alert: "decode_error", by: "us" });
  });

  test("a length that is not one of the four is a configuration error", async () => {
    const options = { maxFragmentLength: 8192 } as unknown as ConnectOptions;
    await expect(connectUnanswered(options)).rejects.toMatchObject({ code: "configuration" });
  });
});
